import type { RedisStoreOptions } from 'renewal/redis';
import { describe, expect, it } from 'vitest';
import { type Client, commandsOf, withRedis } from '../support/redis-server';
import { createBackend, createProcess, isListening, KEY, until } from './client-of';

const redis = withRedis();
const LOCK = `{${KEY}}:lock`;

const createAesOptions = async (): Promise<Partial<RedisStoreOptions>> => {
  const k1 = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  return { encrypt: { keys: { k1 }, current: 'k1' } };
};

/** Those that a client and its subscribing connection send during `work`, by the name of the client. */
const commandsByName = async (admin: Client, work: () => Promise<unknown>): Promise<Record<string, string[]>> => {
  const lines = await commandsOf(admin, work);
  const names = new Map((await admin.clientList()).map(({ addr, name }) => [addr, name]));
  const commands: Record<string, string[]> = {};
  for (const line of lines) {
    const [, address = '', command = ''] = /\[\d+ (\S+)\] "(\w+)"/.exec(line) ?? [];
    const name = names.get(address) ?? 'gone';
    commands[name] ??= [];
    commands[name].push(command.toUpperCase());
  }
  delete commands[''];
  delete commands.admin;
  return commands;
};

/** An admin client, and processes that are signed in and listen, with the clients `one` and `two`. */
const createTwo = async (options: Partial<RedisStoreOptions> = {}) => {
  const backend = createBackend();
  const admin = await redis.open({ name: 'admin' });
  const one = createProcess(await redis.open({ name: 'one' }), backend, options);
  const two = createProcess(await redis.open({ name: 'two' }), backend, options);
  await one.session.signIn(backend.issue());
  await Promise.all([one.orders(), two.orders()]);
  await until(() => isListening(admin, 2, one, two));
  const isFree = async () => (await admin.exists(LOCK)) === 0;
  return { backend, admin, one, two, isFree };
};

const revisionOf = ({ session }: { session: { state: unknown } }): number | undefined =>
  Object(Object(session.state).tokens).revision;

const countOf = (names: readonly string[] = [], name: string): number => names.filter((each) => each === name).length;

describe.each([
  ['plain', async () => ({})],
  ['encrypted', createAesOptions],
])('the commands of a session, %s', (_, createOptions) => {
  it('are none for a live token', async () => {
    const { admin, one, two } = await createTwo(await createOptions());
    const commands = await commandsByName(admin, async () => {
      for (let nth = 0; nth < 20; nth++) await Promise.all([one.orders(), two.orders()]);
    });
    expect(commands).toEqual({});
  });

  it('are 5 for a refresh, and 1 for each process that adopts', async () => {
    const { backend, admin, one, two, isFree } = await createTwo(await createOptions());
    backend.expireTokens();
    const commands = await commandsByName(admin, async () => {
      await Promise.all([one.orders(), one.orders(), one.orders()]);
      await until(async () => revisionOf(two) === 2 && (await isFree()));
    });
    expect(commands).toEqual({ one: ['SET', 'GET', 'GET', 'EVALSHA', 'EVALSHA'], two: ['GET'] });
    expect(backend.refreshes).toBe(1);
  });

  it('are at most 6 for each of two that refresh at once, beside polls of the lock', async () => {
    const { backend, admin, one, two, isFree } = await createTwo(await createOptions());
    backend.expireTokens();
    const startedAtMs = performance.now();
    const { one: ones, two: twos } = await commandsByName(admin, async () => {
      expect(await Promise.all([one.orders(), two.orders()])).toEqual(['orders', 'orders']);
      await until(isFree);
    });
    expect(backend.refreshes).toBe(1);
    const polls = Math.floor((performance.now() - startedAtMs) / 250);
    for (const names of [ones, twos]) expect(names?.length).toBeLessThanOrEqual(6 + polls);
    // One of the two has the new tokens by its refresh, and the other by a look.
    expect(countOf(ones, 'EVALSHA') + countOf(twos, 'EVALSHA')).toBeLessThanOrEqual(4);
  });

  it('are a look and the subscription at the first use, beside those of its refresh', async () => {
    const options = await createOptions();
    const { backend, admin, isFree } = await createTwo(options);
    backend.expireTokens();
    const three = createProcess(await redis.open({ name: 'three' }), backend, options);
    const { three: names = [] } = await commandsByName(admin, async () => {
      await three.orders();
      await until(async () => (await isListening(admin, 3, three)) && (await isFree()));
    });
    const connecting = ['HELLO', 'CLIENT', 'SUBSCRIBE'];
    const own = names.filter((name) => !connecting.includes(name));
    expect([countOf(own, 'SET'), countOf(own, 'EVALSHA')]).toEqual([1, 2]);
    // Beside 6 for the refresh: the look at the first use, and that at the begin of the subscription.
    expect(own.length).toBeLessThanOrEqual(8);
    expect(countOf(names, 'SUBSCRIBE')).toBe(1);
  });

  it('are 1 for a sign-in and for a sign-out, and 1 for each process that learns of it', async () => {
    const { backend, admin, one, two } = await createTwo(await createOptions());
    const atSignOut = await commandsByName(admin, async () => {
      await one.session.signOut();
      await until(() => two.session.state.status === 'signed-out');
    });
    expect(atSignOut).toEqual({ one: ['EVALSHA'], two: ['GET'] });
    const atSignIn = await commandsByName(admin, async () => {
      await one.session.signIn(backend.issue());
      await until(() => two.session.state.status === 'active');
    });
    expect(atSignIn).toEqual({ one: ['EVALSHA'], two: ['GET'] });
  });
});
