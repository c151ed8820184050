import type { Api, Session, TokenGrant } from 'renewal';
import { NEVER, type Observable, of, race, switchMap, take, takeUntil, timeout, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, virtually } from '../../support/virtual';

const TOKENS = { accessToken: 'T2', refreshToken: 'R2' };

/** The ways to start a refresh. */
const STARTS: Readonly<Record<string, (api: Api, session: Session) => Observable<unknown>>> = {
  'a request': (api) => api.get$('/a'),
  'refresh$()': (_api, session) => session.refresh$(),
  'accessToken$() with an expired token': (_api, session) => session.accessToken$(),
  'keepFresh$()': (_api, session) => session.keepFresh$(),
};

/** The ways to unsubscribe after 2 ms. */
const LEAVES: Readonly<Record<string, (asked$: Observable<unknown>) => Observable<unknown>>> = {
  takeUntil: (asked$) => asked$.pipe(takeUntil(timer(2))),
  timeout: (asked$) => asked$.pipe(timeout({ first: 2, with: () => of('late') })),
  race: (asked$) => race(asked$, timer(2)),
  'switchMap to something else': (asked$) =>
    timer(0, 2).pipe(
      take(2),
      switchMap((turn) => (turn === 0 ? asked$ : NEVER)),
    ),
};

const CASES = Object.keys(STARTS).flatMap((start) => Object.keys(LEAVES).map((leave) => [start, leave] as const));

failureMode(
  {
    id: 'N8',
    title: '`share()` counts references: the last unsubscribe aborts the refresh',
    renewal:
      'The refresh belongs to the session, not to the requests that wait for it: it is subscribed once and runs to its end, whatever unsubscribes.',
  },
  (signal) => {
    it.each(CASES)('runs to its end when %s started it and left by %s', (start, leave) => {
      virtually(({ cold, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('-----(g|)', { g: TOKENS });
        const { api, session, sent } = createVirtualClient({
          signal,
          grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 10 },
          refreshAheadMs: 0,
          refresh: () => refresh,
        });
        const asked$ = STARTS[start]?.(api, session) ?? NEVER;
        cold('10ms a').subscribe(() => LEAVES[leave]?.(asked$).subscribe());
        expectSubscriptions(refresh.subscriptions).toBe('10ms ^----!');
        flush();
        expect(session.state).toMatchObject({ status: 'active', tokens: TOKENS });
        expect(sent).toEqual([]);
      });
    });

    it('is joined, not restarted, by a request that comes after all others have left', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const refresh = cold<TokenGrant>('-----(g|)', { g: TOKENS });
        const { api } = createVirtualClient({ signal, refresh: () => refresh });
        expectObservable(api.get$('/a'), '^-!').toBe('---');
        expectObservable(api.get$('/b'), '---^').toBe('-----(v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('^----!');
      });
    });

    it.each([
      ['a sign-out', (session: Session) => session.signOut()],
      ['a sign-in', (session: Session) => session.signIn({ accessToken: 'B1' })],
      ['destroy()', (session: Session) => session.destroy()],
    ] as const)('is unsubscribed by %s, and by nothing else', (_, end) => {
      virtually(({ cold, expectSubscriptions }) => {
        const refresh = cold<TokenGrant>('-----(g|)', { g: TOKENS });
        const { api, session } = createVirtualClient({ signal, refresh: () => refresh });
        api.get$('/a').subscribe({ error: () => {} });
        cold('--a').subscribe(() => {
          end(session);
        });
        expectSubscriptions(refresh.subscriptions).toBe('^-!');
      });
    });
  },
);
