import {
  anyOf,
  bodyCode,
  HttpContext,
  HttpContextToken,
  type HttpRequest,
  type HttpResponse,
  statusCode,
} from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import { createClient, createExpiredClient, errorOf, passedThrough, resultOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

/** JSON that contains 1002 but does not report an expired token. */
const HARMLESS: readonly unknown[] = [
  { data: { code: 1002 } },
  { error: { code: '1002' } },
  { data: [{ code: 1002 }] },
  [{ code: 1002 }],
  { code: [1002] },
  { code: { code: 1002 } },
  { code: 10_020 },
  { code: -1002 },
  { code: '1002 ' },
  { code: '01002' },
  { code: '1002.0' },
  { code: '0x3ea' },
  { Code: 1002 },
  { codes: [1002], message: '1002' },
  { code: true },
  { code: null },
  '1002',
  1002,
];

failureMode(
  {
    id: 'C8',
    title: 'A business payload that contains the code is mistaken for an expired token',
    renewal:
      'Only a top-level `code` of a JSON body counts, 1002 and "1002" alike. `isExpired` replaces that rule: it sees status, headers, body and the request.',
    threads: ['Flyrell/axios-auth-refresh#182', 'Flyrell/axios-auth-refresh#186'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(HARMLESS)('delivers %j, and does not refresh', async (body) => {
      const { api } = createClient(server);
      server.replies.set('/orders', json(body));
      expect(await lastValueFrom(api.get$('/orders'))).toEqual(body);
      expect(server.hits).toHaveLength(1);
      expect(server.refreshes).toBe(0);
    });

    it.each([
      ['a number', '{"code":1002}'],
      ['a string', '{"code":"1002"}'],
      ['a number in another notation', '{"code":1.002e3}'],
    ])('takes a top-level code as expired that is %s', async (_, body) => {
      const { api } = createClient(server);
      server.replies.set('/orders', { type: 'application/json', body });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
      expect(server.tokensOf('/orders')).toEqual([T1, T2]);
    });

    it.each([400, 403, 500])('takes the code as expired at any status: %i', async (code) => {
      const { api } = createClient(server);
      server.replies.set('/orders', json({ code: 1002 }, code));
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected', response: { status: code } });
      expect(server.refreshes).toBe(1);
    });

    it('passes isExpired the status, the headers, the decoded body and the request', async () => {
      const seen: [HttpResponse, HttpRequest][] = [];
      const { api } = createExpiredClient(server, {
        isExpired: (response, request) => {
          seen.push([response, request]);
          return anyOf(bodyCode(1002), statusCode(401))(response, request);
        },
      });
      await lastValueFrom(api.post$('/orders', { amount: 1 }, { params: { page: 1 }, headers: { 'X-Tenant': '7' } }));

      const headers = { 'content-type': 'application/json' };
      const request = { method: 'POST', url: `${server.origin}/orders?page=1`, headers: { 'x-tenant': '7' } };
      expect(seen).toMatchObject([
        [{ status: signal === 'HTTP 401' ? 401 : 200, headers, body: { path: '/orders', nth: 1 } }, request],
        [{ status: 200, headers, body: { path: '/orders', nth: 2 } }, request],
      ]);
    });

    it('accepts another code, and then ignores a business code of 1002', async () => {
      const { api } = createClient(server, { isExpired: bodyCode(40_101) });
      server.replies.set('/orders', json({ code: 1002, data: 'sold out' }));
      expect(await lastValueFrom(api.get$('/orders'))).toEqual({ code: 1002, data: 'sold out' });
      expect(server.refreshes).toBe(0);
      server.replies.set('/orders', json({ code: '40101' }));
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
      expect(server.refreshes).toBe(1);
    });

    it('accepts a header as the signal', async () => {
      const { api } = createClient(server, {
        isExpired: ({ headers }) => `${headers['www-authenticate']}`.includes('invalid_token'),
      });
      const challenge = 'Bearer error="invalid_token"';
      server.replies.set('/orders', { status: 403, headers: { 'www-authenticate': challenge } });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
      expect(server.refreshes).toBe(1);
    });

    it('accepts the request as a reason to skip some responses, which keep their token', async () => {
      const UNJUDGED = new HttpContextToken(() => false);
      const { api, session } = createExpiredClient(server, {
        isExpired: (response, request) =>
          !request.context.get(UNJUDGED) && anyOf(bodyCode(1002), statusCode(401))(response, request),
      });
      const { state } = session;
      const context = new HttpContext().set(UNJUDGED, true);
      expect(await resultOf(api.get$('/orders', { context }))).toMatchObject(passedThrough(signal));
      expect(server.tokensOf('/orders')).toEqual([T1]);
      expect(session.state).toBe(state);
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: T2 });
    });
  },
);
