import { anyOf, bodyCode, statusCode } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply } from '../../support/server';
import { createClient, createExpiredClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

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
    title: '403 is mistaken for an expired token',
    renewal:
      'A 403 means that the token is valid and a permission is missing (RFC 6750): it is the caller’s `HttpStatusError`. `isExpired` may decide otherwise, without risk of a loop.',
    threads: ['Flyrell/axios-auth-refresh#210', 'googleapis/google-auth-library-nodejs#373'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each<[string, Reply]>([
      ['without a body', { status: 403 }],
      ['with a JSON body', json({ error: 'forbidden' }, 403)],
      ['with a page', { status: 403, type: 'text/html', body: '<h1>403</h1>' }],
      ['with a challenge', SCOPE],
    ])('delivers a 403 %s to the caller, and does not refresh', async (_, reply) => {
      const { api, session } = createClient(server);
      const { state } = session;
      server.replies.set('/admin', reply);
      expect(await errorOf(api.get$('/admin'))).toMatchObject({ code: 'status', status: 403 });
      expect(server.tokensOf('/admin')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it('sends a request at most twice if isExpired matches a 403', async () => {
      const { api } = createClient(server, { isExpired: anyOf(bodyCode(1002), statusCode(401, 403)) });
      server.replies.set('/admin', SCOPE);
      for (const nth of [2, 3, 4]) {
        const error = await errorOf(api.get$('/admin'));
        expect(error).toMatchObject({ code: 'token-rejected', response: { status: 403 } });
        expect(server.hitsOf('/admin')).toHaveLength(nth);
      }
      expect(server.refreshes).toBe(1);
    });

    it('refreshes for a 403 if isExpired matches it, and for its other matches', async () => {
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

    it('sends no third attempt of a request with a 403 after the refresh', async () => {
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
