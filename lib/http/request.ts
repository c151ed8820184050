import type { Observable } from 'rxjs';
import type { HttpContext } from './context';
import type { HttpEvent } from './response';

/** What a request can carry. See `api.post$` for how each is sent. */
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

/** How the body of the answer is decoded. @defaultValue `'json'` */
export type ResponseType = 'json' | 'text' | 'blob' | 'arraybuffer';

/**
 * One request on its way through the interceptors. Interceptors pass on a changed copy:
 * `next({ ...request, headers: { ...request.headers, 'x-tenant': '7' } })`.
 */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Absolute where it can be, with the query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As the caller gave it; next to the transport it is serialised: text, bytes, a form, a stream or `null`. */
  readonly body: Body;
  readonly responseType: ResponseType;
  /** Milliseconds that one attempt may take on the wire; 0 and `Infinity`: no limit. */
  readonly timeoutMs: number;
  readonly withCredentials: boolean;
  /** Whether progress events are wanted. */
  readonly reportProgress: boolean;
  /** Whether a session may attach its token and renew it for this request. */
  readonly auth: boolean;
  /** `'reload'`: no HTTP cache may answer. A second attempt is such a request, as the cache may hold the expired response to the first. */
  readonly cache?: 'reload';
  readonly context: HttpContext;
}

/** Sends a request: cold, emits {@link HttpEvent}s, the last of which is the complete answer, whatever its status. */
export type HttpHandler = (request: HttpRequest) => Observable<HttpEvent>;

/**
 * Stands between the caller and the transport. It may change the request, send it with `next` (never, once, or again),
 * and change what comes back. `next` emits every complete answer as an `HttpResponse`, whatever its status.
 *
 * @example
 * ```ts
 * const tenant: Interceptor = (request, next) =>
 *   next({ ...request, headers: { ...request.headers, 'x-tenant': '7' } });
 * ```
 */
export type Interceptor = (request: HttpRequest, next: HttpHandler) => Observable<HttpEvent>;

/**
 * Puts one request on the wire; unsubscribing aborts it there. Its response has the body as `responseType` asks. For JSON that is the parsed value, or
 * `{ [Symbol.for('renewal.json-text')]: text }`: then the client parses the text, and `isExpired` is also shown one that is not JSON.
 */
export type Transport = HttpHandler;
