import { isApiError, type SessionExpiredError, type SessionOptions, type SessionState, type TokenGrant } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH, startServer, type TestServer } from '../../support/server';
import { createExpiredClient, errorOf, type TestClient } from '../../support/server-client';
import { storm } from '../../support/server-storm';

const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

/** The rejections of other clients when there is no response. */
const FOREIGN: Readonly<Record<string, Error>> = {
  'as fetch does when it is offline': new TypeError('Failed to fetch'),
  'as fetch does when it is aborted': new DOMException('This operation was aborted', 'AbortError'),
  'as Node does for an unknown host': Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
  'with a status of 0': Object.assign(new Error('Http failure response'), { status: 0 }),
};

failureMode(
  {
    id: 'B4',
    title: 'Being offline signs the user out',
    renewal:
      'A missing response says nothing about the refresh token: requests fail with a `RefreshError`, and the session is kept and continues when the server is back.',
    threads: [
      'supabase/auth-js#141',
      'supabase/auth-js#226',
      'react-keycloak/keycloak-ts#5',
      'authts/oidc-client-ts#1343',
    ],
  },
  (signal) => {
    let server: TestServer;
    let expired: SessionExpiredError[];
    let states: SessionState['status'][];

    beforeEach(async () => {
      server = await startServer(signal);
      stopClock();
      expired = [];
      states = [];
    });
    afterEach(() => server.close());

    const createWatched = (options: Partial<SessionOptions> = {}): TestClient => {
      const client = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error), ...options });
      client.session.state$.subscribe(({ status }) => states.push(status));
      return client;
    };

    /** The session has failed to refresh once, and is kept. */
    const expectKept = async ({ session, store }: TestClient): Promise<void> => {
      expect(session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN, error: { code: 'refresh' } });
      expect(await store.load()).toMatchObject(SIGNED_IN);
      expect(states).toEqual(['active', 'expired', 'refreshing', 'expired']);
      expect(expired).toEqual([]);
    };

    const expectRenewed = async ({ api }: TestClient): Promise<void> => {
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(api.get$<Echo>('/back'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.presented.at(-1)).toBe('a.refresh.1');
      expect(expired).toEqual([]);
    };

    it.each([
      ['is reset', 'reset'],
      ['is reset in the middle of the response', 'reset mid-body'],
    ] as const)('keeps the session when the connection %s, and refreshes when the server is back', async (_, reply) => {
      const client = createWatched();
      server.refreshReply = reply;
      const errors = await storm(server, client);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(errors.length);
      expect(errors[0]).toMatchObject({ cause: { code: 'network' } });
      await expectKept(client);

      server.refreshReply = undefined;
      await expectRenewed(client);
    });

    it('keeps the session when nothing listens at the endpoint, and refreshes later', async () => {
      const gone = await startServer();
      await gone.close();
      let { origin } = gone;
      const client = createWatched({
        refresh: ({ refreshToken }) => client.http.post$<TokenGrant>(`${origin}${REFRESH}`, { refreshToken }),
      });
      expect(await errorOf(client.api.get$('/orders'))).toMatchObject({ code: 'refresh', cause: { code: 'network' } });
      await expectKept(client);

      origin = server.origin;
      await expectRenewed(client);
    });

    it.each(Object.entries(FOREIGN))('keeps the session when `refresh` rejects %s', async (_, error) => {
      let isDown = true;
      const client = createWatched({
        refresh: ({ refreshToken }) =>
          isDown ? Promise.reject(error) : client.http.post$<TokenGrant>(REFRESH, { refreshToken }),
      });
      expect(await errorOf(client.api.get$('/orders'))).toMatchObject({ code: 'refresh', cause: error });
      await expectKept(client);

      isDown = false;
      await expectRenewed(client);
    });
  },
);
