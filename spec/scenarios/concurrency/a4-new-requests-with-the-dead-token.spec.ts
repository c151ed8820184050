import type { TokenGrant } from 'renewal';
import { delay, lastValueFrom, of, switchMap, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createSlowStore } from '../../support/slow-store';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'A4',
    title: 'New requests leave with the expired token while the refresh runs',
    renewal:
      'No request leaves with a token that is known to be expired: new requests wait, and are sent once, with the new token.',
    threads: [
      'felangel/fresh#141',
      'manfredsteyer/angular-oauth2-oidc#1446',
      'Flyrell/axios-auth-refresh#113',
      'Flyrell/axios-auth-refresh#139',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it.each([1, 50])('sends nothing more with the token after the first of %i expired responses', async (count) => {
      const { api } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const out = settleAll(paths(count).map((path) => api.get$<Echo>(path)));
      await dead.arrived(count);
      dead.open(({ path }) => path === '/orders/0');
      await refresh.arrived(1);
      const later = settleAll(paths(10, 'later').map((path) => api.get$<Echo>(path)));
      // This later request has its response, so the others have not been sent.
      await lastValueFrom(api.get$('/public', { auth: false })).catch(() => {});
      expect(server.hits.filter(({ path }) => path.startsWith('/later'))).toEqual([]);
      dead.open();
      refresh.open();

      expect(errorsOf(await out)).toEqual(Array(count).fill(undefined));
      expect(errorsOf(await later)).toEqual(Array(10).fill(undefined));
      for (const path of paths(10, 'later')) expect(server.tokensOf(path)).toEqual([T2]);
      const order = server.hits.map(({ token }) => token).filter(Boolean);
      expect(order).toEqual([...Array(count).fill(T1), ...Array(count + 10).fill(T2)]);
      expect(server.refreshes).toBe(1);
    });

    it('holds new requests until the new tokens are stored', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const { api, sentPaths } = createExpiredClient(server, { issued, store });
      const first = lastValueFrom(api.get$('/first'));
      await writes.arrived(1);
      const later = settleAll(paths(10, 'later').map((path) => api.get$<Echo>(path)));
      expect(sentPaths).toEqual(['/first', REFRESH]);
      writes.open();

      await first;
      expect(errorsOf(await later)).toEqual(Array(10).fill(undefined));
      for (const path of paths(10, 'later')) expect(server.tokensOf(path)).toEqual([T2]);
    });

    it('holds new requests while the refresh itself waits for the store', () => {
      virtually(({ expectObservable, cold, flush }) => {
        const { api, sent } = createVirtualClient({
          signal,
          refresh: () => cold<TokenGrant>('30ms (g|)', { g: { accessToken: 'T2' } }),
          store: {
            load: () => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }),
            save: () => {},
            clear: () => {},
            exclusive: (work) => timer(50).pipe(switchMap(() => work)),
          },
        });
        expectObservable(api.get$('/first')).toBe('80ms (v|)', { v: { by: 'T2' } });
        for (const ms of [10, 49, 51, 79]) {
          expectObservable(api.get$(`/${ms}`), `${ms}ms ^`).toBe('80ms (v|)', { v: { by: 'T2' } });
        }
        flush();
        const later = ['/first', '/10', '/49', '/51', '/79'].map((path) => `GET ${path} T2`);
        expect(sent).toEqual(['GET /first T1', ...later]);
      });
    });

    it('holds new requests during an early refresh, once the server rejects the token', () => {
      virtually(({ cold, expectObservable, flush }) => {
        let isRefused = false;
        const { api, sent } = createVirtualClient({
          signal,
          grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 100 },
          refresh: () => cold<TokenGrant>('20ms (g|)', { g: { accessToken: 'T2' } }),
          isDead: (token) => isRefused && token === 'T1',
          respond: (_request, answer) => of(answer).pipe(delay(1)),
        });
        timer(64).subscribe(() => {
          isRefused = true;
        });
        expectObservable(api.get$('/starts'), '60ms ^').toBe('61ms (v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/alive'), '62ms ^').toBe('63ms (v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/refused'), '65ms ^').toBe('81ms (v|)', { v: { by: 'T2' } });
        expectObservable(api.get$('/waits'), '67ms ^').toBe('81ms (v|)', { v: { by: 'T2' } });
        flush();
        expect(sent).toEqual([
          'GET /starts T1',
          'GET /alive T1',
          'GET /refused T1',
          'GET /refused T2',
          'GET /waits T2',
        ]);
      });
    });
  },
);
