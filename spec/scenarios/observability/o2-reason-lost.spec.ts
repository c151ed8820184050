import {
  ApiError,
  createApi,
  HttpStatusError,
  isApiError,
  RefreshError,
  SessionExpiredError,
  type TokenGrant,
  TokenRejectedError,
} from 'renewal';
import { throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { json, REFRESH } from '../../support/server';
import {
  createClient,
  createExpiredClient,
  errorOf,
  errorsOf,
  passedThrough,
  paths,
  resultOf,
  settleAll,
} from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'O2',
    title: 'The reason is lost: a `false`, or an error without details',
    renewal:
      'Every error has a `code`, the status and the response if there was one, and its `cause`: the refusal, the network’s own error, or the thrown value.',
    threads: ['mauriciovigolo/keycloak-angular#426'],
  },
  (signal) => {
    const server = withServer(signal);

    it('passes the refusal to all waiting requests and to onSessionExpired', async () => {
      const reported: SessionExpiredError[] = [];
      const { api } = createExpiredClient(server, { onSessionExpired: (error) => reported.push(error) });
      server.refreshReply = json({ error: 'invalid_grant', error_description: 'revoked' }, 400);
      const dead = server.hold(({ token }) => token === 'a.access.1');
      const results = settleAll(paths(3).map((path) => api.get$(path)));
      await dead.arrived(3);
      dead.open();
      const [error, ...others] = errorsOf(await results);

      expect(error).toBeInstanceOf(SessionExpiredError);
      expect(error).toMatchObject({ name: 'SessionExpiredError', code: 'session-expired' });
      expect(Object(error).cause).toBeInstanceOf(HttpStatusError);
      expect(Object(error).cause).toMatchObject({
        code: 'status',
        status: 400,
        message: `POST ${server.origin}${REFRESH}: status 400`,
        request: { method: 'POST', url: `${server.origin}${REFRESH}` },
        response: { status: 400, body: { error: 'invalid_grant', error_description: 'revoked' } },
      });
      expect(new Set([...others, ...reported])).toEqual(new Set([error]));
      expect(others[0]).toBe(error);
      expect(reported[0]).toBe(error);
    });

    it('reports why a refresh has failed, and when to retry, in the error and the state', async () => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = { ...Object(json({ message: 'busy' }, 503)), headers: { 'retry-after': '7' } };
      const error = await errorOf(api.get$('/orders'));
      expect(error).toBeInstanceOf(RefreshError);
      expect(error).toMatchObject({
        name: 'RefreshError',
        code: 'refresh',
        retryAfterMs: 7_000,
        cause: { code: 'status', status: 503, response: { body: { message: 'busy' } } },
      });
      expect(session.state).toMatchObject({ status: 'expired', error });
    });

    it.each([
      ['a reset', 'reset', { code: 'network', cause: { code: 'ECONNRESET' } }],
      ['a body that is not JSON', { body: '<h1>' }, { code: 'parse', response: { status: 200, body: '' } }],
      [
        'a malformed grant',
        json({ token: '' }),
        { name: 'TypeError', message: 'refresh: no accessToken in what it emitted (keys: token)' },
      ],
    ] as const)('reports that a refresh got %s', async (_, reply, cause) => {
      const { api } = createExpiredClient(server);
      server.refreshReply = reply;
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', cause });
    });

    it('reports that a refresh took too long, and by which timeout', async () => {
      server.refreshReply = 'never';
      const late = createExpiredClient(server, { refreshTimeoutMs: 20 });
      const error = await errorOf(late.api.get$('/orders'));
      expect(error).toMatchObject({ code: 'refresh', message: 'the refresh took too long' });
      expect(error).not.toHaveProperty('cause');

      const http = createApi({ baseUrl: server.origin, timeoutMs: 20 });
      const { api } = createExpiredClient(server, { user: 'b', refresh: () => http.post$<TokenGrant>(REFRESH, {}) });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', cause: { code: 'timeout' } });
    });

    it.each([new Error('thrown'), 'a string', { code: 7 }])(
      'keeps any error of `refresh` as its cause: %o',
      (thrown) => {
        const refresh = () => throwError(() => thrown);
        for (const isRefused of [() => false, () => true]) {
          const { api } = createVirtualClient({ signal, refresh, isRefused });
          expect(Object(outcomeOf(api.get$('/a')).error).cause).toBe(thrown);
        }
      },
    );

    it('has the second response if the new token was rejected as well', async () => {
      const { api } = createExpiredClient(server);
      server.closedTo.add('/closed');
      const error = await errorOf(api.get$('/closed'));
      expect(error).toBeInstanceOf(TokenRejectedError);
      expect(error).toMatchObject({
        code: 'token-rejected',
        request: { method: 'GET', url: `${server.origin}/closed` },
        response: {
          status: signal === 'HTTP 401' ? 401 : 200,
          body: { path: '/closed', by: 'a.access.2', nth: 2 },
        },
      });
    });

    it('delivers an expired response unchanged if there is no session to refresh', async () => {
      const { api, session } = createClient(server);
      await session.signOut();
      expect(await resultOf(api.get$('/orders'))).toMatchObject(passedThrough(signal));
    });

    it('narrows errors by class and by code', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = { status: 503, headers: { 'retry-after': '7' } };
      const error = await errorOf(api.get$('/orders'));
      expect(error).toBeInstanceOf(ApiError);
      expect(isApiError(error)).toBe(true);
      expect(isApiError(error, 'session-expired')).toBe(false);
      expect(isApiError(error, 'refresh') && error.retryAfterMs).toBe(7_000);
    });
  },
);
