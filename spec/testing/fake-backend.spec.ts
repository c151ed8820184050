import { setTimeout } from 'node:timers/promises';
import { createApi, createSession, fetchTransport, memoryStore, type SessionOptions, toFetch } from 'renewal';
import { type FakeBackend, type FakeBackendOptions, fakeBackend, type RefreshFault } from 'renewal/testing';
import { defer, forkJoin, map, type Observable, timer } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { virtually } from '../support/virtual';

const BASE = 'https://shop.test';

const withSession = (backend: FakeBackend, options: Partial<SessionOptions> = {}) => {
  const session = createSession({ store: memoryStore(backend.issue()), refresh: backend.refresh, ...options });
  return { session, api: createApi({ baseUrl: BASE, session, transport: backend.transport }) };
};

const create = (options: FakeBackendOptions = {}, session: Partial<SessionOptions> = {}) => {
  const backend = fakeBackend({ routes: { '/orders': ({ user }) => ({ user }) }, ...options });
  return { backend, ...withSession(backend, session) };
};

const SIGNALS = ['status', 'code'] as const;

describe.each(SIGNALS)('fakeBackend with signal: %s', (signal) => {
  it('responds to a live token, and refreshes a dead one once', () => {
    const { backend, api } = create({ signal });
    backend.expireTokens();
    const outcomes = Array.from({ length: 10 }, () => outcomeOf(api.get$('/orders')));
    expect(outcomes).toEqual(Array(10).fill({ values: [{ user: 'user' }], isComplete: true }));
    expect(backend.refreshes).toBe(1);
    expect(backend.log.slice(0, 3)).toEqual([
      { method: 'GET', path: '/orders', token: 'user.access.1', status: signal === 'status' ? 401 : 200 },
      { method: 'POST', path: '/refresh', status: 200 },
      { method: 'GET', path: '/orders', token: 'user.access.2', status: 200 },
    ]);
  });

  it('refuses a spent refresh token, and ends its sign-in', () => {
    const { backend, api } = create({ signal });
    const stolen = memoryStore({ accessToken: 'x', refreshToken: 'user.refresh.1' });
    backend.expireTokens();
    outcomeOf(api.get$('/orders'));
    const thief = withSession(backend, { store: stolen });
    expect(outcomeOf(thief.api.get$('/orders')).error).toMatchObject({ code: 'session-expired' });
    expect(outcomeOf(api.get$('/orders')).error).toMatchObject({ code: 'session-expired' });
  });

  it('refuses it alone with reuseDetection: false', () => {
    const { backend, api } = create({ signal, reuseDetection: false });
    backend.expireTokens();
    outcomeOf(api.get$('/orders'));
    const thief = withSession(backend, { store: memoryStore({ accessToken: 'x', refreshToken: 'user.refresh.1' }) });
    expect(outcomeOf(thief.api.get$('/orders')).error).toMatchObject({ code: 'session-expired' });
    expect(outcomeOf(api.get$('/orders')).values).toEqual([{ user: 'user' }]);
  });

  it('keeps the refresh token with rotate: false', () => {
    const { backend, api, session } = create({ signal, rotate: false });
    for (let round = 0; round < 3; round++) {
      backend.expireTokens();
      expect(outcomeOf(api.get$('/orders')).isComplete).toBe(true);
    }
    expect(session.state).toMatchObject({ tokens: { accessToken: 'user.access.4', refreshToken: 'user.refresh.1' } });
  });

  it('ends the sign-ins of one user, or of all', () => {
    const backend = fakeBackend({ signal, routes: { '/me': ({ user }) => user } });
    const [ann, bob] = ['ann', 'bob'].map((user) => withSession(backend, { store: memoryStore(backend.issue(user)) }));
    backend.revoke('ann');
    expect(outcomeOf(ann?.api.get$('/me') ?? timer(0)).error).toMatchObject({ code: 'session-expired' });
    expect(outcomeOf(bob?.api.get$('/me') ?? timer(0)).values).toEqual(['bob']);
    backend.revoke();
    expect(outcomeOf(bob?.api.get$('/me') ?? timer(0)).error).toMatchObject({ code: 'session-expired' });
  });

  it.each<[RefreshFault, unknown]>([
    ['refused', { code: 'session-expired' }],
    ['unavailable', { code: 'refresh', cause: { status: 503 } }],
    ['offline', { code: 'refresh', cause: { code: 'network' } }],
    ['malformed', { code: 'refresh' }],
    ['never', undefined],
  ])('fails the next refresh: %s', (kind, error) => {
    const { backend, api, session } = create({ signal });
    backend.expireTokens();
    backend.failNextRefresh(kind);
    const outcome = outcomeOf(api.get$('/orders'));
    if (error) expect(outcome.error).toMatchObject(error as object);
    else expect(outcome).toEqual({ values: [] });
    expect(backend.log.at(-1)).toMatchObject({ path: '/refresh', status: expect.any(Number) });
    if (kind === 'refused' || kind === 'never') return;
    session.refresh$({ force: true }).subscribe();
    expect(outcomeOf(api.get$('/orders')).values).toEqual([{ user: 'user' }]);
  });

  it('lets its tokens expire by the clock of RxJS', () => {
    virtually(({ expectObservable, flush }) => {
      const { backend, api } = create({ signal, tokenLifeMs: 1_000, latencyMs: 5 });
      expectObservable(api.get$('/orders')).toBe('5ms (a|)', { a: { user: 'user' } });
      expectObservable(timer(2_000)).toBe('2s (a|)', { a: 0 });
      flush();
      expect(backend.refreshes).toBe(0);
      expectObservable(api.get$('/orders')).toBe('2010ms (a|)', { a: { user: 'user' } });
      flush();
      expect(backend.refreshes).toBe(1);
    });
  });
});

