import type { TokenGrant } from 'renewal';
import { delay, lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { createSlowStore } from '../../support/slow-store';
import { createVirtualClient, lineOf, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';
const T3 = 'a.access.3';

failureMode(
  {
    id: 'A3',
    title: 'A late expired response starts an unneeded refresh',
    renewal:
      'A request asks for a refresh only if the token that it carried is still current. A request with a late response is replayed at once.',
    threads: ['TimeTac/js-client-library#46', 'openedx-unsupported/edx-app-android#834'],
  },
  (signal) => {
    const server = withServer(signal);

    /** A request that was sent with T1 and whose expired response the test holds. */
    const sendLate = async (client: ReturnType<typeof createExpiredClient>) => {
      const gate = server.hold(({ path, token }) => path === '/late' && token === T1);
      const result = lastValueFrom(client.api.get$<Echo>('/late'));
      await gate.arrived(1);
      return { result, open: () => gate.open() };
    };

    it('replays a request at once if it expires 380 ms after the refresh', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('200ms (g|)', { g: { accessToken: 'T2' } });
        const { api, sent } = createVirtualClient({
          signal,
          refresh: () => refresh,
          respond: (request, answer) => of(answer).pipe(delay(lineOf(request).startsWith('GET /b') ? 600 : 20)),
        });
        expectObservable(api.get$('/a')).toBe('240ms (v|)', { v: { by: 'T2' } });
        expectObservable(api.get$('/b')).toBe('1200ms (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('20ms ^ 199ms !');
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /b T1', 'GET /a T2', 'GET /b T2']);
      });
    });

    it('refreshes once for responses before, during and after the refresh', async () => {
      const { api, received } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const request = (path: string) => lastValueFrom(api.get$<Echo>(path));
      const [before, during, after] = [request('/before'), request('/during'), request('/after')];
      await dead.arrived(3);

      dead.open(({ path }) => path === '/before');
      await refresh.arrived(1);
      dead.open(({ path }) => path === '/during');
      await received('/during');
      expect(server.hits).toHaveLength(3);
      refresh.open();
      expect(await Promise.all([before, during])).toMatchObject([
        { path: '/before', by: T2 },
        { path: '/during', by: T2 },
      ]);
      expect(server.tokensOf('/after')).toEqual([T1]);
      dead.open();

      expect(await after).toMatchObject({ path: '/after', by: T2, nth: 2 });
      expect(server.refreshes).toBe(1);
      expect(server.hits).toHaveLength(6);
    });

    it('waits for the write if the response arrives during the write of new tokens', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const client = createExpiredClient(server, { issued, store });
      const late = await sendLate(client);
      const first = lastValueFrom(client.api.get$('/first'));
      await writes.arrived(1);
      late.open();
      await client.received('/late');
      expect(server.tokensOf('/late')).toEqual([T1]);
      writes.open();

      expect(await late.result).toMatchObject({ by: T2, nth: 2 });
      await first;
      expect(server.refreshes).toBe(1);
    });

    it('replays with the newest token after two refreshes, and starts no third', async () => {
      const client = createExpiredClient(server);
      const late = await sendLate(client);
      await lastValueFrom(client.api.get$('/one'));
      server.live.clear();
      await lastValueFrom(client.api.get$('/two'));
      late.open();

      expect(await late.result).toMatchObject({ by: T3 });
      expect(server.tokensOf('/late')).toEqual([T1, T3]);
      expect(server.refreshes).toBe(2);
    });

    it('waits for a later running refresh, and never sends the token in between', async () => {
      const client = createExpiredClient(server);
      const late = await sendLate(client);
      await lastValueFrom(client.api.get$('/one'));
      server.live.clear();
      const second = server.hold(({ path }) => path === REFRESH);
      const two = lastValueFrom(client.api.get$('/two'));
      await second.arrived(1);
      late.open();
      await client.received('/late');
      second.open();

      await two;
      expect(await late.result).toMatchObject({ by: T3 });
      expect(server.tokensOf('/late')).toEqual([T1, T3]);
      expect(server.refreshes).toBe(2);
    });

    it('tells tokens apart by their refresh, even if the server issues the same text', async () => {
      const client = createExpiredClient(server);
      const late = await sendLate(client);
      server.refreshReply = json({ accessToken: T1 });
      server.live.add(T1);
      await lastValueFrom(client.session.refresh$());
      late.open();

      expect(await late.result).toMatchObject({ by: T1, nth: 2 });
      expect(server.refreshes).toBe(1);
    });
  },
);
