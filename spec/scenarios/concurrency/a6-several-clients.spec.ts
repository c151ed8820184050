import { bearer, createApi } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import {
  createClient,
  createExpiredClient,
  errorOf,
  errorsOf,
  settleAll,
  type TestClient,
} from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';
const RENEWED = { accessToken: T2, refreshToken: 'a.refresh.2' };

failureMode(
  {
    id: 'A6',
    title: 'Several clients of one session refresh separately',
    renewal:
      'The refresh belongs to the session, and sessions that share a store refresh once: the others adopt the new tokens. Sessions with separate stores are independent.',
    threads: ['Flyrell/axios-auth-refresh#210', 'Flyrell/axios-auth-refresh#286'],
  },
  (signal) => {
    const server = withServer(signal);

    /** A second session on the store of `client`, as another part of a program would create it. */
    const createBeside = ({ store, issued }: TestClient): TestClient => createClient(server, { store, issued });

    it('refreshes once for all clients of one session', async () => {
      const { api, session } = createExpiredClient(server);
      const apis = [
        api,
        api.extend({ headers: { 'x-app': '2' } }),
        createApi({ baseUrl: server.origin, session }),
        createApi({ baseUrl: server.origin, interceptors: [bearer(session)] }),
      ];
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(apis.map((each, index) => each.get$(`/orders/${index}`)));
      await dead.arrived(apis.length);
      dead.open();

      expect(errorsOf(await results)).toEqual(apis.map(() => undefined));
      apis.forEach((_, index) => {
        expect(server.tokensOf(`/orders/${index}`)).toEqual([T1, T2]);
      });
      expect(server.refreshes).toBe(1);
    });

    it.each([2, 5])('refreshes once for %i sessions that share one store', async (count) => {
      const first = createExpiredClient(server);
      const clients = [first, ...Array.from({ length: count - 1 }, () => createBeside(first))];
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(clients.map(({ api }, index) => api.get$<Echo>(`/orders/${index}`)));
      await dead.arrived(count);
      dead.open();

      expect(errorsOf(await results)).toEqual(Array(count).fill(undefined));
      expect(server.presented).toEqual(['a.refresh.1']);
      clients.forEach(({ session }, index) => {
        expect(server.tokensOf(`/orders/${index}`)).toEqual([T1, T2]);
        expect(session.state).toMatchObject({ status: 'active', tokens: RENEWED });
      });
    });

    it('adopts tokens that another session of the store has refreshed long before', async () => {
      const one = createExpiredClient(server);
      const other = createBeside(one);
      await lastValueFrom(one.api.get$('/one'));
      expect(await lastValueFrom(other.api.get$<Echo>('/other'))).toMatchObject({ nth: 1 });
      expect(server.tokensOf('/other')).toEqual([T2]);
      expect(other.session.state).toMatchObject({ status: 'active', tokens: RENEWED });
      expect(server.refreshes).toBe(1);
    });

    it('refreshes adopted tokens with the refresh token that came with them', async () => {
      const one = createExpiredClient(server);
      const other = createBeside(one);
      await lastValueFrom(one.api.get$('/one'));
      await lastValueFrom(other.api.get$('/other'));
      server.live.clear();
      expect(await lastValueFrom(other.api.get$<Echo>('/other'))).toMatchObject({ by: 'a.access.3' });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2']);
      expect(one.session.state).toMatchObject({ tokens: { accessToken: 'a.access.3' } });
    });

    it('refreshes sessions with separate stores independently, and mixes nothing up', async () => {
      const users = ['a', 'b'].map((user) => ({ user, ...createExpiredClient(server, { user }) }));
      const dead = server.hold(({ token }) => token.endsWith('.1'));
      const requests = Array.from({ length: 100 }, (_, index) =>
        users.map(({ user, api }) => api.get$<Echo>(`/${user}/${index}`)),
      );
      const results = settleAll(requests.flat());
      await dead.arrived(200);
      dead.open();

      expect(errorsOf(await results)).toEqual(Array(200).fill(undefined));
      expect(server.hits).toHaveLength(400);
      for (const { path, token } of server.hits) expect(token[0]).toBe(path[1]);
      expect([...server.presented].sort()).toEqual(['a.refresh.1', 'b.refresh.1']);
      for (const { user, session, store } of users) {
        const renewed = { accessToken: `${user}.access.2`, refreshToken: `${user}.refresh.2` };
        expect(session.state).toMatchObject({ status: 'active', tokens: renewed });
        expect(await store.load()).toMatchObject(renewed);
      }
    });

    it('ends one of two sessions with separate stores without the other', async () => {
      const a = createExpiredClient(server, { user: 'a' });
      const b = createExpiredClient(server, { user: 'b' });
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const error = await errorOf(a.api.get$('/a'));
      server.refreshReply = undefined;

      expect(error).toMatchObject({ code: 'session-expired' });
      expect(await lastValueFrom(b.api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2' });
      expect(a.session.state.status).toBe('signed-out');
      expect(b.session.state.status).toBe('active');
      expect(tokensShownBy([error, a.session, a.api, a.http, a.store])).toEqual([]);
    });
  },
);
