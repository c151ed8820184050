import { isApiError, type Session, type SessionExpiredError, type SessionState } from 'renewal';
import { lastValueFrom, Subscription } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import type { Gate } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { type Echo, type Hit, json, REFRESH } from '../../support/server';
import { createExpiredClient, errorOf, paths, stateOf } from '../../support/server-client';
import { createSlowStore } from '../../support/slow-store';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';
const RENEWED = { accessToken: T2, refreshToken: 'a.refresh.2' };

failureMode(
  {
    id: 'D2',
    title: 'All requests are unsubscribed: the refresh is aborted, the rotated token lost',
    renewal: 'The refresh continues without any waiting request, and its tokens are stored for the next request.',
    threads: ['repsyio/repsy#213'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path }) => path === REFRESH);
    });

    const renewed = (session: Session): Promise<SessionState> =>
      stateOf(session, (state) => state.status === 'active' && state.tokens.accessToken === T2);

    it('stores the rotated tokens, and sends the next request with them', async () => {
      const { api, session, store, received } = createExpiredClient(server);
      const all = new Subscription();
      for (const path of paths(5)) all.add(api.get$(path).subscribe());
      await Promise.all([refresh.arrived(1), ...paths(5).map((path) => received(path))]);
      for (const path of paths(5, 'held')) all.add(api.get$(path).subscribe());
      all.unsubscribe();
      refresh.open();
      await renewed(session);

      expect(await store.load()).toMatchObject(RENEWED);
      expect(await lastValueFrom(api.get$<Echo>('/next'))).toMatchObject({ by: T2, nth: 1 });
      expect(server.refreshes).toBe(1);
      expect(server.hits.map(({ path }) => path).sort()).toEqual(['/next', ...paths(5)]);
    });

    it('completes the write of the new tokens when all requests are unsubscribed', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const { api, session } = createExpiredClient(server, { issued, store });
      refresh.open();
      const first = api.get$('/first').subscribe();
      await writes.arrived(1);
      first.unsubscribe();
      writes.open();

      await renewed(session);
      expect(await store.load()).toMatchObject(RENEWED);
      expect(server.tokensOf('/first')).toEqual([T1]);
    });

    it('keeps the session if the refresh then fails, and fails the next request at once', async () => {
      const { api, session, store } = createExpiredClient(server);
      server.refreshReply = { status: 503 };
      const first = api.get$('/first').subscribe();
      await refresh.arrived(1);
      first.unsubscribe();
      refresh.open();
      const failed = await stateOf(session, (state) => state.status === 'expired' && state.error !== undefined);

      expect(failed).toMatchObject({ tokens: { accessToken: T1 }, error: { code: 'refresh' } });
      expect(await store.load()).toMatchObject({ accessToken: T1, refreshToken: 'a.refresh.1' });
      expect(isApiError(await errorOf(api.get$('/next')), 'refresh')).toBe(true);
      expect(server.hitsOf('/next')).toEqual([]);
      expect(server.refreshes).toBe(1);
    });

    it('ends the session, once, if the refresh is then refused', async () => {
      const expired: SessionExpiredError[] = [];
      const { api, session, store } = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error) });
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const first = api.get$('/first').subscribe();
      await refresh.arrived(1);
      first.unsubscribe();
      refresh.open();

      expect(await stateOf(session, ({ status }) => status === 'signed-out')).toMatchObject({
        reason: 'session-expired',
      });
      expect(await store.load()).toBeNull();
      expect(expired).toHaveLength(1);
    });
  },
);
