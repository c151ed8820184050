import type { Api, Session } from 'renewal';
import { distinctUntilChanged, filter, map, merge, type Observable } from 'rxjs';
import { properName, SIGNED_OUT_HEADLINES } from './texts';

/** The headline for each change of the session, in this tab or in another. It replaces an outdated one. */
export function sessionHeadline$(
  api: Api,
  session: Session,
  user$: Observable<string | undefined>,
): Observable<string> {
  const signedIn$ = user$.pipe(
    filter((user) => user !== undefined),
    map((user) => `${properName(user)} is signed in, in all tabs. Expire the token, then send 50.`),
  );
  const signedOut$ = session.state$.pipe(
    distinctUntilChanged((one, other) => one.status === other.status),
    filter((state) => state.status === 'signed-out'),
    map(({ reason }) => SIGNED_OUT_HEADLINES[reason]),
  );
  const adopted$ = api.events$.pipe(
    filter((event) => event.type === 'session' && event.phase === 'adopted'),
    map(() => 'Another tab has refreshed the token. This tab uses the new one.'),
  );
  return merge(adopted$, signedOut$, signedIn$);
}
