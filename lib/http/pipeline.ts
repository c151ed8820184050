import { defer, map, NEVER, type Observable, takeUntil, timer } from 'rxjs';
import { RequestTimeoutError } from './errors';
import type { HttpHandler, HttpRequest, Interceptor } from './request';
import type { HttpEvent } from './response';
import { toObservable } from './to-observable';

/**
 * Joins interceptors, outermost first, and a handler of the transport, which throws nothing itself, to one handler. Each subscription runs the chain
 * anew from where it was subscribed, and a throw on the way arrives as an error notification.
 */
export const compose = (interceptors: readonly Interceptor[], transport: HttpHandler): HttpHandler =>
  interceptors.reduceRight<HttpHandler>(
    (next, interceptor) => (request) => defer(() => toObservable('interceptors', interceptor(request, next))),
    transport,
  );

/** The longest that the timers of platforms can count, some 24 days: a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Emits after `ms`; never for 0, `Infinity`, or more than timers can count. */
export const deadline$ = (ms: number) => (ms > 0 && ms <= MAX_TIMER_MS ? timer(ms) : NEVER);

/** Ends an attempt that takes longer than the request's `timeoutMs`. */
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
