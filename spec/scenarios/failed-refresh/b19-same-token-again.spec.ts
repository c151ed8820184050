import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const COUNT = 10;
const T1 = 'a.access.1';

failureMode(
  {
    id: 'B19',
    title: 'The server issues the same access token again, and waiters hang for another one',
    renewal:
      'Tokens are told apart by their generation, not by their text: waiting requests are replayed once, and a token that is rejected then is a `TokenRejectedError`.',
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(() => {
      server.refreshReply = json({ accessToken: T1 });
    });

    it('replays the waiting requests with the same token if the server accepts it now', async () => {
      const { api, session } = createExpiredClient(server);
      const { generation } = session.state;
      const refresh = server.hold(({ path }) => path === REFRESH);
      const waiting = settleAll(paths(COUNT).map((path) => api.get$<Echo>(path)));
      await refresh.arrived(1);
      const held = settleAll(paths(COUNT, 'held').map((path) => api.get$<Echo>(path)));
      server.live.add(T1);
      refresh.open();

      expect(errorsOf([...(await waiting), ...(await held)])).toEqual(Array(2 * COUNT).fill(undefined));
      for (const path of paths(COUNT)) expect(server.tokensOf(path)).toEqual([T1, T1]);
      for (const path of paths(COUNT, 'held')) expect(server.tokensOf(path)).toEqual([T1]);
      expect(server.refreshes).toBe(1);
      expect(session.state).toMatchObject({ status: 'active', generation: generation + 1 });
    });

    it('fails each waiting request after its replay if the server rejects it again', async () => {
      const { api, session } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(paths(COUNT).map((path) => api.get$(path)));
      await dead.arrived(COUNT);
      dead.open();

      const errors = errorsOf(await results);
      expect(errors.filter((error) => isApiError(error, 'token-rejected'))).toHaveLength(COUNT);
      for (const [index, path] of paths(COUNT).entries()) {
        expect(errors[index]).toMatchObject({ response: { body: { path, nth: 2 } } });
        expect(server.tokensOf(path)).toEqual([T1, T1]);
      }
      expect(server.refreshes).toBe(1);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T1 } });
    });

    it('emits the same token from refresh$ and accessToken$', async () => {
      const { api, session } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const first = settleAll([api.get$('/orders')]);
      await refresh.arrived(1);
      const tokens = lastValueFrom(session.refresh$());
      const accessToken = lastValueFrom(session.accessToken$());
      refresh.open();
      expect(await tokens).toMatchObject({ accessToken: T1, refreshToken: 'a.refresh.1' });
      expect(await accessToken).toBe(T1);
      await first;
      expect(server.refreshes).toBe(1);
    });

    it('keeps the new refresh token that comes with it', async () => {
      const { api, session, store } = createExpiredClient(server);
      server.refreshReply = json({ accessToken: T1, refreshToken: 'a.refresh.9' });
      server.live.add(T1);
      await lastValueFrom(session.refresh$());
      expect(await store.load()).toMatchObject({ accessToken: T1, refreshToken: 'a.refresh.9' });

      server.live.clear();
      const settled = createBarrier();
      api.get$('/orders').subscribe({ error: settled.open });
      await settled.opened;
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.9']);
    });
  },
);
