import { fetchTransport, type HttpEvent, type HttpRequest, type HttpResponse } from 'renewal';
import { map, type Observable, of } from 'rxjs';

/** A response as a test writes it. */
export interface Reply {
  /** From 200 to 599. @defaultValue 200 */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A value is sent as JSON. A text is one too, unless `content-type` says otherwise. */
  readonly body?: unknown;
}

/** What a reply is on the wire. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A text, or what has no text: a blob, bytes, a stream; `null` for no content. */
  readonly body: unknown;
}

/** Also of another realm: test environments have one of their own. */
const isBytes = (body: unknown): body is ArrayBuffer | ArrayBufferView =>
  ArrayBuffer.isView(body) || Object.prototype.toString.call(body) === '[object ArrayBuffer]';

const isStream = (body: unknown): body is ReadableStream => typeof Object(body).getReader === 'function';

const isBlob = (body: unknown): body is Blob => typeof Object(body).arrayBuffer === 'function';

/** The names in lower case. The headers of a `Response` are pairs. */
const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> => {
  const pairs = Symbol.iterator in headers ? [...(headers as unknown as Headers)] : Object.entries(headers);
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
};

const JSON_TYPE = /^[^;]*[/+]json\b/i;

/** Whether a response can have this status. */
export const isStatus = (status: unknown): boolean =>
  Number.isInteger(status) && Number(status) >= 200 && Number(status) < 600;

/**
 * The reply on the wire: values become JSON, as a server would send them. Throws a `TypeError` for a wrong status, and
 * for a value that is no JSON.
 */
export const toWireReply = ({ status = 200, headers = {}, body = null }: Reply): WireReply => {
  if (!isStatus(status)) throw new TypeError('status: expected an integer from 200 to 599');
  const given = lowerCase(headers);
  if (body === null || isBytes(body) || isStream(body) || isBlob(body)) return { status, headers: given, body };
  const type = given['content-type'] ?? 'application/json';
  const text = typeof body === 'string' && !JSON_TYPE.test(type) ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': type, ...given }, body: text };
};

const hasNoContent = ({ status, body }: WireReply, method: string): boolean =>
  body === null || method === 'HEAD' || [204, 205, 304].includes(status);

/** The reply as `fetch` resolves with it. Its stream ends when `signal` is aborted. */
export const toResponse = (reply: WireReply, { method, url, signal }: Omit<Request, 'clone'>): Response => {
  const { body } = reply;
  const whole = isStream(body) ? body.pipeThrough(new TransformStream(), { signal }) : (body as BodyInit | null);
  const response = new Response(hasNoContent(reply, method) ? null : whole, reply);
  return Object.defineProperty(response, 'url', { value: url });
};

/** A text or bytes as a transport emits them for a `responseType` other than a stream. */
const decode = (body: string | ArrayBuffer | ArrayBufferView, request: HttpRequest, type = ''): unknown => {
  const { responseType } = request;
  if (responseType === 'blob') return new Blob([body as BlobPart], { type });
  if (responseType === 'arraybuffer') {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    return ArrayBuffer.isView(bytes)
      ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
      : bytes.slice(0);
  }
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  // The client parses it, and shows the session a text that is not JSON.
  return responseType === 'json' ? { [Symbol.for('renewal.json-text')]: text } : text;
};

/** Reads a body as `fetchTransport` does: a stream that the session can inspect, or a blob. */
const read$ = (request: HttpRequest, reply: WireReply): Observable<HttpEvent> => {
  const fetch = async (url: unknown, { method = 'GET', signal }: RequestInit = {}) =>
    toResponse(reply, { method, url: `${url}`, signal } as Request);
  return fetchTransport({ fetch })({ ...request, body: null, reportProgress: false });
};

/**
 * The response to a request, as a transport emits it: in the same tick, unless it is a stream or has to be read from a
 * stream or a blob.
 */
export const respond$ = (request: HttpRequest, reply: WireReply): Observable<HttpEvent> => {
  const { status, headers, body } = reply;
  const head = { type: 'response', status, statusText: '', headers, url: request.url } as const;
  if (hasNoContent(reply, request.method)) return of<HttpResponse>({ ...head, body: null });
  if (request.responseType === 'blob' && isBlob(body) && !isStream(body)) return of<HttpResponse>({ ...head, body });
  if (request.responseType === 'stream' || isStream(body) || isBlob(body))
    return read$(request, reply).pipe(map((event) => ({ ...event, url: request.url })));
  return of<HttpResponse>({ ...head, body: decode(body as string, request, headers['content-type']) });
};

/** Where a request goes: its path with the path of the base, and its query. */
export const targetOf = (url: string): { readonly path: string; readonly query: string } => {
  const { pathname, search } = new URL(url, 'http://relative.invalid');
  return { path: pathname, query: search };
};

/** A path as it is in a url: encoded, without dots. */
export const encodePath = (path: string): string => new URL(`http://relative.invalid${path}`).pathname;