describe('fakeBackend', () => {
  afterEach(() => vi.useRealTimers());

  it('is driven by fake timers', async () => {
    vi.useFakeTimers();
    const { backend, api } = create({ tokenLifeMs: 1_000, latencyMs: 50 });
    vi.advanceTimersByTime(2_000);
    const outcome = outcomeOf(api.get$('/orders'));
    await vi.advanceTimersByTimeAsync(100);
    expect([outcome.values, backend.refreshes]).toEqual([[{ user: 'user' }], 1]);
  });

  it('sets no timer without latencyMs', () => {
    vi.useFakeTimers();
    const { backend, api } = create();
    backend.expireTokens();
    outcomeOf(api.get$('/orders'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives a route the request, and sends what it returns', () => {
    const seen: unknown[] = [];
    const { api } = create({
      routes: {
        'POST /orders': (request) => {
          seen.push(request);
          return { status: 201, headers: { etag: 'a' }, body: { id: 7 } };
        },
        '/orders': () => [{ status: 'open' }],
        '/status': () => ({ status: 'open' }),
      },
    });
    expect(outcomeOf(api.request$('POST', '/orders?a=1', { body: { b: 2 } })).values).toMatchObject([
      { status: 201, headers: { etag: 'a' }, body: { id: 7 } },
    ]);
    expect(outcomeOf(api.get$('/orders')).values).toEqual([[{ status: 'open' }]]);
    expect(outcomeOf(api.get$('/status')).values).toEqual([{ status: 'open' }]);
    expect(seen).toMatchObject([{ method: 'POST', path: '/orders', body: { b: 2 }, user: 'user' }]);
    expect(`${(seen[0] as { query: URLSearchParams }).query}`).toBe('a=1');
  });

  it('waits for the promise of a route', async () => {
    const { api } = create({ routes: { '/orders': async () => 7 } });
    const outcome = outcomeOf(api.get$('/orders'));
    await setTimeout(0);
    expect(outcome.values).toEqual([7]);
  });

  it('says that a path is unknown, and which there are', () => {
    const { backend, api } = create();
    expect(outcomeOf(api.get$('/order')).error).toMatchObject({
      status: 404,
      serverMessage: 'there is no such route; the routes: /orders, POST /refresh',
    });
    expect(() => backend.verify()).toThrow(
      new Error('GET /order: there is no such route; the routes: /orders, POST /refresh'),
    );
  });

  it('says that a request has no token, except in public routes', () => {
    const backend = fakeBackend({
      routes: { '/orders': () => [], '/login': ({ user }) => ({ user }) },
      publicRoutes: ['/login'],
    });
    const api = createApi({ baseUrl: BASE, transport: backend.transport });
    expect(outcomeOf(api.get$('/orders')).error).toMatchObject({ status: 401, serverMessage: 'there is no token' });
    expect(outcomeOf(api.get$('/login')).values).toEqual([{}]);
  });

  it('says which field a refresh lacks', () => {
    const backend = fakeBackend({ routes: { '/orders': () => [] } });
    const http = createApi({ baseUrl: BASE, transport: backend.transport });
    const { api } = withSession(backend, {
      refresh: ({ refreshToken }) => http.post$('/refresh', { refresh_token: refreshToken }),
    });
    backend.expireTokens();
    expect(outcomeOf(api.get$('/orders')).error).toMatchObject({
      code: 'refresh',
      cause: { serverMessage: 'refreshToken: expected a string (keys: refresh_token)' },
    });
    expect(() => backend.verify()).toThrow('POST /refresh: refreshToken: expected a string (keys: refresh_token)');
  });

  it.each<[FakeBackendOptions, string]>([
    [{ signal: '401' as never }, "signal: expected 'status' or 'code'"],
    [{ tokenLifeMs: 0 }, 'tokenLifeMs: expected milliseconds above 0'],
    [{ tokenLifeMs: Number.NaN }, 'tokenLifeMs: expected milliseconds above 0'],
    [{ latencyMs: -1 }, 'latencyMs: expected milliseconds, 0 or more'],
    [{ refreshPath: 'refresh' }, 'refreshPath: expected a path that begins with /, without a query'],
    [{ routes: { orders: () => 1 } }, "routes: expected keys such as '/orders' or 'GET /orders'"],
    [{ routes: {}, publicRoutes: ['/login'] }, 'publicRoutes: expected keys of routes'],
  ])('refuses wrong options: %o', (options, message) => {
    expect(() => fakeBackend(options)).toThrow(new TypeError(message));
  });
});

describe('the fetch of fakeBackend', () => {
  it.each(SIGNALS)('is the same server, by %s', async (signal) => {
    const { backend, session } = create({ signal });
    const api = createApi({ baseUrl: BASE, session, transport: fetchTransport({ fetch: backend.fetch }) });
    backend.expireTokens();
    const requests = Array.from({ length: 10 }, () => api.get$('/orders'));
    const bodies = await new Promise((resolve) => forkJoin(requests).subscribe(resolve));
    expect(bodies).toEqual(Array(10).fill({ user: 'user' }));
    expect(backend.refreshes).toBe(1);
    const response = await toFetch(api)('/orders', { method: 'POST', body: '{}' });
    expect([response.status, await response.json()]).toEqual([200, { user: 'user' }]);
  });

  it('takes what fetch takes', async () => {
    const backend = fakeBackend({
      routes: { '/echo': ({ body, headers }) => ({ body, a: headers.a }), '/none': () => ({ status: 204 }) },
      publicRoutes: ['/echo', '/none'],
    });
    const post = { method: 'POST', headers: { a: '1', 'content-type': 'application/json' }, body: '{"b":2}' };
    for (const input of ['/echo', new URL('/echo', BASE), new Request(`${BASE}/echo`)])
      expect(await (await backend.fetch(input, post)).json()).toEqual({ body: { b: 2 }, a: '1' });
    expect(await (await backend.fetch('/echo', { method: 'POST', body: 'text' })).json()).toEqual({ body: 'text' });
    expect((await backend.fetch('/none')).status).toBe(204);
  });

  it('rejects as fetch does, offline and aborted', async () => {
    const backend = fakeBackend();
    backend.failNextRefresh('offline');
    backend.failNextRefresh('never');
    const refresh = (signal?: AbortSignal) => backend.fetch('/refresh', { method: 'POST', ...(signal && { signal }) });
    await expect(refresh()).rejects.toThrow(new TypeError('fetch failed'));
    const controller = new AbortController();
    const rejection = expect(refresh(controller.signal)).rejects.toThrow(new RangeError('enough'));
    controller.abort(new RangeError('enough'));
    await rejection;
  });
});

describe('an endpoint of another shape', () => {
  /** A token endpoint with a form (RFC 6749 section 6), and a client for it. */
  const createOAuth = () => {
    const backend: FakeBackend = fakeBackend({
      routes: {
        '/me': ({ user }) => user,
        'POST /token': ({ body }) => {
          const grant = backend.rotate(new URLSearchParams(`${body}`).get('refresh_token') ?? '');
          return typeof grant === 'string'
            ? { status: 400, body: { error: 'invalid_grant' } }
            : { access_token: grant.accessToken, refresh_token: grant.refreshToken };
        },
      },
      publicRoutes: ['POST /token'],
    });
    const http = createApi({ baseUrl: BASE, transport: backend.transport });
    const refresh: SessionOptions['refresh'] = ({ refreshToken: refresh_token = '' }) =>
      http.post$<Record<string, string>>('/token', new URLSearchParams({ refresh_token })).pipe(
        map(({ access_token = '', refresh_token = '' }) => ({
          accessToken: access_token,
          refreshToken: refresh_token,
        })),
      );
    return { backend, ...withSession(backend, { refresh }) };
  };

  it('rotates the same tokens', () => {
    const { backend, api } = createOAuth();
    for (let round = 1; round <= 3; round++) {
      backend.expireTokens();
      expect(outcomeOf(api.get$('/me')).values).toEqual(['user']);
      expect(backend.refreshes).toBe(round);
    }
    backend.verify();
  });

  it('is told why a refresh token is refused', () => {
    const { backend } = createOAuth();
    const { refreshToken = '' } = backend.issue('ann');
    const ended = backend.issue('bob');
    backend.revoke('bob');
    expect(backend.rotate(refreshToken)).toEqual({ accessToken: 'ann.access.2', refreshToken: 'ann.refresh.2' });
    expect([refreshToken, ended.refreshToken ?? '', 'x'].map(backend.rotate)).toEqual(['spent', 'revoked', 'unknown']);
    expect(() => backend.verify()).toThrow('rotate: its refresh token has been used before; a refresh replaces it');
  });

  it('is told the user of a live access token', () => {
    const { backend } = createOAuth();
    const { accessToken } = backend.issue('ann');
    expect([backend.userOf(accessToken), backend.userOf('x')]).toEqual(['ann', undefined]);
    backend.expireTokens();
    expect(backend.userOf(accessToken)).toBeUndefined();
  });
});

describe('verify of fakeBackend', () => {
  it('names a refresh token that was used before, and one that was never issued', () => {
    const { backend, session } = create();
    const refresh = (refreshToken: string) =>
      outcomeOf(defer(() => backend.refresh({ accessToken: '', sessionId: '', refreshToken }) as Observable<unknown>));
    session.refresh$().subscribe();
    backend.verify();
    refresh('user.refresh.1');
    refresh('x');
    expect(() => backend.verify()).toThrow(
      new Error(
        'POST /refresh: its refresh token has been used before; a refresh replaces it\n' +
          'POST /refresh: its refresh token was never issued',
      ),
    );
  });

  it('accepts what a test has made to fail', () => {
    const { backend, api } = create();
    backend.failNextRefresh('refused');
    backend.expireTokens();
    outcomeOf(api.get$('/orders'));
    backend.revoke();
    backend.verify();
  });
});
