import { UnsendableError } from './unsendable';

/** The members that are read of a file or blob, of any realm or polyfill. */
interface FileLike {
  readonly name?: string;
  readonly type?: string;
  arrayBuffer?(): Promise<ArrayBuffer>;
  stream?(): { getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'> };
}

type Part = string | FileLike;

/** A body that is read before it is sent: its content type, `null` if it has none, and its parts in order. */
export interface ReadableBody {
  readonly type: string | null;
  readonly parts: readonly Part[];
}

/** Throws an `UnsendableError` if the file cannot be read. */
const requireReadable = (file: FileLike): FileLike => {
  if (typeof file?.stream === 'function' || typeof file?.arrayBuffer === 'function') return file;
  throw new UnsendableError('a blob or file that cannot be read: expected stream() or arrayBuffer()');
};

const quote = (text: string): string => `"${text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22')}"`;

/** The type of a polyfill's file may have any characters; a line break would begin a header. */
const isPrintable = (type: unknown): boolean => typeof type === 'string' && /^[ -~]+$/.test(type);

const normalizeLineBreaks = (text: string): string => text.replace(/\r\n?|\n/g, '\r\n');

/**
 * A form of any realm or polyfill as the bytes of `multipart/form-data` (HTML standard, section 4.10.21.8). Throws a
 * `UnsendableError`.
 */
export const toMultipart = (form: object): ReadableBody => {
  const { entries } = form as Partial<FormData>; // checked below
  if (typeof entries !== 'function') throw new UnsendableError('a form that cannot be read: expected entries()');
  const random = () => Math.random().toString(36).slice(2);
  const boundary = `----renewal-${random()}${random()}`;
  const parts: Part[] = [];
  for (const [name, value] of entries.call(form)) {
    parts.push(`--${boundary}\r\ncontent-disposition: form-data; name=${quote(normalizeLineBreaks(name))}`);
    if (typeof value === 'string') parts.push(`\r\n\r\n${normalizeLineBreaks(value)}`);
    else {
      const { name: fileName = 'blob', type } = value;
      parts.push(
        `; filename=${quote(fileName)}\r\ncontent-type: ${isPrintable(type) ? type : 'application/octet-stream'}\r\n\r\n`,
      );
      parts.push(requireReadable(value));
    }
    parts.push('\r\n');
  }
  parts.push(`--${boundary}--\r\n`);
  return { type: `multipart/form-data; boundary=${boundary}`, parts };
};

/** A blob of any realm or polyfill. Throws an `UnsendableError`. */
export const toSinglePart = (blob: object): ReadableBody => {
  const file = requireReadable(blob);
  return { type: isPrintable(file.type) ? `${file.type}` : null, parts: [file] };
};

/** Emits the bytes of a file in chunks; ends early if `signal` is aborted. */
async function* readFile(file: FileLike, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!file.stream) {
    if (file.arrayBuffer) yield new Uint8Array(await file.arrayBuffer());
    return;
  }
  const reader = file.stream().getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', stop);
  try {
    for (let step = await reader.read(); step.value; step = await reader.read()) yield step.value;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Emits the bytes of the parts in chunks; ends early if `signal` is aborted. */
export async function* readParts(
  { parts }: ReadableBody,
  encode: (text: string) => Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (signal.aborted) return;
    if (typeof part === 'string') yield encode(part);
    else yield* readFile(part, signal);
  }
}
