import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CLIENT_KEY, DEMO_USER, type Order, type TokenPair } from '../../examples/shop/protocol';
import { createShop, type Shop, type ShopOptions } from '../../examples/shop/server';

interface Answer<T> {
  status: number;
  headers: Headers;
  body: { code: number; message: string; data: T };
}

describe('the example shop', () => {
  let shop: Shop;
  let url: string;

  const open = async (options?: ShopOptions): Promise<void> => {
    shop = createShop(options);
    url = await shop.listen();
  };

  const send = async <T = unknown>(method: string, path: string, init: RequestInit = {}): Promise<Answer<T>> => {
    const response = await fetch(url + path, { ...init, method });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const post = <T>(path: string, body: unknown, headers = {}) =>
    send<T>('POST', path, { body: JSON.stringify(body), headers });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const get = <T>(path: string, token: string) => send<T>('GET', path, { headers: bearer(token) });
  const signIn = async () => (await post<TokenPair>('/app/login', DEMO_USER)).body.data;
  const renew = (refreshToken: unknown, authorization = CLIENT_KEY) =>
    post<TokenPair>('/app/renewal', { authorization, refreshToken });

  beforeEach(() => open());
  afterEach(() => shop.close());

  describe('signing in', () => {
    it('returns a pair of tokens that gives access to the orders', async () => {
      const { token } = await signIn();
      const { status, body } = await get<Order[]>('/orders', token);
      expect([status, body.code, body.data.length]).toEqual([200, 0, 6]);
    });

    it.each([{ user: 'ada', password: 'wrong' }, { user: 'constructor', password: 'x' }, { user: 'ada' }, {}])(
      'responds to %j with code 1001',
      async (credentials) => {
        const { status, body } = await post('/app/login', credentials);
        expect([status, body.code]).toEqual([200, 1001]);
      },
    );
  });

  describe('access tokens', () => {
    it('get code 1002 in an HTTP 200 once they have expired', async () => {
      const { token } = await signIn();
      shop.expireAccessTokens();
      const { status, body } = await get('/orders', token);
      expect([status, body.code]).toEqual([200, 1002]);
      expect(shop.counters().expiredResponses).toBe(1);
    });

    it('get HTTP 401 once they have expired, by option', async () => {
      await shop.close();
      await open({ expiredAs: 'status' });
      const { status, body } = await get('/orders', 'never handed out');
      expect([status, body.code]).toEqual([401, 1002]);
    });

    it('expire after their life', async () => {
      await shop.close();
      vi.useFakeTimers({ now: 0, toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      await open({ tokenLifeMs: 1000 });
      const { token } = await signIn();
      vi.setSystemTime(999);
      expect((await get('/orders', token)).body.code).toBe(0);
      vi.setSystemTime(1000);
      expect((await get('/orders', token)).body.code).toBe(1002);
    });

    it('are required on every route of the orders', async () => {
      for (const [method, path] of [
        ['GET', '/orders'],
        ['GET', '/orders/1'],
        ['POST', '/orders'],
        ['POST', '/orders/1/receipt'],
      ] as const) {
        expect((await send(method, path)).body.code).toBe(1002);
      }
      expect((await send('GET', '/orders', { headers: { authorization: 'Basic x' } })).body.code).toBe(1002);
    });
  });

  describe('a renewal', () => {
    it('rotates both tokens', async () => {
      const old = await signIn();
      const { status, body } = await renew(old.refreshToken);
      expect([status, body.code]).toEqual([200, 0]);
      expect(body.data.token).not.toBe(old.token);
      expect(body.data.refreshToken).not.toBe(old.refreshToken);
      expect((await get('/orders', body.data.token)).body.code).toBe(0);
      expect((await get('/orders', old.token)).body.code).toBe(1002);
    });

    it('keeps the old access token valid by option, until the family is revoked', async () => {
      await shop.close();
      await open({ keepsAccessTokens: true });
      const old = await signIn();
      const { data: current } = (await renew(old.refreshToken)).body;
      expect((await get('/orders', old.token)).body.code).toBe(0);
      expect((await get('/orders', current.token)).body.code).toBe(0);
      await renew(old.refreshToken);
      expect((await get('/orders', old.token)).body.code).toBe(1002);
      expect((await get('/orders', current.token)).body.code).toBe(1002);
    });

    it('works after the access token has expired', async () => {
      const { refreshToken } = await signIn();
      shop.expireAccessTokens();
      const { body } = await renew(refreshToken);
      expect((await get('/orders', body.data.token)).body.code).toBe(0);
    });

    it('refuses a spent refresh token and revokes the whole family', async () => {
      const old = await signIn();
      const { data: current } = (await renew(old.refreshToken)).body;
      const reused = await renew(old.refreshToken);
      expect([reused.status, reused.body.code]).toEqual([400, 1003]);
      expect(shop.counters().reuseDetected).toBe(1);
      expect((await get('/orders', current.token)).body.code).toBe(1002);
      expect((await renew(current.refreshToken)).body.code).toBe(1003);
    });

    it('does not affect other sign-ins when it revokes a family', async () => {
      const other = await signIn();
      const { refreshToken } = await signIn();
      await renew(refreshToken);
      await renew(refreshToken);
      expect((await get('/orders', other.token)).body.code).toBe(0);
    });

    it.each([
      ['an unknown refresh token', 'ada.refresh.1', CLIENT_KEY],
      ['no refresh token', undefined, CLIENT_KEY],
      ['a refresh token that is no text', 7, CLIENT_KEY],
      ['a wrong client key', 'ada.refresh.1', 'other-app'],
    ])('refuses %s with HTTP 400 and code 1003', async (_, refreshToken, clientKey) => {
      const { status, body } = await renew(refreshToken, clientKey);
      expect([status, body.code]).toEqual([400, 1003]);
    });

    it('does not spend a refresh token with a wrong client key', async () => {
      const { refreshToken } = await signIn();
      await renew(refreshToken, 'other-app');
      expect((await renew(refreshToken)).status).toBe(200);
    });

    it('is refused without spending the token in mode refused', async () => {
      const { refreshToken } = await signIn();
      shop.setRenewalMode('refused');
      expect((await renew(refreshToken)).body.code).toBe(1003);
      shop.setRenewalMode('ok');
      expect((await renew(refreshToken)).status).toBe(200);
    });

    it('has its connection cut in mode offline', async () => {
      const { refreshToken } = await signIn();
      shop.setRenewalMode('offline');
      await expect(renew(refreshToken)).rejects.toThrow();
      expect(shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    });

    it('does not delay other requests in mode slow', async () => {
      await shop.close();
      await open({ slowMs: 2 ** 30 });
      const { token, refreshToken } = await signIn();
      shop.setRenewalMode('slow');
      const late = renew(refreshToken);
      const cut = expect(late).rejects.toThrow();
      expect((await get('/orders', token)).body.code).toBe(0);
      await shop.close();
      await cut;
    });
  });

  describe('orders', () => {
    it('are placed for the user and found by their number', async () => {
      const { token } = await signIn();
      const placed = await post<Order>('/orders', { item: 'ink', quantity: 2 }, bearer(token));
      expect(placed.body.data).toEqual({ id: 7, item: 'ink', quantity: 2, placedBy: 'ada' });
      expect((await get('/orders/7', token)).body.data).toEqual(placed.body.data);
    });

    it.each([
      {},
      { item: '', quantity: 1 },
      { item: 'ink' },
      { item: 'ink', quantity: 0 },
      { item: 'ink', quantity: 1.5 },
      { item: 'ink', quantity: '2' },
    ])('get HTTP 400 if the draft is %j', async (draft) => {
      const { token } = await signIn();
      expect((await post('/orders', draft, bearer(token))).status).toBe(400);
    });

    it.each(['99', '01', '__proto__', '%zz'])('get HTTP 404 if the number is %s', async (id) => {
      const { token } = await signIn();
      const { status, body } = await get(`/orders/${id}`, token);
      expect([status, body.code]).toEqual([404, 404]);
    });
  });

  describe('receipts', () => {
    const attach = (id: string, bytes: BodyInit, token: string) =>
      send<{ bytes: number }>('POST', `/orders/${id}/receipt`, { body: bytes, headers: bearer(token) });

    it('are counted in bytes', async () => {
      const { token } = await signIn();
      for (const size of [0, 200_000]) {
        expect((await attach('1', new Uint8Array(size), token)).body.data).toEqual({ bytes: size });
      }
    });

    it('get HTTP 404 for an unknown order', async () => {
      const { token } = await signIn();
      expect((await attach('99', 'x', token)).status).toBe(404);
    });
  });

  describe('bad input', () => {
    it.each(['/', '/nowhere', '/orders/', '/orders/1/lines', '/__proto__'])('is a JSON 404 at %s', async (path) => {
      const { status, headers, body } = await send('GET', path);
      expect([status, body.code]).toEqual([404, 404]);
      expect(headers.get('content-type')).toContain('application/json');
      expect(shop.counters().hits).toEqual({ '*': 1 });
    });

    it('is a 405 that names the allowed methods', async () => {
      const { status, headers } = await send('DELETE', '/orders');
      expect([status, headers.get('allow')]).toEqual([405, 'GET, POST']);
    });

    it.each(['', '{', 'null', '[]', '"text"'])('is a 400 when the body is %j', async (body) => {
      expect((await send('POST', '/app/login', { body })).status).toBe(400);
    });

    it('is a 413 when the body is larger than 64 kB, even by one byte', async () => {
      const empty = JSON.stringify({ user: '' }).length;
      const bodyOf = (size: number) => JSON.stringify({ user: 'x'.repeat(size - empty) });
      expect((await send('POST', '/app/login', { body: bodyOf(64 * 1024) })).status).toBe(200);
      expect((await send('POST', '/app/login', { body: bodyOf(64 * 1024 + 1) })).status).toBe(413);
      expect((await send('POST', '/app/login', { body: bodyOf(5_000_000) })).status).toBe(413);
    });

    it('does no harm if the client disconnects within a body', async () => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      await new Promise<void>((resolve) => {
        socket.write('POST /app/login HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\n{', () => resolve());
      });
      socket.destroy();
      expect((await signIn()).token).toBeTypeOf('string');
    });

    it('does no harm if the request line has no valid url', async () => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.end('GET // HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n');
      socket.setEncoding('utf8');
      let response = '';
      for await (const chunk of socket) response += chunk;
      expect(response).toMatch(/^HTTP\/1\.1 404 /);
    });
  });

  it('counts hits by route', async () => {
    const { token } = await signIn();
    await get('/orders', token);
    await get('/orders/1?page=2', token);
    await get('/orders/2', token);
    expect(shop.counters()).toEqual({
      hits: { '/app/login': 1, '/orders': 1, '/orders/:id': 2 },
      refreshes: 0,
      expiredResponses: 0,
      reuseDetected: 0,
    });
  });

  it('delays responses by its latency, and cuts pending requests on close', async () => {
    await shop.close();
    await open({ latencyMs: () => 2 ** 30 });
    const cut = expect(signIn()).rejects.toThrow();
    await waitUntil(() => shop.counters().hits['/app/login'] === 1);
    await shop.close();
    await cut;
  });

  it('closes twice without harm', async () => {
    await shop.close();
    await expect(shop.close()).resolves.toBeUndefined();
    await expect(fetch(url)).rejects.toThrow();
  });
});

// Yields to the event loop, so that sockets make progress, until the condition holds.
async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
