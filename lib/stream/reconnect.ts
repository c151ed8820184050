import type { AnyApiError, HttpStatusError, RefreshError } from 'renewal';
import { asyncScheduler, filter, fromEvent, merge, NEVER, type Observable, timer } from 'rxjs';
import { retryAfterMs } from '../connector';

/** The errors after which the next connection may succeed. */
const TRANSIENT = /^(network|timeout|refresh|status(408|425|429|50[234]))$/;

/** The longest pause, whatever the server or the caller says. */
const MAX_PAUSE_MS = 3_600_000;

/** The members of errors that are read here. */
type Failure = Partial<Pick<HttpStatusError, 'status' | 'response'> & Pick<RefreshError, 'retryAtMs'>> | undefined;

/** Whether the next connection may succeed after the end of one, with or without an error. */
export const isTransient = (error: AnyApiError | undefined, isFirst: boolean): boolean =>
  error === undefined ||
  (TRANSIENT.test(`${error.code}${(error as Failure)?.status ?? ''}`) && !(isFirst && error.code === 'refresh'));

/**
 * The pause before the next connection, in milliseconds: see `sse$`.
 *
 * @param count - Counts the reconnections in a row that brought no event, from 1.
 */
export const pauseMs = (error: unknown, count: number, delayMs: number, maxDelayMs: number): number => {
  const nowMs = asyncScheduler.now();
  const { response, retryAtMs = nowMs } = Object(error) as Failure & object;
  // Before the end of the cool-down, a request would fail with the same error.
  const requestedMs = retryAfterMs(response, nowMs) ?? retryAtMs - nowMs;
  // Limited: 0 times `Infinity` is NaN.
  const backoffMs = Math.min(maxDelayMs, delayMs * 2 ** Math.min(count - 1, 31));
  return Math.min(MAX_PAUSE_MS, Math.max(requestedMs, (backoffMs * (1 + Math.random())) / 2));
};

/** The events of a target that some platforms do not have. */
const eventsOf = (target: EventTarget | undefined, type: string): Observable<unknown> =>
  target?.removeEventListener ? fromEvent(target, type) : NEVER;

/** Emits after the pause, or once the network is back or the page is visible again. */
export const pause$ = (ms: number): Observable<unknown> => {
  const page = globalThis.document;
  return merge(
    timer(ms),
    eventsOf(globalThis as never, 'online'),
    eventsOf(page, 'visibilitychange').pipe(filter(() => page.visibilityState === 'visible')),
  );
};
