import { asyncScheduler, catchError, map, of, retry as resubscribe, throwError, timer } from 'rxjs';
import { isStream } from '../http/body';
import { isApiError } from '../http/errors';
import { checkCount, checkList, checkMs, checkOptions } from '../http/options';
import { MAX_TIMER_MS } from '../http/pipeline';
import type { Interceptor } from '../http/request';
import type { HttpResponse } from '../http/response';
import { retryAfterMs } from '../http/retry-after';

/** The options of {@link retryRequests}. */
export interface RetryOptions {
  /** How often a request is sent at the most, the first time included; 1 never repeats it, `Infinity` for as long as it takes. @defaultValue 3 */
  readonly attempts?: number | undefined;
  /**
   * The first pause, in milliseconds, doubling with each attempt; each time a random part of it is waited, from nothing to all, so that those
   * who failed together do not come back together. 0: at once. @defaultValue 500
   */
  readonly delayMs?: number | undefined;
  /** The longest pause, in milliseconds. An answer whose `Retry-After` asks for more is let through at once. @defaultValue 30_000 */
  readonly maxDelayMs?: number | undefined;
  /** Those that may be sent again, in any case. @defaultValue the idempotent ones: GET, HEAD, OPTIONS, PUT, DELETE */
  readonly methods?: readonly string[] | undefined;
  /** Answers that may be followed by a better one. @defaultValue 408, 429, 502, 503, 504 */
  readonly statuses?: readonly number[] | undefined;
}

/** Ends an attempt whose answer may be followed by a better one. */
class RetryableResponse {
  constructor(readonly response: HttpResponse) {}
}

/**
 * Sends a request again when it meets a `NetworkError`, a `RequestTimeoutError` or one of `statuses`, after a pause: what `Retry-After` asks
 * for, otherwise a random part of one that doubles. When the attempts are used up, the last answer or error comes through. A retry that
 * follows progress starts that again at 0.
 *
 * A stream is never sent twice, and a token that has expired is the session's: that stands further inside, so what gets out here is its
 * last word. Interceptors after this one see each attempt.
 *
 * @example
 * ```ts
 * createApi({ session, interceptors: [renewal.retryRequests({ attempts: 5 })] });
 * ```
 */
export const retryRequests = (options: RetryOptions = {}): Interceptor => {
  const {
    attempts = 3,
    delayMs = 500,
    maxDelayMs = 30_000,
    methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'],
    statuses = [408, 429, 502, 503, 504],
  } = checkOptions(options, {
    attempts: checkCount(1),
    delayMs: checkMs,
    maxDelayMs: checkMs,
    methods: checkList('strings', (method) => typeof method === 'string'),
    statuses: checkList('whole numbers', Number.isInteger),
  });
  const maxPauseMs = Math.min(maxDelayMs, MAX_TIMER_MS);
  const retryableMethods = new Set(methods.map((method) => method.toUpperCase()));
  const retryableStatuses = new Set(statuses);

  /** How long to wait after a failure; `undefined` where waiting helps nothing. */
  const pauseMs = (error: unknown, failures: number): number | undefined => {
    if (error instanceof RetryableResponse) {
      const askedMs = retryAfterMs(error.response, asyncScheduler.now());
      if (askedMs !== undefined) return askedMs <= maxPauseMs ? askedMs : undefined;
    } else if (!isApiError(error, 'network') && !isApiError(error, 'timeout')) return undefined;
    // Beyond that it is longer than timers can count, and at last no number: 0 times `Infinity` is none.
    return Math.random() * Math.min(maxPauseMs, delayMs * 2 ** Math.min(failures - 1, 31));
  };

  return (request, next) => {
    if (!retryableMethods.has(request.method) || isStream(request.body)) return next(request);
    return next(request).pipe(
      map((event) => {
        if (event.type === 'response' && retryableStatuses.has(event.status)) throw new RetryableResponse(event);
        return event;
      }),
      resubscribe({
        count: attempts - 1,
        delay: (error, failures) => {
          const ms = pauseMs(error, failures);
          return ms === undefined ? throwError(() => error) : timer(ms);
        },
      }),
      catchError((error) => {
        if (error instanceof RetryableResponse) return of(error.response);
        throw error;
      }),
    );
  };
};
