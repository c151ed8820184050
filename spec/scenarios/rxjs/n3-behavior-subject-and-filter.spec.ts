import { memoryStore, type Session, type SessionOptions, type TokenGrant } from 'renewal';
import { delay, EMPTY, map, mergeMap, NEVER, type Observable, of, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, lineOf, virtually } from '../../support/virtual';

const GRANT: TokenGrant = { accessToken: 'T1', refreshToken: 'R1' };

const after5 = (end: () => Observable<TokenGrant>) => () => timer(5).pipe(mergeMap(end));
const failing = after5(() => throwError(() => new Error('refused')));

/** Events 5 ms after the requests began to wait, and their outcome: a token, or an error with a code. */
interface End {
  readonly options?: Partial<SessionOptions>;
  readonly act?: (session: Session) => unknown;
  readonly token?: string;
  readonly code?: string;
}

const createEnds = (): Readonly<Record<string, End>> => {
  const store = memoryStore(GRANT);
  const refuse = after5(() => {
    store.save({ accessToken: 'T2', sessionId: Object(store.load()).sessionId });
    return throwError(() => new Error('refused'));
  });
  return {
    'grants a new token': { options: { refresh: after5(() => of({ accessToken: 'T2' })) }, token: 'T2' },
    'grants the same token again': { options: { refresh: after5(() => of(GRANT)) }, token: 'T1' },
    'fails transiently': { options: { refresh: failing }, code: 'refresh' },
    'is refused': { options: { refresh: failing, isRefused: () => true }, code: 'session-expired' },
    'is refused after another tab has refreshed': {
      options: { refresh: refuse, isRefused: () => true, store },
      token: 'T2',
    },
    'completes without a grant': { options: { refresh: after5(() => EMPTY) }, code: 'refresh' },
    // Plain JavaScript may return it.
    'emits null': { options: { refresh: after5(() => of(null as unknown as TokenGrant)) }, code: 'refresh' },
    'never responds': { options: { refreshTimeoutMs: 5 }, code: 'refresh' },
    'is ended by a sign-out': { act: (session) => session.signOut(), code: 'signed-out' },
    'is ended by a sign-in': { act: (session) => session.signIn({ accessToken: 'B1' }), code: 'signed-out' },
    'is ended by destroy()': { act: (session) => session.destroy(), code: 'signed-out' },
  };
};

failureMode(
  {
    id: 'N3',
    title: '`BehaviorSubject(null)` and `filter`: only a new token wakes the waiters',
    renewal: 'Every outcome of a refresh settles all waiting requests in the same tick; no value means "not yet".',
  },
  (signal) => {
    it.each(Object.keys(createEnds()))('settles all waiting requests in the tick in which the refresh %s', (name) => {
      virtually(({ cold, expectObservable, flush }) => {
        const { options, act = () => {}, token, code } = createEnds()[name] ?? {};
        let isDead = true;
        const { api, session } = createVirtualClient({
          signal,
          refresh: () => NEVER,
          ...options,
          isDead: () => isDead,
          respond: (request, answer) =>
            lineOf(request) === 'GET /slow T1' && isDead ? of(answer).pipe(delay(3)) : of(answer),
        });
        cold('-----a').subscribe(() => {
          isDead = false;
          act(session);
        });
        const settles = (asked$: Observable<unknown>, from: string, value: unknown): void => {
          if (token) expectObservable(asked$, from).toBe('-----(v|)', { v: value });
          else expectObservable(asked$, from).toBe('-----#', {}, expect.objectContaining({ code }));
        };
        // The request that starts the refresh, one that expires while it runs, and later ones.
        settles(api.get$('/first'), '^', { by: token });
        settles(api.get$('/slow'), '^', { by: token });
        settles(api.get$('/late'), '---^', { by: token });
        settles(session.refresh$(), '---^', expect.objectContaining({ accessToken: token }));
        settles(session.accessToken$(), '---^', token);
        flush();
      });
    });

    it('emits the refreshing state and its tokens to a subscriber during the refresh', () => {
      virtually(({ expectObservable }) => {
        const { api, session } = createVirtualClient({ signal, refresh: after5(() => of({ accessToken: 'T2' })) });
        api.get$('/a').subscribe();
        const shown$ = session.state$.pipe(map((state) => `${state.status} ${Object(state).tokens.accessToken}`));
        expectObservable(shown$, '---^').toBe('---r-a', { r: 'refreshing T1', a: 'active T2' });
      });
    });
  },
);
