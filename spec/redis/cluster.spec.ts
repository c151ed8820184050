import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_USER } from '../../examples/shop/protocol';
import { createShop } from '../../examples/shop/server';
import { withRedis } from '../support/redis-server';
import { until } from './client-of';

const redis = withRedis();
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

const startCluster = async (shopUrl: string): Promise<string> => {
  const env = { ...process.env, SHOP_URL: shopUrl, REDIS_URL: redis.server.url, PORT: '0', WORKERS: '3' };
  const child = spawn(process.execPath, [tsx, 'examples/cluster/main.ts'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exit;
  });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  for await (const chunk of child.stdout) {
    output += chunk;
    const [url] = /http:\S+/.exec(output) ?? [];
    if (url) return url;
  }
  throw new Error(`the cluster has not started: ${output}`);
};

describe('examples/cluster', { timeout: 60_000 }, () => {
  it('refreshes once for the requests of a user in all processes', async () => {
    const shop = createShop({ renewalMs: 200 });
    onTestFinished(() => shop.close());
    const url = await startCluster(await shop.listen());
    // A connection for each request: the primary hands them out in turn.
    const send = (path: string, init: RequestInit = {}) =>
      fetch(`${url}${path}`, { ...init, headers: { connection: 'close', ...init.headers } });
    const login = (credentials: object) => send('/login', { method: 'POST', body: JSON.stringify(credentials) });

    expect((await send('/orders')).status).toBe(401);
    expect((await login({ ...DEMO_USER, password: 'wrong' })).status).toBe(401);
    const signedIn = await login(DEMO_USER);
    expect(signedIn.status).toBe(204);
    const [cookie = ''] = signedIn.headers.getSetCookie();
    expect(cookie).toMatch(/^sid=[0-9a-f-]{36}; HttpOnly/);
    const headers = { cookie: cookie.split(';')[0] ?? '' };

    const processes = new Set<string | null>();
    for (let round = 1; round <= 3; round++) {
      shop.expireAccessTokens();
      const responses = await Promise.all(Array.from({ length: 12 }, () => send('/orders', { headers })));
      for (const response of responses) {
        expect(response.status).toBe(200);
        expect(await response.json()).not.toEqual([]);
        processes.add(response.headers.get('x-process'));
      }
      expect(shop.counters()).toMatchObject({ refreshes: round, reuseDetected: 0 });
    }
    expect(processes.size).toBe(3);

    // No process takes a user whose session it cannot load for one who is signed out.
    await redis.server.stop();
    await until(async () => (await login(DEMO_USER)).status === 503);
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async () => (await send('/orders', { headers })).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    const other = { cookie: 'sid=00000000-0000-0000-0000-000000000000' };
    expect((await send('/orders', { headers: other })).status).toBe(503);
    await redis.server.start();
    await until(async () => (await send('/orders', { headers: other })).status === 401);

    expect((await send('/logout', { method: 'POST', headers })).status).toBe(204);
    // Another process learns of it by a message.
    await until(async () => (await send('/orders', { headers })).status === 401);
  });
});
