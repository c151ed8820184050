import type { Api, Session, SessionState } from 'renewal';
import { distinctUntilChanged, filter, map, type Observable, of, retry, skip, startWith, switchMap } from 'rxjs';

/** The signed-in user, as the shop says, also after a sign-in in another tab; `undefined` if none or unknown. */
export function user$(api: Api, session: Session): Observable<string | undefined> {
  // A separate client, so that the page does not show this request.
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
