import { defer, map, NEVER, type Observable, takeUntil, timer } from 'rxjs';
import { RequestTimeoutError } from './errors';
import type { HttpHandler, HttpRequest, Interceptor } from './request';
import type { HttpEvent } from './response';
import { toObservable } from './to-observable';

/**
 * Composes interceptors, outermost first, and the transport's handler, which must not throw, to one handler. Each
 * subscription runs the chain again from the subscribed step on. An error that an interceptor throws becomes an error
 * notification.
 */
export const compose = (interceptors: readonly Interceptor[], transport: HttpHandler): HttpHandler =>
  interceptors.reduceRight<HttpHandler>(
    (next, interceptor) => (request) => defer(() => toObservable('interceptors', interceptor(request, next))),
    transport,
  );

/** The longest delay of platform timers, about 24 days: a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Emits after `ms`; never for 0, for `Infinity`, and beyond {@link MAX_TIMER_MS}. */
export const deadline$ = (ms: number) => (ms > 0 && ms <= MAX_TIMER_MS ? timer(ms) : NEVER);

/** Errors with `RequestTimeoutError` if an attempt takes longer than the request's `timeoutMs`. */
export const withDeadline =
  (transport: HttpHandler) =>
  (request: HttpRequest): Observable<HttpEvent> => {
    const { timeoutMs } = request;
    const response$ = toObservable('transport', transport(request));
    if (!timeoutMs) return response$;
    const late$ = deadline$(timeoutMs).pipe(
      map(() => {
        throw new RequestTimeoutError(`no complete response within ${timeoutMs} ms`, { request });
      }),
    );
    return response$.pipe(takeUntil(late$));
  };
