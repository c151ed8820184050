import { asyncScheduler, catchError, map, of, retry as resubscribe, throwError, timer } from 'rxjs';
import { isStream } from '../http/body';
import { isApiError } from '../http/errors';
import { internalsOf } from '../http/internals';
import { checkCount, checkList, checkMs, checkOptions } from '../http/options';
import { MAX_TIMER_MS } from '../http/pipeline';
import type { Interceptor } from '../http/request';
import type { HttpResponse } from '../http/response';
import { retryAfterMs } from '../http/retry-after';

/** The options of {@link retryRequests}. */
export interface RetryOptions {
  /** Maximum number of attempts, the first included. 1: no retry. `Infinity`: no limit. @defaultValue 3 */
  readonly attempts?: number | undefined;
  /**
   * The first pause, in milliseconds; it doubles with each attempt. The actual pause is a random part of it (full
   * jitter), so that requests that failed together do not return together. 0: at once.
   * @defaultValue 500
   */
  readonly delayMs?: number | undefined;
  /**
   * The longest pause, in milliseconds. A response whose `Retry-After` is longer is emitted at once.
   * @defaultValue 30_000
   */
  readonly maxDelayMs?: number | undefined;
  /**
   * The methods that are retried, in any case.
   * @defaultValue the idempotent methods: GET, HEAD, OPTIONS, PUT, DELETE
   */
  readonly methods?: readonly string[] | undefined;
  /** The statuses that are retried. @defaultValue 408, 429, 502, 503, 504 */
  readonly statuses?: readonly number[] | undefined;
}

/** Ends an attempt whose response is to be retried. */
class RetryableResponse {
  constructor(readonly response: HttpResponse) {}
}

/**
 * Retries a request after a `NetworkError`, a `RequestTimeoutError` or one of `statuses`. The pause is the delay of
 * `Retry-After`, or else a random part of a delay that doubles (backoff with full jitter). The last response or error
 * is emitted when the attempts are used up. A retry starts progress at 0 again.
 *
 * A stream is never sent twice. An expired token is handled by the session, which is closer to the transport; this
 * interceptor sees its final outcome. Interceptors after this one see each attempt.
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

  /** The pause after a failure; `undefined` if the request is not retried. */
  const pauseMs = (error: unknown, failures: number): number | undefined => {
    if (error instanceof RetryableResponse) {
      const askedMs = retryAfterMs(error.response, asyncScheduler.now());
      if (askedMs !== undefined) return askedMs <= maxPauseMs ? askedMs : undefined;
    } else if (!isApiError(error, 'network') && !isApiError(error, 'timeout')) return undefined;
    // Limited: a larger exponent exceeds what timers can count, and 0 times `Infinity` is NaN.
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
          if (ms === undefined) return throwError(() => error);
          internalsOf(request).newest.stream?.cancel();
          return timer(ms);
        },
      }),
      catchError((error) => {
        if (error instanceof RetryableResponse) return of(error.response);
        throw error;
      }),
    );
  };
};
