import { InvalidRequestError } from './errors';
import type { HttpRequest } from './request';

const tagOf = (body: unknown): string => Object.prototype.toString.call(body).slice(8, -1);

/** What a transport sends as it is. */
const WIRE = /^(FormData|Blob|File|ArrayBuffer|ReadableStream)$/;

/** Whether sending the body uses it up. */
export const isOneShot = (body: unknown): boolean => tagOf(body) === 'ReadableStream';

const withBody = (request: HttpRequest, body: string, contentType: string): HttpRequest => ({
  ...request,
  headers: { 'content-type': contentType, ...request.headers },
  body,
});

const toJson = (request: HttpRequest): string => {
  const { body } = request;
  // Maps, sets, generators and Node's streams would be sent as `{}` or as their insides.
  const refused =
    typeof body === 'object' &&
    body !== null &&
    !Array.isArray(body) &&
    (Symbol.iterator in body || Symbol.asyncIterator in body);
  let json: string | undefined;
  try {
    if (!refused) json = JSON.stringify(body);
  } catch (cause) {
    throw new InvalidRequestError('its body can not be serialised', request, cause);
  }
  if (json === undefined) throw new InvalidRequestError(`a body of type ${tagOf(body)} can not be sent`, request);
  return json;
};

/**
 * Serialises the body, once for all attempts: a text stays as it is, `null` and `undefined` are none, forms, blobs, bytes
 * and streams are left to the transport, everything else becomes JSON. What is serialised already comes back as it is.
 */
export const serialize = (request: HttpRequest): HttpRequest => {
  const { body } = request;
  if (body === null || typeof body === 'string') return request;
  if (body instanceof URLSearchParams)
    return withBody(request, `${body}`, 'application/x-www-form-urlencoded;charset=UTF-8');
  if (ArrayBuffer.isView(body) || WIRE.test(tagOf(body))) return request;
  return withBody(request, toJson(request), 'application/json');
};

/** The value that a JSON text holds, or `undefined` where it holds none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
