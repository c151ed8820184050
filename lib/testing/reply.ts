import type { HttpRequest, HttpResponse } from 'renewal';

/** A response as a test writes it. */
export interface Reply {
  /** @defaultValue 200 */
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

const isBinary = (body: unknown): boolean =>
  ArrayBuffer.isView(body) ||
  body instanceof ArrayBuffer ||
  typeof Object(body).getReader === 'function' ||
  typeof Object(body).arrayBuffer === 'function';

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const JSON_TYPE = /^[^;]*[/+]json\b/i;

/** The reply on the wire: values become JSON, as a server would send them. */
export const toWireReply = ({ status = 200, headers = {}, body = null }: Reply): WireReply => {
  const given = lowerCase(headers);
  if (body === null || isBinary(body)) return { status, headers: given, body };
  const type = given['content-type'] ?? 'application/json';
  const text = typeof body === 'string' && !JSON_TYPE.test(type) ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': type, ...given }, body: text };
};

const streamOf = (body: BodyInit): ReadableStream<Uint8Array> | null => new Response(body).body;

/** The body as a transport emits it for a `responseType`. */
const decode = (body: unknown, type: HttpRequest['responseType'], contentType = ''): unknown => {
  if (typeof body === 'string') {
    // The client parses it, and shows the session a text that is not JSON.
    if (type === 'json') return { [Symbol.for('renewal.json-text')]: body };
    if (type === 'text') return body;
    if (type === 'blob') return new Blob([body], { type: contentType });
    return type === 'stream' ? streamOf(body) : new TextEncoder().encode(body).buffer;
  }
  return type === 'stream' && typeof Object(body).getReader !== 'function' ? streamOf(body as BodyInit) : body;
};

/** The response to a request, as a transport emits it. */
export const toHttpResponse = (request: HttpRequest, { status, headers, body }: WireReply): HttpResponse => {
  const isEmpty = body === null || request.method === 'HEAD' || [204, 205, 304].includes(status);
  return {
    type: 'response',
    status,
    statusText: '',
    headers,
    url: request.url,
    body: isEmpty ? null : decode(body, request.responseType, headers['content-type']),
  };
};

/** Where a request goes: its path with the path of the base, and its query. */
export const targetOf = (url: string): { readonly path: string; readonly query: string } => {
  const { pathname, search } = new URL(url, 'http://relative.invalid');
  return { path: pathname, query: search };
};
