import { NgZone } from '@angular/core';
import { Observable } from 'rxjs';

/** Runs a piece of work in one zone or another. */
export type Run = <T>(work: () => T) => T;

export const outside =
  (zone: NgZone): Run =>
  (work) =>
    zone.runOutsideAngular(work);

/** The way back to where it is called from: into Angular's zone, or out of it. */
export const backHere = (zone: NgZone): Run => (NgZone.isInAngularZone() ? (work) => zone.run(work) : outside(zone));

/**
 * Subscribes where `there` runs, so that timers, sockets and listeners belong there, and hands on where `back` does. After an answer it completes in the same
 * run: each run in Angular's zone is a change detection.
 */
export const across = <T>(source$: Observable<T>, there: Run, back: Run): Observable<T> =>
  new Observable((subscriber) =>
    there(() =>
      source$.subscribe({
        next: (value) =>
          back(() => {
            subscriber.next(value);
            if (Object(value).type === 'response') subscriber.complete();
          }),
        error: (error) => back(() => subscriber.error(error)),
        complete: () => subscriber.closed || back(() => subscriber.complete()),
      }),
    ),
  );
