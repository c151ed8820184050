import { copyMutableBody, kindOf } from '../http/body';
import type { HttpRequest } from '../http/request';
import { isAcceptedByFetch } from './accepted-bodies';
import { concatBytes } from './concat-bytes';
import { readParts, toMultipart, toSinglePart } from './multipart';
import { isUnsendable, UnsendableError } from './unsendable';

/** `duplex` is missing from the declarations of some platforms; Chromium and Node require it with a stream. */
export type FetchInit = RequestInit & { readonly duplex?: 'half' };

/** A body as `fetch` takes it, and its content type if `fetch` does not set it. */
export interface EncodedBody {
  readonly body: BodyInit | null;
  readonly type?: string | null;
}

/** A stream as `fetch` takes it. Throws an `UnsendableError`. */
const toStream = (body: ReadableStream, signal: AbortSignal): ReadableStream => {
  const init: FetchInit = { method: 'POST', body, duplex: 'half' };
  let why = 'the stream is locked or has been read from';
  try {
    // A platform without request streams converts the stream to the text `[object ReadableStream]`, and sets its
    // content type.
    why = new Request('http://stream.invalid', init).headers.has('content-type')
      ? 'this platform cannot send a stream'
      : '';
  } catch (error) {
    if (isUnsendable(error)) throw error;
  }
  if (why) throw new UnsendableError(why);
  // Without the transform, Node cancels the stream only when it emits its next chunk.
  return body.pipeThrough(new TransformStream(), { signal });
};

/**
 * The body of a request as `fetch` takes it. A form or blob of a polyfill or another realm is read first. Throws an
 * `UnsendableError`.
 */
export const encodeBody = async (request: HttpRequest, signal: AbortSignal): Promise<EncodedBody> => {
  const kind = kindOf(request.body);
  // `fetch` takes each serialised body but shared memory, which the copy is not.
  const body = (copyMutableBody(request) ?? request.body) as BodyInit | null;
  // Bun's `fetch` omits the content type that the standard gives to a text.
  if (typeof body === 'string') return { body, type: 'text/plain;charset=UTF-8' };
  if (kind === 'stream') return { body: toStream(request.body as ReadableStream, signal) }; // by its kind
  if ((kind !== 'form' && kind !== 'blob') || isAcceptedByFetch(Object(body))) return { body };
  const source = kind === 'form' ? toMultipart(Object(body)) : toSinglePart(Object(body));
  const chunks: Uint8Array[] = [];
  let size = 0;
  const encode = (text: string) => new TextEncoder().encode(text);
  for await (const chunk of readParts(source, encode, signal)) {
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  return { body: concatBytes(chunks, size), type: source.type };
};
