import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USER } from '../../examples/shop/protocol';
import { createShop } from '../../examples/shop/server';
import { createTempDirs } from '../support/temp-dirs';
import { run } from './run';

const { user, password } = DEMO_USER;
const PARALLEL = 6;

describe('examples/cli', { timeout: 60_000 }, () => {
  const dirs = createTempDirs();
  const shop = createShop({ renewalMs: 300 });
  const home = join(dirs.make(), 'shop');
  let url: string;
  beforeAll(async () => {
    url = await shop.listen();
  });
  afterAll(async () => {
    await shop.close();
    dirs.remove();
  });
  const command = (...args: string[]) => run('examples/cli/main.ts', args, { SHOP_URL: url, SHOP_HOME: home });

  it('refreshes once for commands that start at the same time, and shows no token', async () => {
    expect(await command('orders')).toEqual({ code: 1, stdout: '', stderr: 'not signed in: run shop login\n' });
    expect(await command('login', user, 'wrong')).toMatchObject({ code: 1, stdout: '' });
    expect(await command('login', user, password)).toEqual({ code: 0, stdout: 'signed in as ada\n', stderr: '' });
    shop.expireAccessTokens();
    const all = await Promise.all(Array.from({ length: PARALLEL }, () => command('orders')));
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
    expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
    expect(all[0]?.stdout).toMatch(/^1 {2}\d+ x .+\n/);
    expect(shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    expect(readdirSync(home)).toEqual(['session.json']);
    expect(statSync(join(home, 'session.json')).mode & 0o777).toBe(0o600);
    expect(await command('logout')).toEqual({ code: 0, stdout: 'signed out\n', stderr: '' });
    expect(await command('orders')).toMatchObject({ code: 1, stderr: 'not signed in: run shop login\n' });
  });

  it('says that a session was not stored', async () => {
    const open = join(dirs.make(), 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const env = { SHOP_URL: url, SHOP_HOME: open };
    const { code, stdout, stderr } = await run('examples/cli/main.ts', ['login', user, password], env);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('the session was not stored: write: FileStoreError open-directory\n');
  });

  it('says how it is used', async () => {
    const { code, stdout, stderr } = await command('fly');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('usage: shop login');
  });
});
