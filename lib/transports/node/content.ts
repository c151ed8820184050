import { constants } from 'node:buffer';
import { pipeline, Writable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** What {@link decode} can take apart. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/** The most bytes that a body may have, received and decoded: as many as one text can hold in any charset. */
export const MOST_BYTES = constants.MAX_STRING_LENGTH;

/** A server that encodes more often than this is up to no good. */
const MOST_ENCODINGS = 3;

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

/** Takes the encodings off a body of at least one byte. What it returns ends that early, without a word to `done`. */
export const decode = (
  bytes: Buffer,
  encodings: readonly string[],
  mostBytes: number,
  done: (error: Error | null, decoded: Buffer) => void,
): (() => void) => {
  const parts: Buffer[] = [];
  let size = 0;
  let isCancelled = false;
  const sink = new Writable({
    write: (part: Buffer, _encoding, next) => {
      size += part.length;
      parts.push(part);
      next(size > mostBytes ? tooLarge(mostBytes) : null);
    },
  });
  const decoders = encodings
    .slice(0, MOST_ENCODINGS)
    .map((encoding, index) => decoderOf(encoding, index ? undefined : bytes));
  if (encodings.length > MOST_ENCODINGS) sink.destroy(new RangeError('its body is encoded too often'));
  pipeline([...decoders, sink], (error) => {
    if (!isCancelled) done(error ?? null, error ? bytes : Buffer.concat(parts, size));
  });
  decoders[0]?.end(bytes);
  return () => {
    isCancelled = true;
    sink.destroy();
  };
};

export const tooLarge = (mostBytes: number): Error => new RangeError(`its body has more than ${mostBytes} bytes`);

const hasMark = (bytes: Buffer): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The text in the charset that its content type names; UTF-8 where it names none, or one that nobody knows. A mark of the byte order is no part of it. */
export const decodeText = (bytes: Buffer, contentType = ''): string => {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*["']?([^\s;"']+)/i.exec(contentType) ?? [];
  // Faster than a decoder, where it means the same.
  if (/^utf-?8$/i.test(charset)) return bytes.toString('utf8', hasMark(bytes) ? 3 : 0);
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
};

/** The bytes, in a buffer that holds nothing else. */
const toArrayBuffer = ({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): ArrayBuffer =>
  byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);

/** The body of an answer as its `responseType` asks for it. */
export const toBody = (bytes: Buffer, responseType: string, contentType = ''): string | ArrayBuffer | Blob => {
  // What comes from a socket or a decoder is no shared memory.
  const own = bytes as Buffer<ArrayBuffer>;
  if (responseType === 'arraybuffer') return toArrayBuffer(own);
  return responseType === 'blob' ? new Blob([own], { type: contentType }) : decodeText(own, contentType);
};
