import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USER, OTHER_USER, type TokenPair } from '../../examples/shop/protocol';
import { createShop, type Shop } from '../../examples/shop/server';

interface Received {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

let shop: Shop;
let url: string;

// Not fetch, which forbids the host header.
const send = (method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Received> =>
  new Promise((resolve, reject) => {
    const sent = request(url + path, { method, headers }, (response) => {
      const { statusCode: status, headers: received } = response;
      text(response).then((read) => resolve({ status, headers: received, body: read }), reject);
    });
    sent.on('error', reject).end(body);
  });

const signIn = async (credentials: object): Promise<TokenPair> =>
  JSON.parse((await send('POST', '/app/login', {}, JSON.stringify(credentials))).body).data;
const userOf = async ({ token }: TokenPair) =>
  JSON.parse((await send('GET', '/me', { authorization: `Bearer ${token}` })).body);
const fromPage = () => ({ origin: url });

describe('the shop with a page', () => {
  beforeEach(async () => {
    shop = createShop({ page: [{ path: '/', type: 'text/html', text: '<h1>shop</h1>' }] });
    url = await shop.listen();
  });
  afterEach(() => shop.close());

  it('serves it, with a policy that allows only its own files and origin', async () => {
    const { status, headers, body } = await send('GET', '/');
    expect([status, headers['content-type'], body]).toEqual([200, 'text/html', '<h1>shop</h1>']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
  });

  it('knows two users, and returns the name of each', async () => {
    for (const credentials of [DEMO_USER, OTHER_USER]) {
      expect((await userOf(await signIn(credentials))).data).toEqual({ user: credentials.user });
    }
  });

  it('lets the page expire all access tokens', async () => {
    const pair = await signIn(DEMO_USER);
    expect((await send('POST', '/demo/expire-tokens', fromPage())).status).toBe(200);
    expect((await userOf(pair)).code).toBe(1002);
  });

  it('lets the page set the refresh mode', async () => {
    const before = JSON.parse((await send('GET', '/demo')).body).data;
    await send('POST', '/demo/refresh', fromPage(), '{"refresh":"refused"}');
    const after = JSON.parse((await send('GET', '/demo')).body).data;
    expect([before.refresh, after.refresh, before.run === after.run]).toEqual(['ok', 'refused', true]);
  });

  it('refuses an unknown refresh mode', async () => {
    expect((await send('POST', '/demo/refresh', fromPage(), '{"refresh":"constructor"}')).status).toBe(400);
  });

  it('refuses requests from any other page', async () => {
    const port = new URL(url).port;
    const others = [
      {},
      { origin: 'https://elsewhere.example' },
      { host: `elsewhere.example:${port}`, origin: `http://elsewhere.example:${port}` },
    ];
    const pair = await signIn(DEMO_USER);
    for (const headers of others) {
      expect((await send('POST', '/demo/expire-tokens', headers)).status).toBe(403);
      expect((await send('POST', '/demo/refresh', headers, '{"refresh":"refused"}')).status).toBe(403);
    }
    expect((await userOf(pair)).code).toBe(0);
    expect(JSON.parse((await send('GET', '/demo')).body).data.refresh).toBe('ok');
  });
});

describe('the shop without a page', () => {
  it('has no demo routes either', async () => {
    shop = createShop();
    url = await shop.listen();
    const responses = await Promise.all([
      send('GET', '/'),
      send('GET', '/demo'),
      send('POST', '/demo/expire-tokens', fromPage()),
    ]);
    await shop.close();
    expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});
