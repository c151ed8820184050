import type { TokenGrant } from 'renewal';
import { lastValueFrom, type Observable, Subject, Subscription, switchMap, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'D1',
    title: 'The caller that started the refresh unsubscribes: it dies, and all others hang',
    renewal:
      'The refresh belongs to the session: it continues after any unsubscribe, and the other requests get their responses.',
    threads: ['Devstackr/task-manager-mean-stack#1', 'repsyio/repsy#213'],
  },
  (signal) => {
    const server = withServer(signal);

    it('responds to the other four requests when the first of five is unsubscribed', async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const first = api.get$('/first').subscribe();
      await refresh.arrived(1);
      const others = settleAll(paths(4).map((path) => api.get$<Echo>(path)));
      first.unsubscribe();
      refresh.open();

      expect(errorsOf(await others)).toEqual(Array(4).fill(undefined));
      for (const path of paths(4)) expect(server.tokensOf(path)).toEqual([T2]);
      expect(server.tokensOf('/first')).toEqual([T1]);
      expect(server.refreshes).toBe(1);
    });

    it("serves the next page when a route change cancels the previous page's request", async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const route$ = new Subject<string>();
      const page = lastValueFrom(route$.pipe(switchMap((path) => api.get$<Echo>(path))));
      route$.next('/before');
      await refresh.arrived(1);
      route$.next('/after');
      route$.complete();
      refresh.open();

      expect(await page).toMatchObject({ path: '/after', by: T2, nth: 1 });
      expect(server.tokensOf('/before')).toEqual([T1]);
      expect(server.refreshes).toBe(1);
    });

    /** A client whose refresh waits 10 ms for the lock, and then 10 ms for the server. */
    const createLocked = (refresh: Observable<TokenGrant>) =>
      createVirtualClient({
        signal,
        refresh: () => refresh,
        store: {
          load: () => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }),
          save: () => {},
          clear: () => {},
          exclusive: (work) => timer(10).pipe(switchMap(() => work)),
        },
      });

    it.each([
      ['in the tick of its start', 0],
      ['while it waits for the lock', 5],
      ['in the tick of the refresh request', 10],
      ['while the refresh request is in flight', 15],
    ])('continues the refresh when the first request is unsubscribed %s', (_, ms) => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('10ms (g|)', { g: { accessToken: 'T2' } });
        const { api, sent } = createLocked(refresh);
        const first = api.get$('/first').subscribe();
        if (ms === 0) first.unsubscribe();
        else first.add(timer(ms).subscribe(() => first.unsubscribe()));
        expectObservable(api.get$('/other')).toBe('20ms (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('10ms ^ 9ms !');
        flush();
        expect(sent).toEqual(['GET /first T1', 'GET /other T2']);
      });
    });

    it('continues the refresh when a state subscriber cancels the first request', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const refresh = cold<TokenGrant>('10ms (g|)', { g: { accessToken: 'T2' } });
        const { api, session } = createVirtualClient({ signal, refresh: () => refresh });
        const first = new Subscription();
        session.state$.subscribe(({ status }) => status === 'refreshing' && first.unsubscribe());
        first.add(api.get$('/first').subscribe());
        expect(first.closed).toBe(true);
        expectObservable(api.get$('/other')).toBe('10ms (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('^ 9ms !');
      });
    });
  },
);
