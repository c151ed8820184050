import type { Observable } from 'rxjs';
import type { HttpContext } from './context';
import type { FetchOptions } from './fetch-options';
import type { HttpEvent } from './response';

/** The body of a request. See `api.post$` for how each kind is sent. */
export type Body =
  | object
  | string
  | number
  | boolean
  | null
  | URLSearchParams
  | FormData
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream;

/** How the body of the response is decoded. @defaultValue `'json'` */
export type ResponseType = 'json' | 'text' | 'blob' | 'arraybuffer' | 'stream';

/**
 * One request, as interceptors see it. They pass on a changed copy:
 * `next({ ...request, headers: { ...request.headers, 'x-tenant': '7' } })`.
 */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** With the query; absolute if there is a base to resolve it against. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The caller's value; next to the transport it is serialised: a text, bytes, a form, a blob, a stream or `null`. */
  readonly body: Body;
  readonly responseType: ResponseType;
  /** Limit for one attempt on the wire, in milliseconds; 0 and `Infinity`: no limit. */
  readonly timeoutMs: number;
  readonly withCredentials: boolean;
  /** Whether progress events are wanted. */
  readonly reportProgress: boolean;
  /** Whether a session may attach its token, and refresh it for this request. */
  readonly auth: boolean;
  /** Whether it may start a refresh. */
  readonly renew: boolean;
  /**
   * `'reload'`: bypass the HTTP cache. Set on a replay, because the cache may hold the expired response of the first
   * attempt.
   */
  readonly cache?: 'reload';
  /** Options for `fetch`, which `fetchTransport` passes on; missing if the caller has given none. */
  readonly fetch?: FetchOptions;
  readonly context: HttpContext;
}

/** Sends a request: cold, emits {@link HttpEvent}s. The last one is the complete response, whatever its status. */
export type HttpHandler = (request: HttpRequest) => Observable<HttpEvent>;

/**
 * Intercepts a request between the caller and the transport. It may change the request, send it with `next` (never,
 * once, or several times), and change the response. `next` emits each complete response as an `HttpResponse`, whatever
 * its status.
 *
 * @example
 * ```ts
 * const tenant: Interceptor = (request, next) =>
 *   next({ ...request, headers: { ...request.headers, 'x-tenant': '7' } });
 * ```
 */
export type Interceptor = (request: HttpRequest, next: HttpHandler) => Observable<HttpEvent>;

/**
 * Sends one request on the wire; unsubscribing aborts it. The body of its response is decoded by `responseType`. For
 * JSON that is the parsed value, or `{ [Symbol.for('renewal.json-text')]: text }`: then the client parses the text, and
 * `isExpired` also sees a text that is not JSON.
 */
export type Transport = HttpHandler;
