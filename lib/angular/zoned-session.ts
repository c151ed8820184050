import type { NgZone, PendingTasks } from '@angular/core';
import type { Session } from 'renewal';
import { defer, finalize, Observable } from 'rxjs';
import { captureZone, observeAcrossZones, outsideAngular } from './zone';

/**
 * Wraps a session so that each call runs outside Angular's zone, because it may start a timer of `keepFresh$()`. Each
 * subscriber is notified in its own zone. A call that waits for tokens is a pending task.
 */
export const zonedSession = (session: Session, zone: NgZone, tasks: PendingTasks): Session => {
  const runOutside = outsideAngular(zone);
  const outside$ = <T>(source$: () => Observable<T>): Observable<T> =>
    new Observable((subscriber) =>
      observeAcrossZones(runOutside(source$), runOutside, captureZone(zone)).subscribe(subscriber),
    );
  const asPendingTask$ = <T>(source$: () => Observable<T>): Observable<T> =>
    defer(() => outside$(source$).pipe(finalize(tasks.add())));
  // Inherits all other members, also the internals of the session that `createApi` reads.
  const zoned: Session = Object.create(session);
  return Object.assign(zoned, {
    state$: outside$(() => session.state$),
    signIn: (grant) => runOutside(() => session.signIn(grant)),
    update: (grant) => runOutside(() => session.update(grant)),
    signOut: () => runOutside(() => session.signOut()),
    refresh$: (options) => asPendingTask$(() => session.refresh$(options)),
    accessToken$: () => asPendingTask$(() => session.accessToken$()),
    keepFresh$: (options) => outside$(() => session.keepFresh$(options)),
  } satisfies Omit<Session, 'state' | 'destroy'>);
};
