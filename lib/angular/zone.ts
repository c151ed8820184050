import { NgZone, type PendingTasks } from '@angular/core';
import { HttpContextToken, type HttpRequest, type Interceptor } from 'renewal';
import { finalize, Observable } from 'rxjs';

/** Runs a piece of work in one zone or another. */
export type ZoneRunner = <T>(work: () => T) => T;

/** The zone of the subscriber of a request. */
export const CALLER_ZONE = new HttpContextToken<ZoneRunner | undefined>(() => undefined);

/** Whether the answer is for the session only, and not for the page that is rendered. */
export const IS_PRIVATE = new HttpContextToken<boolean | undefined>(() => false);

export const outsideAngular =
  (zone: NgZone): ZoneRunner =>
  (work) =>
    zone.runOutsideAngular(work);

/** The way back to where it is called from: into Angular's zone, or out of it. */
export const captureZone = (zone: NgZone): ZoneRunner =>
  NgZone.isInAngularZone() ? (work) => zone.run(work) : outsideAngular(zone);

/**
 * Subscribes where `subscribeIn` runs, so that timers, sockets and listeners belong there, and hands on where `notifyIn` does. After an answer it completes in the same
 * run: each run in Angular's zone is a change detection.
 */
export const observeAcrossZones = <T>(
  source$: Observable<T>,
  subscribeIn: ZoneRunner,
  notifyIn: ZoneRunner,
): Observable<T> =>
  new Observable((subscriber) =>
    subscribeIn(() =>
      source$.subscribe({
        next: (value) =>
          notifyIn(() => {
            subscriber.next(value);
            if (Object(value).type === 'response') subscriber.complete();
          }),
        error: (error) => notifyIn(() => subscriber.error(error)),
        complete: () => subscriber.closed || notifyIn(() => subscriber.complete()),
      }),
    ),
  );

/**
 * The outermost interceptor of an api in Angular: a request runs outside Angular's zone, with all timers and refreshes that it may start, and is answered in the
 * zone of whoever subscribed. Until then it is a pending task: a server waits for it before it sends the page.
 *
 * @param isPrivate - Whether the answer to a request is for the session only.
 */
export const zonedRequests =
  (zone: NgZone, tasks: PendingTasks, isPrivate: (request: HttpRequest) => boolean | undefined): Interceptor =>
  (request, next) => {
    const runInCaller = captureZone(zone);
    // Each request has a context of its own.
    request.context.set(CALLER_ZONE, runInCaller).set(IS_PRIVATE, isPrivate(request));
    return observeAcrossZones(next(request), outsideAngular(zone), runInCaller).pipe(finalize(tasks.add()));
  };
