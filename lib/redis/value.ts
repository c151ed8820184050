import type { Tokens } from 'renewal';
import { StoreError } from './client';

/** A `CryptoKey` of the Web Crypto API. Projects for Node have no declaration of it without `lib.dom`. */
export interface AesKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** How tokens are encrypted, by AES-256-GCM. */
export interface Encryption {
  /** The keys by their ids: values that were encrypted with any of them are read. */
  readonly keys: Readonly<Record<string, AesKey>>;
  /** The id of the key that new values are encrypted with. */
  readonly current: string;
}

/** The first line of a value. Without the key that the rest is encrypted with, the script could not fence. */
interface Head {
  readonly session?: string;
  readonly revision?: number | undefined;
  /** The id of the session that a sign-out has ended. */
  readonly ended?: string;
  /** The id of the encryption key. */
  readonly key?: string;
}

/** What a value holds: tokens, or the id of the session that a sign-out has ended. */
export type Stored = { readonly tokens: Tokens } | { readonly ended: string };

/** Writes tokens as the text of a value and reads them again. */
export interface Codec {
  encode(tokens: Tokens): Promise<string>;
  decode(value: string): Promise<Stored>;
}

/** Bytes of the nonce (NIST SP 800-38D, 8.2.2: random). */
const NONCE_BYTES = 12;

const unreadable = (cause?: unknown): StoreError =>
  new StoreError('UnreadableValueError', 'key: expected a value that redisStore has written', { cause });

const parse = <T>(json: string): T => {
  try {
    return JSON.parse(json);
  } catch {
    // The message of a syntax error quotes the text.
    throw unreadable();
  }
};

const toText = (head: Head, body: string): string => `${JSON.stringify(head)}\n${body}`;

const cipher = (redisKey: string, nonce: Uint8Array) => ({
  name: 'AES-GCM',
  iv: nonce,
  additionalData: new TextEncoder().encode(redisKey),
});

/** @param redisKey - A value that was copied to another Redis key is not read. */
const createCipher = (redisKey: string, { keys, current }: Encryption) => {
  // The structure of the key was checked; the platform checks that it is one of its own.
  const keyOf = (id: string | undefined) => {
    if (id === undefined || !Object.hasOwn(keys, id))
      throw new StoreError(
        'UnknownEncryptionKeyError',
        'encrypt.keys: expected the key that the value was encrypted with',
      );
    return keys[id] as never;
  };
  return {
    key: current,
    encrypt: async (text: string): Promise<string> => {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const data = await crypto.subtle.encrypt(cipher(redisKey, nonce), keyOf(current), new TextEncoder().encode(text));
      return Buffer.concat([nonce, new Uint8Array(data)]).toString('base64');
    },
    decrypt: async (id: string | undefined, text: string): Promise<string> => {
      const key = keyOf(id);
      const bytes = Buffer.from(text, 'base64');
      try {
        const data = await crypto.subtle.decrypt(
          cipher(redisKey, bytes.subarray(0, NONCE_BYTES)),
          key,
          bytes.subarray(NONCE_BYTES),
        );
        return new TextDecoder().decode(data);
      } catch (cause) {
        throw new StoreError('DecryptionError', 'encrypt.keys: the key does not decrypt the value', { cause });
      }
    },
  };
};

export const createCodec = (redisKey: string, encryption: Encryption | undefined): Codec => {
  const encrypted = encryption && createCipher(redisKey, encryption);
  return {
    encode: async (tokens) => {
      const { sessionId: session, revision } = tokens;
      const text = JSON.stringify(tokens);
      if (!encrypted) return toText({ session, revision }, text);
      return toText({ session, revision, key: encrypted.key }, await encrypted.encrypt(text));
    },
    decode: async (value) => {
      const end = value.indexOf('\n');
      const { ended, session, key } = Object(parse<Head>(value.slice(0, Math.max(end, 0)))) as Head;
      if (typeof ended === 'string') return { ended };
      if (typeof session !== 'string') throw unreadable();
      const body = value.slice(end + 1);
      if (!encrypted && key === undefined) return { tokens: parse(body) };
      if (!encrypted)
        throw new StoreError('UnknownEncryptionKeyError', 'encrypt: expected keys, since the value is encrypted');
      return { tokens: parse(await encrypted.decrypt(key, body)) };
    },
  };
};
