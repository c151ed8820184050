import type { Api } from 'renewal';
import type { Observable } from 'rxjs';
import { createEventParser } from './event-stream';
import type { Format } from './frame';
import type { StreamOptions } from './options';
import { stream$ } from './stream';

/** An event of {@link sse$}. */
export interface ServerSentEvent<T> {
  /** Its data, parsed and validated as the options say. */
  readonly data: T;
  /** Its type; `'message'` if the server names none. */
  readonly event: string;
  /** The last event id: of this event, or else of an event before it, over all connections; `''` if there is none. */
  readonly id: string;
}

const FORMAT: Format = {
  parse: 'text',
  isReconnecting: true,
  accept: 'text/event-stream',
  types: /^text\/event-stream$/i,
  createParser: createEventParser,
  wrap: (data, frame) => ({ ...frame, data }),
};

/**
 * Emits the events of an event stream (HTML standard, section 9.2), with the session of the client. Cold: each
 * subscription opens a connection. Needs `fetchTransport()`. Nothing runs before the subscription and after its end.
 *
 * **Session.** Each connection carries the token of that moment, and an expired response at its opening is handled as
 * that of any request. When the session ends or changes hands, the stream errors at once with `SessionExpiredError` or
 * `SignedOutError`, and emits nothing more.
 *
 * **Reconnection.** With `reconnect`, the default for GET, a connection that ends or breaks is followed by the next
 * one, which sends `Last-Event-ID`. So is one that does not open: `NetworkError`, `RequestTimeoutError`, the statuses
 * 408, 425, 429, 502, 503 and 504, and, except at the first opening, `RefreshError`. The pause before the n-th
 * reconnection in a row that brings no event is random, between a half and the whole of
 * `min(maxDelayMs, delayMs * 2 ** (n - 1))`. `retry:` of the server takes the place of `delayMs`. `Retry-After`
 * (RFC 9110 section 10.2.3, at most an hour) and the cool-down of the session prolong the pause. An `online` event, and
 * a page that becomes visible again, end it. Without reconnection, the end of the connection completes the stream and a
 * broken one is a `NetworkError`.
 *
 * **End.** Status 204 completes. Any other status except 200 is an `HttpStatusError`. A content type other than
 * `text/event-stream` is a `NetworkError` that names it; so is an event of more than 16,777,216 characters. A wrong
 * option is an `InvalidRequestError`.
 *
 * **Speed.** The next bytes are read when `next` has returned and the schema has settled for all events before. A slow
 * subscriber slows the server down, and nothing else is buffered. Unsubscribing closes the connection.
 *
 * **Pages.** The stream stays open while its page is hidden; browsers may slow its timers down. Over HTTP/1.1, a
 * browser opens at most six connections to an origin, all tabs together, and each stream takes one: share one stream,
 * or use HTTP/2. Requests have `accept: text/event-stream` and `cache: 'no-store'`, unless the options say others.
 *
 * @example
 * ```ts
 * import { createApi, fetchTransport } from 'renewal';
 * import { sse$ } from 'renewal/stream';
 *
 * const api = createApi({ baseUrl: 'https://shop.example', transport: fetchTransport() });
 * sse$<Order[]>(api, '/orders/changes', { parse: 'json' }).subscribe(({ data }) => show(data));
 * ```
 */
export const sse$ = <T = string>(
  api: Api,
  url: string | URL,
  options: StreamOptions<T> = {},
): Observable<ServerSentEvent<T>> =>
  // The data is a `T` by the schema or by the caller's word.
  stream$(api, url, options as StreamOptions<never>, FORMAT) as Observable<ServerSentEvent<T>>;
