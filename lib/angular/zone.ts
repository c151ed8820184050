import { NgZone, type PendingTasks } from '@angular/core';
import { HttpContextToken, type HttpRequest, type Interceptor } from 'renewal';
import { finalize, Observable } from 'rxjs';

/** Runs a function in one zone. */
export type ZoneRunner = <T>(work: () => T) => T;

/** The zone of the subscriber of a request. */
export const CALLER_ZONE = new HttpContextToken<ZoneRunner | undefined>(() => undefined);

/** Whether the response is for the session only, and not for the rendered page. */
export const IS_PRIVATE = new HttpContextToken<boolean | undefined>(() => false);

export const outsideAngular =
  (zone: NgZone): ZoneRunner =>
  (work) =>
    zone.runOutsideAngular(work);

/** Captures the current zone: inside Angular's, or outside of it. */
export const captureZone = (zone: NgZone): ZoneRunner =>
  NgZone.isInAngularZone() ? (work) => zone.run(work) : outsideAngular(zone);

const isResponse = (value: unknown): boolean => Object(value).type === 'response';

/**
 * Subscribes in one zone, which timers, sockets and listeners then belong to, and notifies in another. Completes in the
 * same run as it emits the last value: each run in Angular's zone is a change detection.
 *
 * @param isLast - Whether nothing follows a value. @defaultValue whether it is a response
 */
export const observeAcrossZones = <T>(
  source$: Observable<T>,
  subscribeIn: ZoneRunner,
  notifyIn: ZoneRunner,
  isLast: (value: T) => boolean = isResponse,
): Observable<T> =>
  new Observable((subscriber) =>
    subscribeIn(() =>
      source$.subscribe({
        next: (value) =>
          notifyIn(() => {
            subscriber.next(value);
            if (isLast(value)) subscriber.complete();
          }),
        error: (error) => notifyIn(() => subscriber.error(error)),
        complete: () => subscriber.closed || notifyIn(() => subscriber.complete()),
      }),
    ),
  );

/**
 * The outermost interceptor of an api in Angular. A request runs outside Angular's zone, with all timers and refreshes
 * that it starts. The subscriber is notified in its own zone. Until the end, the request is a pending task: a server
 * waits for it before it sends the page.
 *
 * @param isPrivate - Whether the response to a request is for the session only.
 * @param streamed - The requests of streams, which are no pending tasks.
 */
export const zonedRequests =
  (
    zone: NgZone,
    tasks: PendingTasks,
    isPrivate: (request: HttpRequest) => boolean | undefined,
    streamed: WeakSet<HttpRequest>,
  ): Interceptor =>
  (request, next) => {
    const runInCaller = captureZone(zone);
    // Each request has its own context.
    request.context.set(CALLER_ZONE, runInCaller).set(IS_PRIVATE, isPrivate(request));
    const response$ = observeAcrossZones(next(request), outsideAngular(zone), runInCaller);
    return streamed.has(request) ? response$ : response$.pipe(finalize(tasks.add()));
  };
