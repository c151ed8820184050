import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createApi, createSession, fetchTransport, memoryStore, type SessionOptions } from 'renewal';
import { type FakeBackend, type FakeBackendOptions, fakeBackend } from 'renewal/testing';
import { firstValueFrom, forkJoin, retry, switchMap, tap, timer } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { listen } from '../support/listen';
import { virtually } from '../support/virtual';

const BASE = 'https://shop.test';

const create = (options: FakeBackendOptions = {}, own: Partial<SessionOptions> = {}, user?: string) => {
  const backend = fakeBackend({ routes: { '/me': ({ user }) => user }, ...options });
  return { backend, ...signIn(backend, own, user) };
};

const signIn = (backend: FakeBackend, own: Partial<SessionOptions> = {}, user?: string) => {
  const session = createSession({ store: memoryStore(backend.issue(user)), refresh: backend.refresh, ...own });
  return { session, api: createApi({ baseUrl: BASE, session, transport: backend.transport }) };
};

describe('fakeBackend in virtual time', () => {
  it('has its tokens refreshed ahead of their end, once', () => {
    virtually(({ flush, expectObservable }) => {
      const { backend, api } = create({ tokenLifeMs: 60_000, latencyMs: 10 }, { refreshAheadMs: 10_000 });
      expectObservable(timer(49_000)).toBe('49s (a|)', { a: 0 });
      flush();
      expect(backend.refreshes).toBe(0);
      const bodies$ = timer(2_000).pipe(switchMap(() => forkJoin([api.get$('/me'), api.get$('/me')])));
      const outcome = outcomeOf(bodies$);
      flush();
      expect([outcome.values, backend.refreshes]).toEqual([[['user', 'user']], 1]);
    });
  });

  it('responds to what was in flight when the sign-in ended, and to nothing after', () => {
    virtually(({ flush }) => {
      const { backend, api } = create({ latencyMs: 10 });
      const before = outcomeOf(api.get$('/me'));
      timer(5).subscribe(() => backend.revoke());
      const after = outcomeOf(timer(6).pipe(tap(() => outcomeOf(api.get$('/me')))));
      flush();
      expect([before.values, after.isComplete]).toEqual([['user'], true]);
      expect(backend.log.map(({ path, status }) => `${path} ${status}`)).toEqual([
        '/me 200',
        '/me 401',
        '/refresh 401',
      ]);
    });
  });

  it('forgets a request that is cancelled before its response', () => {
    virtually(({ flush, expectObservable }) => {
      const { backend, api } = create({ latencyMs: 10 });
      expectObservable(api.get$('/me'), '5ms !').toBe('5ms -');
      const late = create({ routes: { '/me': () => timer(10) } });
      expectObservable(late.api.get$('/me'), '5ms !').toBe('5ms -');
      flush();
      expect(backend.log).toHaveLength(1);
      expect(late.backend.log).toMatchObject([{ path: '/me', status: 0 }]);
      backend.verify();
    });
  });

  it('refreshes once for each of a hundred users', () => {
    virtually(({ flush }) => {
      const backend = fakeBackend({ latencyMs: 10, routes: { '/me': ({ user }) => user } });
      const users = Array.from({ length: 100 }, (_, index) => `user${index}`);
      const clients = users.map((user) => signIn(backend, {}, user));
      backend.expireTokens();
      const outcomes = clients.map(({ api }) => outcomeOf(forkJoin([api.get$('/me'), api.get$('/me')])));
      flush();
      expect(outcomes.map(({ values }) => values)).toEqual(users.map((user) => [[user, user]]));
      expect(backend.refreshes).toBe(100);
      backend.verify();
    });
  });
});

describe('a route', () => {
  it('may change the backend, and send requests', () => {
    const { backend, api } = create({
      routes: {
        '/logout': () => backend.revoke('user'),
        '/again': () => api.get$('/me'),
        '/expire': () => backend.expireTokens(),
        '/me': ({ user }) => user,
      },
    });
    outcomeOf(api.get$('/expire'));
    expect(outcomeOf(api.get$('/again')).values).toEqual(['user']);
    expect(outcomeOf(api.get$('/logout')).values).toEqual([null]);
    expect(outcomeOf(api.get$('/me')).error).toMatchObject({ code: 'session-expired' });
    expect(backend.refreshes).toBe(2);
    backend.verify();
  });

  it('is repeated by an operator of the caller', () => {
    let calls = 0;
    const { api } = create({ routes: { '/me': () => (++calls < 3 ? { status: 503 } : calls) } });
    expect(outcomeOf(api.get$('/me').pipe(retry(2))).values).toEqual([3]);
  });

  it.each(['HEAD', 'OPTIONS', 'DELETE'])('is found for any method by its path: %s', (method) => {
    const { api, backend } = create({ routes: { '/me': ({ method }) => method } });
    const [response] = outcomeOf(api.request$(method, '/me')).values;
    expect(response).toMatchObject({ status: 200, body: method === 'HEAD' ? null : method });
    expect(backend.log).toMatchObject([{ method, path: '/me', status: 200 }]);
  });
});

describe('fakeBackend behind a server of Node', () => {
  it('serves its routes and refreshes over sockets', async () => {
    const backend = fakeBackend({ routes: { 'POST /echo': ({ body, user }) => ({ body, user }) } });
    const server = createServer(async (request, response) => {
      const { method = '', url = '' } = request;
      const init = { method, headers: request.headers as Record<string, string>, duplex: 'half' };
      const body = method === 'GET' ? {} : { body: Readable.toWeb(request) as ReadableStream };
      const reply = await backend.fetch(new Request(new URL(url, BASE), { ...init, ...body } as RequestInit));
      response.writeHead(reply.status, Object.fromEntries(reply.headers)).end(await reply.text());
    });
    const { port, close } = await listen(server);
    onTestFinished(close);
    const http = createApi({ baseUrl: `http://127.0.0.1:${port}`, transport: fetchTransport() });
    const session = createSession({
      store: memoryStore(backend.issue('ann')),
      refresh: ({ refreshToken }) => http.post$('/refresh', { refreshToken }),
    });
    backend.expireTokens();
    const echo = await firstValueFrom(http.extend({ session }).post$('/echo', { a: 1 }));
    expect([echo, backend.refreshes]).toEqual([{ body: { a: 1 }, user: 'ann' }, 1]);
    backend.verify();
  });
});

describe('fakeBackend with fake timers', () => {
  it('waits for a promise and for its latency', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const route = () => new Promise((resolve) => setTimeout(() => resolve(7), 30));
    const { api, backend } = create({ latencyMs: 50, routes: { '/me': route } });
    const outcome = outcomeOf(api.get$('/me'));
    const cancelled = api.get$('/me').subscribe();
    await vi.advanceTimersByTimeAsync(40);
    cancelled.unsubscribe();
    await vi.advanceTimersByTimeAsync(39);
    expect(outcome.values).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect([outcome.values, vi.getTimerCount(), backend.log.length]).toEqual([[7], 0, 2]);
  });
});
