import { InvalidRequestError } from './errors';
import type { HttpRequest } from './request';

/** What kind of object it is, by its own name: `FormData`, `Uint8Array` … */
export const tagOf = (body: unknown): string => Object.prototype.toString.call(body).slice(8, -1);

/** Whether sending the body uses it up. */
export const isOneShot = (body: unknown): boolean => tagOf(body) === 'ReadableStream';

/** A copy of the bytes that are to be sent, of a view only what it shows; `undefined` where the body is something else. Throws an `InvalidRequestError`. */
export const copyOf = (request: HttpRequest): ArrayBuffer | undefined => {
  const { body } = request;
  // Most have none.
  if (!body || !/(Buffer|.Array|DataView)$/.test(tagOf(body))) return undefined;
  try {
    // A buffer has no offset: it shows all of itself.
    const { buffer = body, byteOffset = 0, byteLength } = body as Partial<ArrayBufferView>;
    return new Uint8Array(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)).buffer;
  } catch {
    throw new InvalidRequestError('its body is gone', { request });
  }
};

/** The value that a JSON text holds, or `undefined` where it holds none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Serialises the body, once for all attempts: a text stays as it is, forms, blobs, bytes and streams are left to the transport,
 * everything else becomes JSON. What is serialised already comes back as it is. Throws an `InvalidRequestError`.
 */
export const serialize = (request: HttpRequest): HttpRequest => {
  const { body } = request;
  // Most requests have none, or come a second time.
  if (body == null || typeof body === 'string') return request;
  const tag = tagOf(body);
  if (/^(FormData|Blob|File|ReadableStream|.*Buffer|.+Array|DataView)$/.test(tag)) return request;
  const isForm = tag === 'URLSearchParams';
  let text: string | undefined;
  try {
    // Maps, sets and Node's streams would be sent as `{}` or as their insides.
    if (isForm) text = `${body}`;
    else if (/^(Object|Array|Number|Boolean|String|Date)$/.test(tag) && typeof Object(body).pipe !== 'function')
      text = JSON.stringify(body);
  } catch {}
  if (text === undefined) throw new InvalidRequestError(`a body of this kind (${tag}) can not be sent`, { request });
  const type = isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'application/json';
  return { ...request, headers: { 'content-type': type, ...request.headers }, body: text };
};
