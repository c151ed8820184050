import {
  anyOf,
  bodyCode,
  createApi,
  envelope,
  HttpStatusError,
  isApiError,
  type SessionExpiredError,
  type SessionOptions,
  statusCode,
  type TokenGrant,
} from 'renewal';
import { beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorOf, type TestClient } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

const html = (code: number): Reply => ({ status: code, type: 'text/html', body: `<h1>${code}</h1>` });

/** Responses that declare the refresh token dead. */
const DEFINITE: Readonly<Record<string, Reply>> = {
  '400 invalid_grant': json({ error: 'invalid_grant', error_description: 'a.refresh.1' }, 400),
  '400 with a JSON body': json({ message: 'no' }, 400),
  '400 with an error code of the app': json({ error: 'refresh_token_reused' }, 400),
  '401 with a JSON body': json({ error: 'Unauthorized' }, 401),
  '401 without a body': { status: 401 },
  '401 HTML': html(401),
  '403 with a JSON body': json({}, 403),
  '400 with problem details': { status: 400, type: 'application/problem+json', body: '{"title":"no"}' },
};

/** Responses that report another error. */
const TRANSIENT: Readonly<Record<string, Reply>> = {
  '400 HTML': html(400),
  '400 without a body': { status: 400 },
  '400 with plain text': { status: 400, body: 'invalid_grant' },
  '400 invalid_request': json({ error: 'invalid_request' }, 400),
  '400 invalid_scope': json({ error: 'invalid_scope' }, 400),
  '400 unauthorized_client': json({ error: 'unauthorized_client' }, 400),
  '400 unsupported_grant_type': json({ error: 'unsupported_grant_type' }, 400),
  '400 use_dpop_nonce': json({ error: 'use_dpop_nonce' }, 400),
  '400 temporarily_unavailable': json({ error: 'temporarily_unavailable' }, 400),
  '400 server_error': json({ error: 'server_error' }, 400),
  '401 invalid_client': json({ error: 'invalid_client' }, 401),
  '403 HTML': html(403),
  '403 without a body': { status: 403 },
  '405 JSON': json({ error: 'invalid_grant' }, 405),
  '408': json({}, 408),
  '409': json({}, 409),
  '425': json({}, 425),
};

failureMode(
  {
    id: 'B7',
    title: 'Every 4xx of the refresh, or every failure, counts as the end of the session',
    renewal:
      'Only 401, 400 and 403 with a JSON body, and the expired signal itself end it; not an OAuth error about something else, nor throttling, nor the page of a proxy. `isRefused` replaces the rule.',
    threads: [
      'DataBiosphere/duos-ui#3805',
      'schibsted/account-sdk-android#464',
      '9thLevelSoftware/Project-Phoenix-MP#805',
      'soofstad/react-oauth2-pkce#46',
    ],
  },
  (signal) => {
    const server = withServer(signal);
    let expired: SessionExpiredError[];

    beforeEach(() => {
      expired = [];
    });

    /** The error of a request whose refresh gets this response, and its client. */
    const fail = async (reply: Reply, options: Partial<SessionOptions> = {}): Promise<[unknown, TestClient]> => {
      const client = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error), ...options });
      server.refreshReply = reply;
      const error = await errorOf(client.api.get$('/orders'));
      expect(server.refreshes).toBe(1);
      expect(server.tokensOf('/orders')).toEqual(['a.access.1']);
      expect(tokensShownBy([error])).toEqual([]);
      return [error, client];
    };

    const expectEnded = async ([error, { session, store }]: [unknown, TestClient], cause: object): Promise<void> => {
      expect(isApiError(error, 'session-expired')).toBe(true);
      expect(error).toMatchObject({ cause });
      expect(expired).toEqual([error]);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(await store.load()).toBeNull();
    };

    const expectKept = async ([error, { session, store }]: [unknown, TestClient], cause: object): Promise<void> => {
      expect(isApiError(error, 'refresh')).toBe(true);
      expect(error).toMatchObject({ cause });
      expect(expired).toEqual([]);
      expect(session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN, error });
      expect(await store.load()).toMatchObject(SIGNED_IN);
    };

    /** A `refresh` through a client that opens envelopes. */
    const opening = (): SessionOptions['refresh'] => {
      const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
      return ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken });
    };

    it.each(Object.entries(DEFINITE))('ends the session: %s', async (_, reply) => {
      await expectEnded(await fail(reply), { code: 'status' });
    });

    it.each(Object.entries(TRANSIENT))('keeps the session: %s', async (_, reply) => {
      await expectKept(await fail(reply), { code: 'status' });
    });

    it('ends the session when an envelope has code 1002 in the response to the refresh', async () => {
      const failed = await fail(json({ code: 1002, message: 'expired' }), { refresh: opening() });
      await expectEnded(failed, { code: 'business', businessCode: 1002 });
    });

    it('ends the session when the response to the refresh has the code of isExpired', async () => {
      const isExpired = anyOf(bodyCode(40_101), bodyCode(1002), statusCode(401));
      const failed = await fail(json({ code: '40101' }), { refresh: opening(), isExpired });
      await expectEnded(failed, { businessCode: '40101' });
    });

    it('keeps the session when an envelope shows another code', async () => {
      await expectKept(await fail(json({ code: 500, message: 'busy' }), { refresh: opening() }), { businessCode: 500 });
    });

    it('lets isRefused make more failures final', async () => {
      const isRefused = (error: unknown) => isApiError(error, 'status') && error.status === 404;
      await expectEnded(await fail(html(404), { isRefused }), { status: 404 });
    });

    it('lets isRefused make fewer failures final', async () => {
      const isRefused = (error: unknown) => isApiError(error, 'status') && error.status === 410;
      await expectKept(await fail(json({ error: 'invalid_grant' }, 400), { isRefused }), { status: 400 });
    });

    it('lets isRefused call isExpired, with the request of the refresh', async () => {
      const asked: string[] = [];
      const isExpired: SessionOptions['isExpired'] = (response, request) => {
        if (request.url.endsWith(REFRESH)) asked.push(`${request.method} ${response.status}`);
        return statusCode(401)(response) || bodyCode(1002)(response);
      };
      const isRefused: SessionOptions['isRefused'] = (error, isDead) =>
        isApiError(error, 'status') && !isDead(error.response);
      await expectEnded(await fail(html(404), { isRefused, isExpired }), { status: 404 });
      expect(asked).toEqual(['POST 404']);
    });

    it('passes isRefused the error of `refresh`', async () => {
      const shown: unknown[] = [];
      const isRefused = (error: unknown) => shown.push(error) > 1;
      const [error] = await fail(json({ error: 'invalid_grant' }, 400), { isRefused });
      expect(shown[0]).toBeInstanceOf(HttpStatusError);
      expect(error).toMatchObject({ cause: shown[0] });
    });
  },
);
