import { createApi, envelope, isApiError, type TokenGrant } from 'renewal';
import { beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const COUNT = 10;

failureMode(
  {
    id: 'C3',
    title: 'The refresh endpoint itself says expired, and is called again and again',
    renewal:
      'The refresh is sent once and never starts another refresh; all waiting requests get one error, and later requests cause no further call.',
    threads: [
      'vaadin/vaadin-connect#335',
      'Flyrell/axios-auth-refresh#56',
      'angular/angular#21172',
      'PacktPublishing/ASP.NET-Core-2-and-Angular-5#8',
    ],
  },
  (signal) => {
    const reply = signal === 'HTTP 401' ? json({ error: 'expired' }, 401) : json({ code: 1002 });
    const server = withServer(signal);

    beforeEach(() => {
      server.refreshReply = reply;
    });

    it('sends the refresh once, without a token, for all waiting requests', async () => {
      const { api, session } = createExpiredClient(server);
      const dead = server.hold(({ path }) => path !== REFRESH);
      const results = settleAll(paths(COUNT).map((path) => api.get$(path)));
      await dead.arrived(COUNT);
      dead.open();
      const errors = errorsOf(await results);

      expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(COUNT);
      expect(new Set(errors).size).toBe(1);
      expect(session.state.status).toBe('signed-out');
      expect(server.refreshHits).toMatchObject([{ authorization: undefined }]);
      expect(server.hits).toHaveLength(COUNT);
    });

    it('sends no refresh for later requests', async () => {
      const { api } = createExpiredClient(server);
      await errorOf(api.get$('/first'));
      for (const path of paths(COUNT)) await settleAll([api.get$(path)]);
      expect(server.refreshes).toBe(1);
      // These leave without a token.
      expect(server.hits.slice(1).map(({ token }) => token)).toEqual(Array(COUNT).fill(''));
    });

    it('ends the session after one call if an envelope has the code', async () => {
      const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
      const { api, session, store } = createExpiredClient(server, {
        refreshRetries: 3,
        refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
      });
      const errors = errorsOf(await settleAll(paths(COUNT).map((path) => api.get$(path))));
      expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(COUNT);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(await store.load()).toBeNull();
      expect(server.refreshes).toBe(1);
    });
  },
);
