import { kindOf } from '../../http/body';
import { type ReadableBody, readParts, toMultipart, toSinglePart } from '../multipart';

/** A body that has to be read before it can be sent. */
export interface BodySource {
  /** Of a form with its boundary; `null` where it has none. */
  readonly type: string | null;
  readonly bytes: Promise<Buffer>;
  /** Ends the reading; `bytes` then hold what has been read. */
  cancel(): void;
}

const encode = (text: string): Uint8Array => Buffer.from(text);

/**
 * Begins to read a form or a blob, of whatever realm or polyfill; nothing where the body is something else. What `Response` makes of them differs: Bun's
 * forgets the type, Node's makes the text `[object FormData]` of jsdom's. Throws a `Refusal` for what cannot be read.
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
