import { kindOf } from '../../http/body';
import { type ReadableBody, readParts, toMultipart, toSinglePart } from '../multipart';

/** A body that has to be read before it can be sent. */
export interface BodySource {
  /** The content type, for a form with its boundary; `null` if it has none. */
  readonly type: string | null;
  readonly bytes: Promise<Buffer>;
  /** Stops reading; `bytes` then resolves with the bytes read so far. */
  cancel(): void;
}

const encode = (text: string): Uint8Array => Buffer.from(text);

/**
 * Begins to read a form or a blob of any realm or polyfill; `undefined` for any other body. `Response` cannot do it:
 * Bun's drops the content type, and Node's converts a form of jsdom to the text `[object FormData]`. Throws an
 * `UnsendableError` if the body cannot be read.
 */
export const readBody = (body: unknown): BodySource | undefined => {
  const kind = kindOf(body);
  if (kind !== 'form' && kind !== 'blob') return undefined;
  const formOrBlob = body as object; // by its kind
  const source: ReadableBody = kind === 'form' ? toMultipart(formOrBlob) : toSinglePart(formOrBlob);
  const controller = new AbortController();
  const read = async (): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of readParts(source, encode, controller.signal)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  return {
    type: source.type,
    bytes: read(),
    cancel: () => controller.abort(),
  };
};
