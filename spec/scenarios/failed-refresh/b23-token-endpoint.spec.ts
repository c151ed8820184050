import {
  anyOf,
  createApi,
  isApiError,
  isRefusal,
  oauthRefresh,
  type SessionExpiredError,
  type SessionOptions,
  statusCode,
} from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, type Reply } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const TOKEN = '/oauth/token';

/** Errors of a token endpoint, or a proxy before it, that do not concern the refresh token. */
const TRANSIENT: Readonly<Record<string, Reply>> = {
  '403 of a firewall': json({ message: 'Forbidden' }, 403),
  '403 with a page': { status: 403, type: 'text/html', body: '<h1>Blocked</h1>' },
  '400 of throttling': json({ __type: 'TooManyRequestsException', message: 'Rate exceeded' }, 400),
  '400 invalid_grant that names throttling': json(
    { error: 'invalid_grant', error_description: 'Rate limit exceeded' },
    400,
  ),
  '400 without an error': json({}, 400),
  '400 of another OAuth error': json({ error: 'invalid_request' }, 400),
  '400 with an error code of the app': json({ error: 'interaction_required' }, 400),
  '401 of a gateway': json({ message: 'Unauthorized' }, 401),
  '401 without a body': { status: 401 },
  '401 invalid_client': json({ error: 'invalid_client' }, 401),
  '503 invalid_grant': json({ error: 'invalid_grant' }, 503),
  '200 without a token': json({ error: 'temporarily_unavailable' }),
};

const DEFINITE: Readonly<Record<string, Reply>> = {
  '400 invalid_grant': json({ error: 'invalid_grant', error_description: 'revoked' }, 400),
  '401 invalid_grant': json({ error: 'invalid_grant' }, 401),
  '403 invalid_grant': json({ error: 'invalid_grant' }, 403),
  '200 invalid_grant': json({ error: 'invalid_grant' }),
};

failureMode(
  {
    id: 'B23',
    title: 'A 400 or 403 of a firewall before the token endpoint signs users out',
    renewal:
      'With `oauthRefresh`, of all errors of the token endpoint only `invalid_grant` ends the session (RFC 6749 section 5.2); the others are the cause of a `RefreshError`.',
    threads: ['stacklok/toolhive#5169', 'stacklok/toolhive#5170', 'planningcenter/developers#1310'],
  },
  (signal) => {
    const server = withServer(signal);
    let expired: SessionExpiredError[];

    beforeEach(() => {
      expired = [];
    });

    const createOAuth = (options: Partial<SessionOptions> = {}): TestClient =>
      createExpiredClient(server, {
        refresh: oauthRefresh(createApi({ baseUrl: server.origin }), { url: TOKEN, clientId: 'shop' }),
        onSessionExpired: (error) => expired.push(error),
        ...options,
      });

    const fail = async (client: TestClient, reply: Reply): Promise<unknown> => {
      server.replies.set(TOKEN, reply);
      const errors = errorsOf(await settleAll(paths(5).map((path) => client.api.get$(path))));
      expect(new Set(errors).size).toBe(1);
      expect(server.hitsOf(TOKEN)).toHaveLength(1);
      expect(tokensShownBy(errors)).toEqual([]);
      return errors[0];
    };

    it.each(Object.entries(TRANSIENT))('keeps the session: %s', async (_, reply) => {
      stopClock();
      const client = createOAuth();
      const error = await fail(client, reply);
      expect(isApiError(error, 'refresh')).toBe(true);
      expect(Object(error).cause).not.toMatchObject({ code: 'refresh' });
      expect(client.session.state).toMatchObject({ status: 'expired', error });
      expect(expired).toEqual([]);

      server.replies.set(TOKEN, json({ access_token: server.issue().accessToken, expires_in: 60 }));
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2' });
    });

    it.each(Object.entries(DEFINITE))('ends the session: %s', async (_, reply) => {
      const client = createOAuth();
      const error = await fail(client, reply);
      expect(isApiError(error, 'session-expired')).toBe(true);
      expect(expired).toEqual([error]);
      expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    });

    it('exposes the error of the token endpoint, and waits for its Retry-After', async () => {
      const client = createOAuth();
      const reply = { ...Object(json({ message: 'Forbidden' }, 403)), headers: { 'retry-after': '7' } };
      expect(await fail(client, reply)).toMatchObject({
        code: 'refresh',
        retryAfterMs: 7_000,
        cause: { code: 'status', status: 403, response: { body: { message: 'Forbidden' } } },
      });
    });

    it('hides the text of a page that is not JSON, since it may contain a token', async () => {
      const client = createOAuth();
      const error = await fail(client, { type: 'text/html', body: '<p>a.access.2</p>' });
      expect(error).toMatchObject({ code: 'refresh', cause: { code: 'parse', response: { body: '' } } });
    });

    it('lets isRefused name more errors, by their cause', async () => {
      const isInteractive = (error: unknown): boolean =>
        isApiError(error, 'refresh') &&
        isApiError(error.cause, 'status') &&
        Object(error.cause.response.body).error === 'interaction_required';
      const client = createOAuth({ isRefused: anyOf(isRefusal, isInteractive) });
      const error = await fail(client, json({ error: 'interaction_required' }, 400));
      expect(error).toMatchObject({ code: 'session-expired' });
    });

    it('does not mistake the expired signal of the app for one of the token endpoint', async () => {
      const client = createOAuth({ isExpired: statusCode(401, 403, 200) });
      expect(isApiError(await fail(client, json({ message: 'Forbidden' }, 403)), 'refresh')).toBe(true);
    });
  },
);
