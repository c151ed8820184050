import { isApiError, memoryStore, type SessionExpiredError, type SessionOptions, type SessionState } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH } from '../../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const COUNT = 20;
const T1 = 'a.access.1';

failureMode(
  {
    id: 'B11',
    title: 'Each waiting request shows its own toast, or opens the login page by itself',
    renewal:
      'The end of a session is reported once, to `onSessionExpired`, by `state$` and by `events$`; each request gets the error that `onSessionExpired` got.',
    threads: ['schulydev/Schuly#479', 'eJourn-al/eJournal#585', 'apache/texera#5392', 'ever-co/ever-gauzy#9440'],
  },
  (signal) => {
    const server = withServer(signal);
    let expired: SessionExpiredError[];
    const onSessionExpired: SessionOptions['onSessionExpired'] = (error) => expired.push(error);

    beforeEach(() => {
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      expired = [];
    });

    it(`reports the end once, and fails each of ${COUNT} requests by its own error`, async () => {
      const { api, session, received } = createExpiredClient(server, { onSessionExpired });
      const refresh = server.hold(({ path }) => path === REFRESH);
      const states: SessionState[] = [];
      session.state$.subscribe((state) => states.push(state));
      const events = eventsOf(api);
      const kept = session.keepFresh$().subscribe();
      const results = settleAll(paths(COUNT).map((path) => api.get$(path)));
      await Promise.all([refresh.arrived(1), ...paths(COUNT).map((path) => received(path))]);
      const byHand = settleAll<unknown>([session.refresh$(), session.accessToken$()]);
      refresh.open();

      const errors = errorsOf([...(await results), ...(await byHand)]);
      expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(COUNT + 2);
      expect(expired).toHaveLength(1);
      expect(new Set(errors)).toEqual(new Set(expired));
      expect(states.filter(({ status }) => status === 'signed-out')).toMatchObject([{ reason: 'session-expired' }]);
      expect(events.filter(({ type }) => type === 'session')).toMatchObject([{ phase: 'session-expired' }]);
      expect(server.refreshes).toBe(1);
      kept.unsubscribe();
    });

    it('reports the end after the session has ended and the store is clear', async () => {
      const seen: unknown[] = [];
      const client = createExpiredClient(server, {
        onSessionExpired: () => seen.push(client.session.state, client.store.load()),
      });
      await errorOf(client.api.get$('/orders'));
      expect(seen).toMatchObject([{ status: 'signed-out', reason: 'session-expired' }, null]);
    });

    it('fails late responses with the same error, and does not report the end again', async () => {
      const { api } = createExpiredClient(server, { onSessionExpired });
      const slow = server.hold(({ path }) => path === '/slow');
      const late = errorOf(api.get$('/slow'));
      await slow.arrived(1);
      const error = await errorOf(api.get$('/orders'));
      slow.open();
      expect(await late).toBe(error);
      expect(expired).toEqual([error]);
      expect(server.refreshes).toBe(1);
      expect(server.tokensOf('/slow')).toEqual([T1]);
    });

    it('reports the end of the next session as well', async () => {
      const { api, session } = createExpiredClient(server, { onSessionExpired });
      await errorOf(api.get$('/first'));
      await session.signIn(server.issue('b'));
      server.live.clear();
      const errors = errorsOf(await settleAll(paths(3).map((path) => api.get$(path))));
      expect(expired).toHaveLength(2);
      expect(new Set(errors)).toEqual(new Set([expired[1]]));
      expect(expired[1]).not.toBe(expired[0]);
    });

    it('lets onSessionExpired sign in, but sends no old request with the new session', async () => {
      const next = server.issue('next');
      const client = createExpiredClient(server, {
        onSessionExpired: (error) => {
          expired.push(error);
          client.session.signIn(next);
        },
      });
      expect(await errorOf(client.api.get$('/old'))).toBe(expired[0]);
      expect(await lastValueFrom(client.api.get$<Echo>('/new'))).toMatchObject({ by: next.accessToken });
      expect(server.tokensOf('/old')).toEqual([T1]);
      expect(expired).toHaveLength(1);
    });

    it('reports the end no more than once if onSessionExpired throws', async () => {
      const client = createExpiredClient(server, {
        onSessionExpired: (error) => {
          expired.push(error);
          throw new Error('from the handler');
        },
      });
      const errors = errorsOf(await settleAll(paths(3).map((path) => client.api.get$(path))));
      expect(expired).toHaveLength(1);
      expect(new Set(errors)).toEqual(new Set(expired));
      expect(await errorOf(client.api.get$('/later'))).not.toBe(expired[0]);
    });

    it('reports neither a sign-out nor the end of a session that never existed', async () => {
      const signingOut = createClient(server, { onSessionExpired });
      const refresh = server.hold(({ path }) => path === REFRESH);
      server.live.clear();
      const waiting = errorOf(signingOut.api.get$('/orders'));
      await refresh.arrived(1);
      await signingOut.session.signOut();
      refresh.open();
      expect(await waiting).toMatchObject({ code: 'signed-out' });

      const { http, api, session } = createClient(server, {
        onSessionExpired,
        store: memoryStore(),
        restore: () => http.post$(REFRESH, { refreshToken: '' }),
      });
      await settleAll([api.get$('/public')]);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      expect(expired).toEqual([]);
    });
  },
);
