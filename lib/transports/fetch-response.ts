import { isStream } from '../http/body';
import { internalsOf } from '../http/internals';
import { jsonText } from '../http/json-text';
import type { HttpRequest } from '../http/request';
import type { HttpResponse } from '../http/response';
import { concatBytes } from './concat-bytes';
import { HeldStream } from './held-stream';
import { tooLarge } from './incomplete-response';
import { charsetOf, decodeText, hasNoContent } from './response-body';
import { UnsendableError } from './unsendable';

const toHeaders = ({ headers }: Response): Record<string, string> => {
  const cookies = headers.getSetCookie?.() ?? [];
  return { ...Object.fromEntries(headers), ...(cookies.length && { 'set-cookie': cookies.join('\n') }) };
};

/** The decoded size of the body. Unknown if it was compressed, and if a browser hides whether it was. */
export const downloadTotal = ({ headers, type }: Response): { readonly total?: number } => {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') || type === 'cors' ? {} : { total: Number(length) };
};

/**
 * Reads the whole body. Calls `report` with the bytes so far. Throws a `LimitError` if the body has more than
 * `maxBytes`.
 */
export const readBytes = async (
  response: Response,
  maxBytes: number,
  report: ((loaded: number) => void) | undefined,
): Promise<ArrayBuffer> => {
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  report?.(loaded);
  const addChunk = (chunk: Uint8Array): void => {
    loaded += chunk.byteLength;
    if (loaded > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
    report?.(loaded);
  };
  // Some responses have no body stream; those of node-fetch have a stream of Node.
  const reader = response.body?.getReader?.();
  if (!reader) addChunk(new Uint8Array(await response.arrayBuffer()));
  for (let step = await reader?.read(); step?.value; step = await reader?.read()) addChunk(step.value);
  return concatBytes(chunks, loaded);
};

const toBody = (bytes: ArrayBuffer, { responseType }: HttpRequest, contentType = ''): unknown => {
  if (responseType === 'arraybuffer') return bytes;
  if (responseType === 'blob') return new Blob([bytes], { type: contentType });
  // `response.text()` decodes all bytes as UTF-8.
  const text = decodeText(bytes, charsetOf(contentType));
  return responseType === 'json' ? jsonText(text) : text;
};

export const toResponse = (response: Response, bytes: ArrayBuffer, request: HttpRequest): HttpResponse => {
  const { status, statusText, url } = response;
  const headers = toHeaders(response);
  const body = hasNoContent(request, status) ? null : toBody(bytes, request, headers['content-type']);
  return { type: 'response', status, statusText, headers, url, body };
};

/**
 * The member by which a stream keeps its response alive: when a response is collected, Node cancels its stream, unless
 * someone reads that.
 */
const RESPONSE = Symbol('renewal.response');

/**
 * Moves that member from a stream to its new response. If that is collected, Node closes the connection, as it does for
 * its own.
 */
export const moveResponse = (body: object | null, to: object): void => {
  const { [RESPONSE]: response } = Object(body) as { [RESPONSE]?: unknown };
  if (!body || !response) return;
  Reflect.deleteProperty(body, RESPONSE);
  Object.defineProperty(to, RESPONSE, { value: response });
};

/** The response at its head, with a stream as its body. Throws an `UnsendableError` if this `fetch` has no streams. */
export const toStreamedResponse = (response: Response, request: HttpRequest): HttpResponse => {
  const { status, statusText, url } = response;
  const body = hasNoContent(request, status) ? null : response.body;
  // React Native has no body here, and node-fetch a stream of Node.
  if (body !== null && !isStream(body)) throw new UnsendableError('responseType: this fetch has no streamed bodies');
  if (body) Object.defineProperty(body, RESPONSE, { value: response, configurable: true });
  const { newest } = internalsOf(request);
  // A retry has left the response before.
  newest.stream?.cancel();
  newest.stream = body ? new HeldStream(body) : undefined;
  return { type: 'response', status, statusText, headers: toHeaders(response), url, body };
};
