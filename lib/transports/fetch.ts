import { Observable, type Subscriber } from 'rxjs';
import { copyOf, isOneShot } from '../http/body';
import { InvalidRequestError, isApiError, NetworkError } from '../http/errors';
import { jsonText } from '../http/json-text';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent } from '../http/response';
import { headersOf, isEmpty, whyNot } from './answer';

/** The options of {@link fetchTransport}. */
export interface FetchTransportOptions {
  /** Called for each attempt. @defaultValue the platform's own, looked up when a request is made */
  readonly fetch?: typeof fetch;
}

/** `duplex` is missing from the declarations of some platforms; Chromium and Node ask for it with a stream. */
type Init = RequestInit & { readonly duplex?: 'half' };

/** The body of a request, as `fetch` takes it. Throws an `InvalidRequestError` for a stream that can not be sent. */
const toBodyInit = (request: HttpRequest, signal: AbortSignal): BodyInit | null => {
  // Of what is serialised `fetch` takes all but shared memory.
  if (!isOneShot(request.body)) return (copyOf(request) ?? request.body) as BodyInit | null;
  const body = request.body as ReadableStream; // by its tag
  const init: Init = { method: 'POST', body, duplex: 'half' };
  let why = 'a stream can not be sent twice';
  try {
    // A platform that does not stream makes the text `[object ReadableStream]` of it, and names its type.
    why = new Request('http://stream.invalid', init).headers.has('content-type')
      ? 'a stream can not be sent from here'
      : '';
  } catch {}
  if (why) throw new InvalidRequestError(why, { request });
  // Node would tell a stream that it is no longer wanted only once that has more to give.
  return body.pipeThrough(new TransformStream(), { signal });
};

/** What went wrong, and nothing of what Node adds to that: it may be a piece of the answer. */
const causeOf = (error: unknown): Error & { code?: unknown } => {
  const { cause = error } = Object(error);
  const { message, code } = Object(cause);
  return Object.assign(new Error(message), code && { code });
};

/** Why `fetch` failed. That it refused the request and that no answer came are one and the same to it. */
const failureOf = (error: unknown, request: HttpRequest): Error => {
  const { method, url, headers, body } = request;
  const cause = causeOf(error);
  try {
    // Node takes some headers here, and refuses them on the way.
    if (cause.code === 'UND_ERR_INVALID_ARG') throw cause;
    new Request(url, { method, headers });
  } catch {
    return new InvalidRequestError(whyNot(request), { request });
  }
  const why = isOneShot(body) ? 'no complete answer; a browser sends a stream over HTTP/2 only' : 'no complete answer';
  return new NetworkError(why, { request, cause });
};

const responseHeaders = ({ headers }: Response): Record<string, string> => {
  const cookies = headers.getSetCookie?.() ?? [];
  return { ...Object.fromEntries(headers), ...(cookies.length && { 'set-cookie': cookies.join('\n') }) };
};

/** How long the body is, decoded: not known of one that was compressed, nor where a browser would hide that it was. */
const totalOf = ({ headers, type }: Response): { readonly total?: number } => {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') || type === 'cors' ? {} : { total: Number(length) };
};

/** Reads the body to its end, and tells how far it is. */
const readWithProgress = async (response: Response, caller: Subscriber<HttpEvent>): Promise<ArrayBuffer> => {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const total = totalOf(response);
  let loaded = 0;
  const report = () => caller.next({ type: 'download', loaded, ...total });
  report();
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step?.value; step = await reader?.read()) {
    chunks.push(step.value);
    loaded += step.value.byteLength;
    report();
  }
  return new Blob(chunks).arrayBuffer();
};

/** The text that the bytes are, by the charset that the answer names, as XHR has it; `response.text()` takes all for UTF-8. */
const toText = (bytes: ArrayBuffer, contentType = ''): string => {
  const [, charset] = /charset="?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
};

const toBody = (bytes: ArrayBuffer, { responseType }: HttpRequest, contentType?: string): unknown => {
  if (responseType === 'arraybuffer') return bytes;
  if (responseType === 'blob') return new Blob([bytes], { type: contentType ?? '' });
  const text = toText(bytes, contentType);
  return responseType === 'json' ? jsonText(text) : text;
};

/** The cache mode of a request that must reach the server. workerd refuses some modes when the request is made, and keeps no cache of its own. */
const cacheMode = ({ url, cache }: HttpRequest): Pick<RequestInit, 'cache'> => {
  try {
    return cache ? { cache: new Request(url, { cache }).cache } : {};
  } catch {
    return {};
  }
};

/** One attempt, from the request to its answer. */
const send = async (
  fetch: typeof globalThis.fetch | undefined,
  request: HttpRequest,
  signal: AbortSignal,
  caller: Subscriber<HttpEvent>,
): Promise<HttpEvent> => {
  const { method, url, withCredentials, reportProgress } = request;
  if (!fetch) throw new InvalidRequestError('there is no fetch here', { request });
  const init: Init = {
    method,
    headers: headersOf(request),
    body: toBodyInit(request, signal),
    credentials: withCredentials ? 'include' : 'same-origin',
    signal,
    ...cacheMode(request),
    ...(isOneShot(request.body) && { duplex: 'half' }),
  };
  // On a connection that stands, Node would send at once, also what is taken back in the same tick.
  await null;
  signal.throwIfAborted();
  try {
    const response = await fetch(url, init);
    const bytes = await (reportProgress ? readWithProgress(response, caller) : response.arrayBuffer());
    const { status, statusText, url: from } = response;
    const found = responseHeaders(response);
    const body = isEmpty(request, status) ? null : toBody(bytes, request, found['content-type']);
    return { type: 'response', status, statusText, headers: found, url: from, body };
  } catch (error) {
    throw isApiError(error) ? error : failureOf(error, request);
  }
};

/**
 * Sends through `fetch`, for workers, edge runtimes, and those who want it: the same answers and errors as `ajaxTransport`.
 *
 * What differs is the platform's doing. There are no `upload` events: `fetch` does not tell, and to count the bytes of a stream that is handed to
 * it would cost `content-length`, HTTP/1.1 and the second attempt, for a number that says what was read and not what was sent. The `total` of a
 * download is missing where it was compressed, and from another origin in a browser, which hides whether it was. A url with user info is
 * refused. Redirects are followed by the platform, from https to http too: to another origin it leaves `authorization` behind, and takes headers of
 * one's own along. Compressed bytes that end early, in a frame that does not, are the whole body to Node.
 *
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for what `fetch` can't send, such as a stream where the platform
 * has none; Chromium sends one over HTTP/2 only, and a `NetworkError` says so.
 */
export const fetchTransport = ({ fetch }: FetchTransportOptions = {}): Transport => {
  if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch: not a function');
  return (request) =>
    new Observable((caller) => {
      const controller = new AbortController();
      caller.add(() => controller.abort());
      if (request.reportProgress) caller.next({ type: 'sent' });
      send(fetch ?? globalThis.fetch, request, controller.signal, caller).then(
        (answer) => {
          caller.next(answer);
          caller.complete();
        },
        (error) => caller.error(error),
      );
    });
};
