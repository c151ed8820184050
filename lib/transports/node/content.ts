import { pipeline, Writable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { tooLarge } from '../incomplete-response';
import { charsetOf, decodeText } from '../response-body';

/** The content encodings that {@link decode} supports. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/** A body with more encodings is refused: each one multiplies the decoded size of a few bytes. */
const MAX_ENCODINGS = 3;

/** The encodings of a body, in decoding order (RFC 9110 section 8.4). Unknown ones are ignored, as in browsers. */
export const encodingsOf = (header: string | undefined): readonly string[] =>
  header
    ?.toLowerCase()
    .match(/\b(gzip|br|deflate)\b/g)
    ?.reverse() ?? [];

/** `deflate` is the zlib format (RFC 1950), but some servers send it without the zlib header. */
const isZlib = (bytes: Buffer): boolean =>
  bytes.length > 1 && (bytes.readUInt8() & 15) === 8 && bytes.readUInt16BE() % 31 === 0;

const decoderOf = (encoding: string, bytes: Buffer | undefined) => {
  if (encoding === 'gzip') return createGunzip();
  if (encoding === 'br') return createBrotliDecompress();
  return bytes && !isZlib(bytes) ? createInflateRaw() : createInflate();
};

/**
 * Decodes a body of at least one byte. Returns a function that cancels the decoding, after which `done` is not called.
 * Throws if it cannot begin.
 */
export const decode = (
  bytes: Buffer,
  encodings: readonly string[],
  maxBytes: number,
  done: (error: Error | null, decoded: Buffer) => void,
): (() => void) => {
  // Before any stream exists: from Node 24 on, `pipeline` throws an uncaught error if one of its streams was destroyed.
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
      // Out of memory.
      failure = final as Error; // Node throws nothing but errors
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

/** The bytes, in a buffer of exactly their length. */
const toArrayBuffer = ({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): ArrayBuffer =>
  byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);

/** The body of a response, decoded by `responseType`. */
export const toBody = (bytes: Buffer, responseType: string, contentType = ''): string | ArrayBuffer | Blob => {
  // Bytes of a socket or a decoder are not in shared memory.
  const memory = bytes as Buffer<ArrayBuffer>;
  if (responseType === 'arraybuffer') return toArrayBuffer(memory);
  return responseType === 'blob' ? new Blob([memory], { type: contentType }) : toText(memory, contentType);
};
