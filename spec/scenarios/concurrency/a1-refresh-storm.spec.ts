import { lastValueFrom, map } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'A1',
    title: 'Refresh storm: each expired response starts its own refresh',
    renewal:
      'One refresh runs, however many requests find the token expired; each of them is replayed once, with the new token.',
    threads: [
      'Flyrell/axios-auth-refresh#13',
      'reduxjs/redux-toolkit#1782',
      'felangel/fresh#126',
      'googleapis/google-auth-library-nodejs#338',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it.each([1, 2, 50, 500])(
      'refreshes once for %i requests in flight, and sends each exactly twice',
      async (count) => {
        const { api, session, store } = createExpiredClient(server);
        const dead = server.hold(({ token }) => token === T1);
        const results = settleAll(paths(count).map((path) => api.get$<Echo>(path)));
        await dead.arrived(count);
        dead.open();

        expect(errorsOf(await results)).toEqual(Array(count).fill(undefined));
        expect(server.presented).toEqual(['a.refresh.1']);
        for (const path of paths(count)) expect(server.tokensOf(path)).toEqual([T1, T2]);
        expect(server.hits).toHaveLength(2 * count);
        const renewed = { accessToken: T2, refreshToken: 'a.refresh.2' };
        expect(session.state).toMatchObject({ status: 'active', tokens: renewed });
        expect(await store.load()).toMatchObject(renewed);
      },
    );

    it('refreshes once for 50 requests to the same url', async () => {
      const { api } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(paths(50).map(() => api.get$<Echo>('/orders')));
      await dead.arrived(50);
      dead.open();

      expect(errorsOf(await results)).toEqual(Array(50).fill(undefined));
      expect(server.tokensOf('/orders')).toEqual([...Array(50).fill(T1), ...Array(50).fill(T2)]);
      expect(server.refreshes).toBe(1);
    });

    it('requests, refresh$ and accessToken$ share one refresh, in any order', async () => {
      const { api, session, received } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const byHand = lastValueFrom(session.refresh$().pipe(map(({ accessToken }) => accessToken)));
      await refresh.arrived(1);
      const byRequest = lastValueFrom(api.get$<Echo>('/orders').pipe(map(({ by }) => by)));
      const again = lastValueFrom(session.refresh$().pipe(map(({ accessToken }) => accessToken)));
      await received('/orders');
      const forSocket = lastValueFrom(session.accessToken$());
      refresh.open();

      expect(await Promise.all([byHand, byRequest, again, forSocket])).toEqual([T2, T2, T2, T2]);
      expect(server.refreshes).toBe(1);
    });
  },
);
