import { createApi, type SessionExpiredError, type SessionOptions, type TokenGrant } from 'renewal';
import { lastValueFrom, Subject } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import type { Gate } from '../../support/barrier';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { type Echo, type Hit, json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { waitForRefresh } from '../../support/server-waiting';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const FAILURES: Readonly<Record<string, Reply>> = {
  'a refusal': json({ error: 'invalid_grant' }, 400),
  'a status of 401': { status: 401 },
  'a status of 500': { status: 500 },
  'a reset': 'reset',
};

failureMode(
  {
    id: 'E3',
    title: 'A refresh of A that fails late ends the session of B',
    renewal:
      'An outcome counts only for the session that started the refresh: a refusal of A neither ends the session of B nor calls `onSessionExpired`, and a failure of A does not delay B.',
    threads: ['9thLevelSoftware/Project-Phoenix-MP#805', 'ReviewStage/luke#570'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
    });

    /** A client whose refreshes are promises, which cannot be cancelled: they do settle. */
    const createPromising = (options: Partial<SessionOptions>) => {
      const http = createApi({ baseUrl: server.origin });
      const asked: Promise<TokenGrant>[] = [];
      const client = createExpiredClient(server, {
        ...options,
        refresh: ({ refreshToken }) => {
          const grant = lastValueFrom(http.post$<TokenGrant>(REFRESH, { refreshToken }));
          asked.push(grant);
          return grant;
        },
      });
      return { ...client, asked };
    };

    it.each(Object.entries(FAILURES))('keeps the session of B after %s', async (_, reply) => {
      const expired: SessionExpiredError[] = [];
      server.refreshReply = reply;
      const client = createPromising({ onSessionExpired: (error) => expired.push(error) });
      const { api, session, store, asked } = client;
      const { errors } = await waitForRefresh(client, refresh);
      const ofB = server.issue('b');
      await session.signIn(ofB);
      const { state } = session;
      const events = eventsOf(api);
      refresh.open();
      expect(await Promise.allSettled(asked)).toMatchObject([{ status: 'rejected' }]);

      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: ofB.accessToken });
      expect(session.state).toBe(state);
      expect(await store.load()).toMatchObject(ofB);
      expect(expired).toEqual([]);
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
      expect(events.filter(({ type }) => type !== 'request')).toEqual([]);

      // The refresh of B has no cool-down from A either.
      server.refreshReply = undefined;
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2' });
    });

    it('keeps the session of B if A is refused during the notification of the sign-in', () => {
      const refused$ = new Subject<never>();
      const expired: SessionExpiredError[] = [];
      const { api, session } = createVirtualClient({
        signal,
        refresh: () => refused$,
        isRefused: () => true,
        onSessionExpired: (error) => expired.push(error),
      });
      api.get$('/a').subscribe({ error: () => refused$.error('refused') });
      const waiting = outcomeOf(api.get$('/b'));
      session.signIn({ accessToken: 'B1' });
      expect(waiting).toMatchObject({ error: { code: 'signed-out' } });
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
      expect(expired).toEqual([]);
    });
  },
);
