import { anyOf, bodyCode, createApi, isApiError, type SessionOptions, statusCode, type TokenGrant } from 'renewal';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { withServer } from '../../support/with-server';

/** The expired signal of this app, beside the usual ones. */
const isExpired = anyOf(statusCode(401, 419), bodyCode(1002, 'SESSION_GONE'));

/** Responses to the refresh that match the expired signal. */
const SIGNALS: Readonly<Record<string, Reply>> = {
  '419 without a body': { status: 419 },
  '419 with a page': { status: 419, type: 'text/html', body: '<h1>Page Expired</h1>' },
  '419 with JSON': json({ message: 'CSRF token mismatch.' }, 419),
  '401 with a page': { status: 401, type: 'text/html', body: '<h1>Sign in</h1>' },
  '409 with the code': json({ code: 'SESSION_GONE' }, 409),
  '500 with the code': json({ code: '1002' }, 500),
  '200 with the code, and no envelope': json({ code: 1002, message: 'expired' }),
};

/** Responses that match the signal but name another reason. */
const OTHER_REASONS: Readonly<Record<string, Reply>> = {
  '419 throttling': json({ message: 'Too Many Requests' }, 419),
  '401 throttling': json({ __type: 'TooManyRequestsException' }, 401),
  '200 with the code, throttling': json({ code: 1002, reason: 'rate_limit_exceeded' }),
  '419 of an OAuth error': json({ error: 'invalid_client' }, 419),
  '401 that demands a nonce': { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } },
  '503 without the code': json({ code: 7 }, 503),
};

failureMode(
  {
    id: 'B21',
    title: 'The refresh returns the expired signal of the app at an unknown status',
    renewal:
      'A response to the refresh that `isExpired` matches ends the session, whatever its status, and so does a bare `{ code: 1002 }`; unless its body names throttling, or an OAuth error other than `invalid_grant`.',
    threads: ['fenichelar/ember-simple-auth-token#130', 'logamee/lin-cms-flask#39'],
  },
  (signal) => {
    const server = withServer(signal);

    const fail = async (reply: Reply, options: Partial<SessionOptions> = {}): Promise<[unknown, TestClient]> => {
      server.refreshReply = reply;
      const client = createExpiredClient(server, { isExpired, ...options });
      const [error, ...others] = errorsOf(await settleAll(paths(5).map((path) => client.api.get$(path))));
      expect(new Set([error, ...others]).size).toBe(1);
      expect(server.refreshes).toBe(1);
      return [error, client];
    };

    const expectEnded = async ([error, { session, store }]: [unknown, TestClient]): Promise<void> => {
      expect(isApiError(error, 'session-expired')).toBe(true);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(await store.load()).toBeNull();
    };

    it.each(Object.entries(SIGNALS))('ends the session: %s', async (_, reply) => {
      await expectEnded(await fail(reply, { refreshRetries: 2 }));
    });

    it.each(Object.entries(OTHER_REASONS))('keeps the session: %s', async (_, reply) => {
      const [error, { session }] = await fail(reply);
      expect(isApiError(error, 'refresh')).toBe(true);
      expect(session.state.status).toBe('expired');
    });

    it('recognises 401 and 1002 without configuration', async () => {
      await expectEnded(await fail(json({ code: 1002 }), { isExpired: undefined }));
    });

    it('passes isExpired the request of the refresh, or a stand-in if it is unknown', async () => {
      const urls: string[] = [];
      const judge: SessionOptions['isExpired'] = (response, request) => {
        if (response.status === 419 || Object(response.body).code === 7) urls.push(request.url);
        return isExpired(response, request) || Object(response.body).code === 7;
      };
      await expectEnded(await fail({ status: 419 }, { isExpired: judge }));
      server.issue();
      const bare = createExpiredClient(server, {
        user: 'b',
        isExpired: judge,
        refresh: () => [{ code: 7 } as unknown as TokenGrant],
      });
      await errorOf(bare.api.get$('/orders'));
      expect(urls).toEqual([`${server.origin}${REFRESH}`, 'about:blank']);
    });

    it('reports a predicate that returns a promise as a mistake, and keeps the session', async () => {
      const promised = (() => Promise.resolve(false)) as unknown as SessionOptions['isExpired'];
      const { session } = createExpiredClient(server, {
        isExpired: promised,
        refresh: () => createApi({ baseUrl: server.origin }).post$<TokenGrant>('/missing', {}),
      });
      server.replies.set('/missing', json({}, 404));
      expect(await errorOf(session.refresh$())).toMatchObject({
        code: 'refresh',
        cause: { message: 'isExpired: expected true or false, and no promise' },
      });
      expect(session.state.status).toBe('active');
    });
  },
);
