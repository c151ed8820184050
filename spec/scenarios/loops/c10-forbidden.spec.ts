import { anyOf, bodyCode, statusCode } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply, startServer, type TestServer } from '../../support/server';
import { createClient, createExpiredClient, errorOf } from '../../support/server-client';

const T1 = 'a.access.1';
const T2 = 'a.access.2';
const SCOPE: Reply = {
  status: 403,
  type: 'application/json',
  headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  body: '{"error":"insufficient_scope"}',
};

failureMode(
  {
    id: 'C10',
    title: '403 is taken for an expired token',
    renewal:
      'A 403 says that the token is good and the right is missing (RFC 6750): it is the caller’s `HttpStatusError`. `isExpired` may say otherwise, at no risk of a loop.',
    threads: ['Flyrell/axios-auth-refresh#210', 'googleapis/google-auth-library-nodejs#373'],
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
    });
    afterEach(() => server.close());

    it.each<[string, Reply]>([
      ['without a body', { status: 403 }],
      ['with a JSON body', json({ error: 'forbidden' }, 403)],
      ['with a page', { status: 403, type: 'text/html', body: '<h1>403</h1>' }],
      ['with a challenge', SCOPE],
    ])('hands a 403 %s to the caller, and refreshes nothing', async (_, reply) => {
      const { api, session } = createClient(server);
      const { state } = session;
      server.replies.set('/admin', reply);
      expect(await errorOf(api.get$('/admin'))).toMatchObject({ code: 'status', status: 403 });
      expect(server.tokensOf('/admin')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it('sends a request twice at most where isExpired takes a 403 for expired', async () => {
      const { api } = createClient(server, { isExpired: anyOf(bodyCode(1002), statusCode(401, 403)) });
      server.replies.set('/admin', SCOPE);
      for (const nth of [2, 3, 4]) {
        const error = await errorOf(api.get$('/admin'));
        expect(error).toMatchObject({ code: 'token-rejected', response: { status: 403 } });
        expect(server.hitsOf('/admin')).toHaveLength(nth);
      }
      expect(server.refreshes).toBe(1);
    });

    it('refreshes for a 403 where isExpired takes it for expired, and still for what else it names', async () => {
      const { api } = createClient(server, { isExpired: anyOf(bodyCode(1002), statusCode(401, 403)) });
      server.replies.set('/admin', json({ error: 'expired' }, 403));
      const refresh = server.hold(({ path }) => path === REFRESH);
      const request = lastValueFrom(api.get$<Echo>('/admin'));
      await refresh.arrived(1);
      server.replies.clear();
      refresh.open();
      expect(await request).toMatchObject({ by: T2, nth: 2 });

      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.3' });
    });

    it('sends a request that is answered 403 after a refresh no third time', async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const error = errorOf(api.get$('/admin'));
      await refresh.arrived(1);
      server.replies.set('/admin', SCOPE);
      refresh.open();
      expect(await error).toMatchObject({
        code: 'status',
        status: 403,
        response: { body: { error: 'insufficient_scope' } },
      });
      expect(server.tokensOf('/admin')).toEqual([T1, T2]);
      expect(server.refreshes).toBe(1);
    });
  },
);
