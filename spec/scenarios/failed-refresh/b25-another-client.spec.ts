import '@angular/compiler';
import { HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import {
  isApiError,
  SessionExpiredError,
  type SessionOptions,
  statusCode,
  type TokenGrant,
  type Tokens,
} from 'renewal';
import { throwError } from 'rxjs';
import { AjaxError, type AjaxRequest } from 'rxjs/ajax';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

/** A challenge that no new token satisfies, for clients whose errors have headers. */
const CHALLENGE: Reply = { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } };

/** Creates the error that a client throws for a response, after reading its body. */
type ToError = (response: Response, body: unknown) => unknown;

const CLIENTS: Readonly<Record<string, ToError>> = {
  axios: (response, data) =>
    Object.assign(new Error('failed'), {
      response: { status: response.status, data, headers: Object.fromEntries(response.headers), config: {} },
    }),
  'HttpClient of Angular': (response, error) =>
    new HttpErrorResponse({ status: response.status, error, headers: new HttpHeaders(response.headers) }),
  ofetch: (response, data) => Object.assign(new Error('failed'), { response, status: response.status, data }),
  'a client that keeps response and data': (response, data) => Object.assign(new Error('failed'), { response, data }),
  'rxjs/ajax': (response, body) =>
    // The fields of an XHR that its constructor reads.
    new AjaxError(
      'ajax error',
      { status: response.status, responseType: 'json', response: body } as XMLHttpRequest,
      {
        url: REFRESH,
      } as AjaxRequest,
    ),
  'a wrapper of fetch': ({ status: code }, data) => Object.assign(new Error(`status ${code}`), { status: code, data }),
};

const DEFINITE: Readonly<Record<string, Reply>> = {
  '401 without a body': { status: 401 },
  '401 with a page': { status: 401, type: 'text/html', body: '<h1>Sign in</h1>' },
  '400 with JSON': json({ error: 'invalid_grant' }, 400),
  '403 with JSON': json({ status: 403, title: 'revoked' }, 403),
  '419, the expired signal': json({ message: 'expired' }, 419),
};

const TRANSIENT: Readonly<Record<string, Reply>> = {
  '401 invalid_client': json({ error: 'invalid_client' }, 401),
  '400 of throttling': json({ __type: 'TooManyRequestsException' }, 400),
  '400 with a page': { status: 400, type: 'text/html', body: '<h1>no</h1>' },
  '403 without a body': { status: 403 },
  '404 with JSON': json({}, 404),
  '429 with JSON': json({}, 429),
  '503 with JSON': json({ error: 'invalid_grant' }, 503),
};

failureMode(
  {
    id: 'B25',
    title: 'The refresh goes through axios, `fetch` or another client with unknown errors',
    renewal:
      'An error with a `status` or `response.status` is judged like one of renewal’s own. A `refresh` with its own checks throws a `SessionExpiredError`.',
    threads: ['axios/axios#1266', 'Flyrell/axios-auth-refresh#115'],
  },
  (signal) => {
    const server = withServer(signal);

    const ask = (refreshToken: string | undefined): Promise<Response> =>
      fetch(`${server.origin}${REFRESH}`, { method: 'POST', body: JSON.stringify({ refreshToken }) });

    const through =
      (toError: ToError) =>
      async ({ refreshToken }: Tokens): Promise<TokenGrant> => {
        const response = await ask(refreshToken);
        const text = await response.text();
        const isJson = response.headers.get('content-type') === 'application/json';
        const body = isJson ? JSON.parse(text) : text;
        if (response.ok) return body;
        throw toError(response, body);
      };

    const fail = async (refresh: SessionOptions['refresh'], reply: Reply) => {
      server.refreshReply = reply;
      const client = createExpiredClient(server, {
        refresh,
        isExpired: (it) => statusCode(401, 419)(it) || isDead(it.body),
      });
      const errors = errorsOf(await settleAll(paths(5).map((path) => client.api.get$(path))));
      expect(new Set(errors).size).toBe(1);
      expect(server.refreshes).toBe(1);
      return [errors[0], client.session.state.status];
    };
    const isDead = (body: unknown): boolean => Object(body).code === 1002;

    const ended = [expect.objectContaining({ code: 'session-expired' }), 'signed-out'];
    const kept = [expect.objectContaining({ code: 'refresh' }), 'expired'];

    describe.each(Object.entries(CLIENTS))('judges the errors of %s', (_, toError) => {
      it.each(Object.entries(DEFINITE))('ends the session: %s', async (_, reply) => {
        expect(await fail(through(toError), reply)).toEqual(ended);
      });

      it.each(Object.entries(TRANSIENT))('keeps the session: %s', async (_, reply) => {
        expect(await fail(through(toError), reply)).toEqual(kept);
      });

      it('brings new tokens', async () => {
        const { api } = createExpiredClient(server, { refresh: through(toError) });
        const [result] = await settleAll([api.get$<Echo>('/orders')]);
        expect(result).toMatchObject({ value: { by: 'a.access.2' } });
      });
    });

    it.each(['axios', 'HttpClient of Angular', 'ofetch', 'a client that keeps response and data'])(
      'keeps the session for a challenge that no new token satisfies, through %s',
      async (name) => {
        expect(await fail(through(CLIENTS[name] ?? Object), CHALLENGE)).toEqual(kept);
      },
    );

    it('judges a thrown Response by its status and body', async () => {
      const thrown: SessionOptions['refresh'] = async ({ refreshToken }) => {
        throw await ask(refreshToken);
      };
      expect(await fail(thrown, { status: 401 })).toEqual(ended);
    });

    it('takes a 401 that fetch did not turn into an error as a refusal', async () => {
      // As code does that ignores `response.ok`.
      const emitted = ({ refreshToken }: Tokens) => ask(refreshToken) as unknown as Promise<TokenGrant>;
      expect(await fail(emitted, { status: 401 })).toEqual(ended);
    });

    it('ends the session on a SessionExpiredError, whatever the response', async () => {
      const refresh: SessionOptions['refresh'] = async ({ refreshToken }) => {
        const response = await ask(refreshToken);
        if (response.status === 410) throw new SessionExpiredError('the refresh token is gone');
        return response.json();
      };
      expect(await fail(refresh, { status: 410 })).toEqual(ended);
    });

    it('keeps the session for an error without a response', async () => {
      for (const error of [
        new TypeError('fetch failed'),
        { status: 0 },
        { code: 'ERR_NETWORK', response: undefined },
      ]) {
        const { session } = createExpiredClient(server, { refresh: () => throwError(() => error) });
        const [result] = await settleAll([session.refresh$()]);
        expect(result?.status === 'rejected' && isApiError(result.reason, 'refresh')).toBe(true);
        expect(session.state.status).toBe('active');
      }
    });
  },
);
