import { pipeline, Writable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { tooLarge } from '../incomplete-response';
import { charsetOf, decodeText } from '../response-body';

/** What {@link decode} can take apart. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/** A body that is encoded more often is refused: each layer multiplies what a few bytes decode to. */
const MAX_ENCODINGS = 3;

/** The encodings of a body, in the order in which they are taken off (RFC 9110 section 8.4); as in browsers, one that nobody knows is none. */
export const encodingsOf = (header: string | undefined): readonly string[] =>
  header
    ?.toLowerCase()
    .match(/\b(gzip|br|deflate)\b/g)
    ?.reverse() ?? [];

/** `deflate` is zlib's format (RFC 1950), but there are servers that send it without its header. */
const isZlib = (bytes: Buffer): boolean =>
  bytes.length > 1 && (bytes.readUInt8() & 15) === 8 && bytes.readUInt16BE() % 31 === 0;

const decoderOf = (encoding: string, bytes: Buffer | undefined) => {
  if (encoding === 'gzip') return createGunzip();
  if (encoding === 'br') return createBrotliDecompress();
  return bytes && !isZlib(bytes) ? createInflateRaw() : createInflate();
};

/** Takes the encodings off a body of at least one byte. What it returns cancels that; `done` is then not called. Throws if it cannot begin. */
export const decode = (
  bytes: Buffer,
  encodings: readonly string[],
  maxBytes: number,
  done: (error: Error | null, decoded: Buffer) => void,
): (() => void) => {
  // Before there is a stream: from Node 24 on, `pipeline` throws later, and to nobody, if one of its streams has been destroyed.
  if (encodings.length > MAX_ENCODINGS) throw new RangeError('the response body has too many content encodings');
  let parts: Buffer[] = [];
  let size = 0;
  let isCancelled = false;
  const sink = new Writable({
    write: (part: Buffer, _encoding, next) => {
      size += part.length;
      if (size > maxBytes) parts = [];
      else parts.push(part);
      next(size > maxBytes ? tooLarge(maxBytes) : null);
    },
  });
  const decoders = encodings.map((encoding, index) => decoderOf(encoding, index ? undefined : bytes));
  pipeline([...decoders, sink], (error) => {
    if (isCancelled) return;
    let decoded = bytes;
    let failure = error ?? null;
    try {
      if (!failure) decoded = Buffer.concat(parts, size);
    } catch (final) {
      // There is no memory for it.
      failure = final as Error; // Node throws errors only
    }
    done(failure, decoded);
  });
  decoders[0]?.end(bytes);
  return () => {
    isCancelled = true;
    sink.destroy();
  };
};

const hasBom = (bytes: Buffer): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

const toText = (bytes: Buffer, contentType: string): string => {
  const charset = charsetOf(contentType);
  // Faster than a decoder.
  if (/^utf-?8$/i.test(charset)) return bytes.toString('utf8', hasBom(bytes) ? 3 : 0);
  return decodeText(bytes, charset);
};

/** The bytes, in a buffer that holds nothing else. */
const toArrayBuffer = ({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): ArrayBuffer =>
  byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);

/** The body of an answer as its `responseType` asks for it. */
export const toBody = (bytes: Buffer, responseType: string, contentType = ''): string | ArrayBuffer | Blob => {
  // What comes from a socket or a decoder is no shared memory.
  const memory = bytes as Buffer<ArrayBuffer>;
  if (responseType === 'arraybuffer') return toArrayBuffer(memory);
  return responseType === 'blob' ? new Blob([memory], { type: contentType }) : toText(memory, contentType);
};
