import { ajaxTransport, createApi, createSession, memoryStore, type TokenGrant } from 'renewal';
import { lastValueFrom, NEVER, of, throwError } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, json, REFRESH } from '../../support/server';
import { errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'I9',
    title: 'The refresh token is a cookie that scripts cannot read',
    renewal:
      'No refresh token is needed: `refresh` and `restore` are requests with `withCredentials`, and a sign-out aborts them before their cookie arrives.',
    threads: ['Flyrell/axios-auth-refresh#214', 'geolens-io/geolens#1446'],
  },
  (signal) => {
    const server = withServer(signal);

    /** A page whose refresh token the browser keeps: the server issues access tokens alone. */
    const openPage = (...held: readonly [] | readonly [accessToken: string]) => {
      /** For each request that was sent, whether it carried the cookie. */
      const cookies: [string, boolean][] = [];
      const ajax = ajaxTransport();
      const http = createApi({
        baseUrl: server.origin,
        transport: (request) => {
          cookies.push([new URL(request.url).pathname, request.withCredentials]);
          return ajax(request);
        },
      });
      const renew = () => http.post$<TokenGrant>(REFRESH, {}, { withCredentials: true });
      const [accessToken] = held;
      const store = memoryStore(accessToken === undefined ? undefined : { accessToken });
      const onSessionExpired = vi.fn();
      const session = createSession({ refresh: renew, restore: renew, store, onSessionExpired });
      return { api: http.extend({ session }), session, store, cookies, onSessionExpired };
    };

    const handOut = (accessToken: string): void => {
      server.live.add(accessToken);
      server.refreshReply = json({ accessToken });
    };

    it('refreshes without a refresh token, every time', async () => {
      const { api, session, store, cookies } = openPage(T1);
      for (const accessToken of [T2, 'a.access.3', 'a.access.4']) {
        server.live.clear();
        handOut(accessToken);
        expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: accessToken });
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken } });
        expect(await store.load()).not.toHaveProperty('refreshToken');
      }
      expect(cookies.filter(([, withCredentials]) => withCredentials)).toEqual(Array(3).fill([REFRESH, true]));
      expect(cookies.filter(([path]) => path === REFRESH)).toHaveLength(3);
    });

    it('calls restore once after a reload, at the first request, for all waiting ones', async () => {
      const { api, session, store, cookies } = openPage();
      handOut(T2);
      expect(session.state.status).toBe('loading');
      expect(cookies).toEqual([]);
      const results = await settleAll(paths(10).map((path) => api.get$(path)));
      expect(errorsOf(results)).toEqual(Array(10).fill(undefined));
      for (const path of paths(10)) expect(server.tokensOf(path)).toEqual([T2]);
      expect(server.refreshes).toBe(1);
      expect(cookies[0]).toEqual([REFRESH, true]);
      expect(await store.load()).toMatchObject({ accessToken: T2 });
    });

    it.each([
      ['the token has expired', [T1]],
      ['the page has been loaded again', []],
    ] as const)('aborts the request on the wire at a sign-out, when %s', async (_, held) => {
      const { api, session, store } = openPage(...held);
      handOut(T2);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const results = settleAll(paths(3).map((path) => api.get$(path)));
      await refresh.arrived(1);
      await session.signOut();
      await server.aborted(REFRESH);
      refresh.open();

      expect(errorsOf(await results)).toMatchObject(Array(3).fill({ code: 'signed-out' }));
      expect(await store.load()).toBeNull();
      await settleAll([api.get$('/public')]);
      expect(server.tokensOf('/public')).toEqual(['']);
      expect(server.refreshes).toBe(1);
    });

    it('ends the session when the cookie is refused, once', async () => {
      const { api, session, store, onSessionExpired } = openPage(T1);
      server.refreshReply = { status: 401 };
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(paths(3).map((path) => api.get$(path)));
      await dead.arrived(3);
      dead.open();
      expect(errorsOf(await results)).toMatchObject(Array(3).fill({ code: 'session-expired' }));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(await store.load()).toBeNull();
      expect(onSessionExpired).toHaveBeenCalledOnce();
      expect(server.refreshes).toBe(1);
    });

    it('starts signed out after a reload when the cookie is refused', async () => {
      const { api, session, onSessionExpired } = openPage();
      server.refreshReply = { status: 401 };
      await settleAll(paths(3).map((path) => api.get$(path)));
      for (const path of paths(3)) expect(server.tokensOf(path)).toEqual(['']);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      await settleAll([api.get$('/later')]);
      expect(server.refreshes).toBe(1);
      expect(onSessionExpired).not.toHaveBeenCalled();
    });

    it('fails waiting requests on a transient failure after a reload, and tries again', async () => {
      const { api, session } = openPage();
      server.refreshReply = { status: 503, headers: { 'retry-after': '0' } };
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', cause: { status: 503 } });
      expect(session.state.status).toBe('loading');
      handOut(T2);
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: T2, nth: 1 });
      expect(server.refreshes).toBe(2);
    });

    it('restores through the client of its own session as well', async () => {
      const session = createSession({
        refresh: () => NEVER,
        restore: () => api.post$<TokenGrant>(REFRESH, {}, { withCredentials: true }),
      });
      const api = createApi({ baseUrl: server.origin, session });
      handOut(T2);
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: T2, nth: 1 });
      expect(server.refreshHits).toMatchObject([{ authorization: undefined }]);
    });

    it('calls no restore if the store has tokens, nor after a sign-out', async () => {
      const restore = vi.fn(() => of({ accessToken: 'T3' }));
      const { api, session } = createVirtualClient({ signal, restore, isDead: () => false });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T1' }));
      await session.signOut();
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: '-' }));
      expect(restore).not.toHaveBeenCalled();
    });

    it('waits for refreshTimeoutMs at most, and calls no restore in the cool-down', () => {
      virtually(({ expectObservable, flush }) => {
        const restore = vi.fn(() => NEVER);
        const { api } = createVirtualClient({ signal, store: memoryStore(), restore, refreshTimeoutMs: 9 });
        const failed = expect.objectContaining({ code: 'refresh' });
        expectObservable(api.get$('/a')).toBe('---------#', undefined, failed);
        expectObservable(api.get$('/b'), '99ms ^').toBe('99ms #', undefined, failed);
        flush();
        expect(restore).toHaveBeenCalledOnce();
      });
    });

    it.each([
      ['completes without a grant', () => of()],
      [
        'throws',
        () => {
          throw new Error();
        },
      ],
      ['is rejected', () => throwError(() => new Error())],
      ['grants no token', () => of({ accessToken: '' })],
    ])('settles all waiting requests if `restore` %s', (_, restore) => {
      const { api } = createVirtualClient({ signal, store: memoryStore(), restore });
      expect(outcomeOf(api.get$('/a'))).toMatchObject({ error: { code: 'refresh' } });
    });
  },
);
