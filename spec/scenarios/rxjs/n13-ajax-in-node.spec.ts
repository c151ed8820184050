import { createApi, createSession, memoryStore, type TokenGrant } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createBarrier, createTally } from '../../support/barrier';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { answering, startHttpServer } from '../../support/http-server';
import type { Echo, Reply } from '../../support/server';
import { createClient, createExpiredClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

/** Cases that `ajax` reports as `null` or as status 0, and the error for them here. */
const BROKEN: Readonly<Record<string, { readonly reply: Reply; readonly error: object; readonly text?: string }>> = {
  'a body that is not JSON': {
    reply: { type: 'application/json', body: '{"accessToken":' },
    error: { code: 'parse' },
    text: '{"accessToken":',
  },
  'a page with status 200': {
    reply: { type: 'text/html', body: '<h1>Hello</h1>' },
    error: { code: 'parse' },
    text: '<h1>Hello</h1>',
  },
  'a reset': { reply: 'reset', error: { code: 'network', cause: { code: 'ECONNRESET' } } },
  'a reset in the middle of the body': { reply: 'reset mid-body', error: { code: 'network' } },
  'a redirect to an invalid url': {
    reply: { status: 302, headers: { location: 'http://[' } },
    error: { code: 'network', cause: { message: 'redirect without a valid location' } },
  },
};

/** Longer than a host name may be: no DNS query is needed to reject it. */
const NO_HOST = `http://${'a'.repeat(64)}.test`;

failureMode(
  {
    id: 'N13',
    title: '`ajax` in Node: broken JSON becomes `null`, every failure becomes status 0',
    renewal:
      'Each failure is its own error, with Node’s error as its cause, and `timeoutMs` also ends a response that never stops dripping.',
    threads: ['ReactiveX/rxjs#5414', 'ReactiveX/rxjs#2428'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(Object.entries(BROKEN))(
      'tells %s from a response, and does not refresh',
      async (_, { reply, error, text }) => {
        const { api, session } = createClient(server);
        server.replies.set('/orders', reply);
        const response = text === undefined ? {} : { response: { status: 200, body: text } };
        expect(await errorOf(api.get$('/orders'))).toMatchObject({ ...error, ...response });
        expect(session.state.status).toBe('active');
        expect(server.refreshes).toBe(0);
      },
    );

    it.each(Object.entries(BROKEN))('keeps the session if a refresh gets %s', async (_, { reply, error, text }) => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = reply;
      // The unreadable response of a refresh may contain the new token.
      const cause = text === undefined ? error : { ...error, response: { status: 200, body: '' } };
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', cause });
      expect(session.state.status).toBe('expired');
    });

    it('reports an unknown host, in a request and in a refresh', async () => {
      const lost = { code: 'network', cause: { syscall: 'getaddrinfo' } };
      const http = createApi({ baseUrl: NO_HOST });
      expect(await errorOf(http.get$('/orders'))).toMatchObject(lost);
      const { api, session } = createExpiredClient(server, { refresh: () => http.post$<TokenGrant>('/renewal') });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', cause: lost });
      expect(session.state.status).toBe('expired');
    });

    it('follows a relative redirect, and detects the expired response at its end', async () => {
      const { api } = createExpiredClient(server);
      server.replies.set('/shop/moved', { status: 302, headers: { location: 'orders?page=1' } });
      expect(await lastValueFrom(api.get$<Echo>('/shop/moved'))).toMatchObject({ path: '/shop/orders', nth: 2 });
      expect(server.tokensOf('/shop/orders')).toEqual(['a.access.1', 'a.access.2']);
    });

    /** A server that rejects the old token, and whose other responses never end and never pause. */
    const startDripping = async () => {
      stopClock();
      const drips = createTally();
      const closed = createBarrier();
      const dripping = await startHttpServer();
      onTestFinished(dripping.close);
      const expired = answering(
        '{"code":1002}',
        { 'content-type': 'application/json' },
        signal === 'HTTP 401' ? 401 : 200,
      );
      dripping.answer = (request, response, body) => {
        if (request.headers.authorization === 'Bearer T1') return expired(request, response, body);
        const drip = (): void => {
          drips.add();
          if (!response.destroyed) response.write(' ', () => setImmediate(drip));
        };
        response.once('close', closed.open).writeHead(200);
        drip();
      };
      return { origin: dripping.origin, drips, closed: closed.opened };
    };

    it('ends an attempt after timeoutMs although bytes keep arriving, and disconnects', async () => {
      const { origin, drips, closed } = await startDripping();
      const session = createSession({
        refresh: () => of({ accessToken: 'T2' }),
        store: memoryStore({ accessToken: 'T1' }),
      });
      const api = createApi({ baseUrl: origin, session, timeoutMs: 50 });
      const error = errorOf(api.get$('/orders'));
      await drips.reached(100);
      vi.advanceTimersByTime(50);
      expect(await error).toMatchObject({ code: 'timeout' });
      await closed;
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    });

    it('ends a refresh after refreshTimeoutMs although bytes arrive, and disconnects', async () => {
      const { origin, drips, closed } = await startDripping();
      const http = createApi({ baseUrl: origin });
      const session = createSession({
        refresh: () => http.post$<TokenGrant>('/renewal'),
        refreshTimeoutMs: 50,
        store: memoryStore({ accessToken: 'T1' }),
      });
      const error = errorOf(http.extend({ session }).get$('/orders'));
      await drips.reached(100);
      vi.advanceTimersByTime(50);
      expect(await error).toMatchObject({ code: 'refresh' });
      await closed;
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
    });
  },
);
