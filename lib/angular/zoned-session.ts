import type { NgZone, PendingTasks } from '@angular/core';
import type { Session } from 'renewal';
import { defer, finalize, Observable } from 'rxjs';
import { across, backHere, outside } from './zone';

/**
 * The same session, entered from outside Angular's zone whoever calls it, as what it does may start a timer of `keepFresh$()`; each subscriber hears
 * of it in the zone that they subscribed in. Who asks for tokens is a pending task.
 */
export const zonedSession = (session: Session, zone: NgZone, tasks: PendingTasks): Session => {
  const leave = outside(zone);
  const there = <T>(source$: () => Observable<T>): Observable<T> =>
    new Observable((subscriber) => across(leave(source$), leave, backHere(zone)).subscribe(subscriber));
  const awaited = <T>(source$: () => Observable<T>): Observable<T> =>
    defer(() => there(source$).pipe(finalize(tasks.add())));
  // Inherits what is not named here, the inside of the session that `createApi` looks for too.
  const zoned: Session = Object.create(session);
  return Object.assign(zoned, {
    state$: there(() => session.state$),
    signIn: (grant) => leave(() => session.signIn(grant)),
    signOut: () => leave(() => session.signOut()),
    refresh$: () => awaited(() => session.refresh$()),
    accessToken$: () => awaited(() => session.accessToken$()),
    keepFresh$: (options) => there(() => session.keepFresh$(options)),
  } satisfies Omit<Session, 'state' | 'destroy'>);
};
