import type { Api, Session, SessionState } from 'renewal';
import { distinctUntilChanged, filter, map, type Observable, of, retry, skip, startWith, switchMap } from 'rxjs';

/** Who is signed in, as the shop says, also after a sign-in in another tab; `undefined` while no one is, or as long as it is not known. */
export function user$(api: Api, session: Session): Observable<string | undefined> {
  // A client of its own, as what it asks is none of the requests that are shown.
  const http = api.extend({});
  const renewed$ = session.state$.pipe(
    skip(1),
    filter(({ status }) => status === 'active'),
  );
  return session.state$.pipe(
    map(sessionIdOf),
    distinctUntilChanged(),
    switchMap((sessionId) => {
      if (sessionId === undefined) return of(undefined);
      return http.get$<{ user: string }>('/me').pipe(
        map(({ user }) => user),
        retry({ delay: () => renewed$ }),
        startWith(undefined),
      );
    }),
  );
}

function sessionIdOf(state: SessionState): string | undefined {
  return 'tokens' in state ? state.tokens.sessionId : undefined;
}
