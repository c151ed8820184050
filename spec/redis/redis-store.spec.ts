import { inspect } from 'node:util';
import type { Tokens } from 'renewal';
import { redisStore } from 'renewal/redis';
import { describe, expect, it } from 'vitest';
import { commandsOf, withRedis } from '../support/redis-server';
import { createBackend, createProcess, KEY, until } from './client-of';

const redis = withRedis();

const tokensOf = (sessionId: string, revision: number, accessToken = `T-${sessionId}-${revision}`): Tokens => ({
  accessToken,
  refreshToken: `R-${accessToken}`,
  sessionId,
  revision,
});

const EARLY = '0mabcdefg.x1';
const LATE = '0mabcdefh.x2';

describe('the keys of a store', () => {
  it('are on one node of a cluster, and hold no token', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const { session } = createProcess(client, backend);
    const { session: tagged } = createProcess(client, backend, { key: 'shop:{42}:session' });
    const lines = await commandsOf(client, async () => {
      for (const each of [session, tagged]) {
        await each.signIn(backend.issue());
        await new Promise((resolve) => each.refresh$().subscribe({ complete: () => resolve(undefined) }));
      }
    });
    const names = lines.flatMap((line) => line.match(/[\w:{}]*session[\w:{}]*(?=")/g) ?? []);
    expect([...new Set(names)].sort()).toEqual([
      'session:1',
      'shop:{42}:session',
      'shop:{42}:session:changes',
      'shop:{42}:session:lock',
      '{session:1}:changes',
      '{session:1}:lock',
    ]);
  });

  it('are the only ones left, without a lock', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const { session } = createProcess(client, backend);
    await session.signIn(backend.issue());
    await new Promise((resolve) => session.refresh$().subscribe({ complete: () => resolve(undefined) }));
    await until(async () => (await client.exists(`{${KEY}}:lock`)) === 0);
    expect(await client.keys('*')).toEqual([KEY]);
  });
});

describe('the fence', () => {
  it.each([
    ['a lower revision of the same session', tokensOf(LATE, 3), tokensOf(LATE, 2)],
    ['the same revision with other tokens', tokensOf(LATE, 3), tokensOf(LATE, 3, 'other')],
    ['an earlier session', tokensOf(LATE, 1), tokensOf(EARLY, 9)],
    ['a restored grant of an earlier session', tokensOf(LATE, 1), tokensOf(EARLY, 0)],
    ['a rewritten sign-in after its refresh', tokensOf(LATE, 2), tokensOf(LATE, 1)],
  ])('keeps %s out and gives a hint', async (_, first, second) => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY });
    let hints = 0;
    const subscription = store.changes$?.subscribe(() => hints++);
    await until(() => hints > 0);
    await store.save(first);
    hints = 0;
    await store.save(second);
    expect(await store.load()).toEqual(first);
    expect(hints).toBe(1);
    subscription?.unsubscribe();
  });

  it.each([
    ['a higher revision', tokensOf(EARLY, 3), tokensOf(EARLY, 4)],
    ['a later session', tokensOf(EARLY, 3), tokensOf(LATE, 2)],
    ['a sign-in, by a clock that was set back', tokensOf(LATE, 3), tokensOf(EARLY, 1)],
    ['tokens without a revision', tokensOf(LATE, 3), { accessToken: 'T', sessionId: EARLY }],
  ])('lets %s pass', async (_, first, second) => {
    const store = redisStore({ client: await redis.open(), key: KEY });
    await store.save(first);
    await store.save(second);
    expect(await store.load()).toEqual(second);
  });

  it('keeps a late refresh out after a sign-out, for a day', async () => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY });
    await store.save(tokensOf(LATE, 3));
    await store.clear();
    await store.save(tokensOf(LATE, 4));
    await store.save(tokensOf(EARLY, 9));
    expect(await store.load()).toBeNull();
    const leftMs = await client.pTTL(KEY);
    expect(leftMs).toBeGreaterThan(86_390_000);
    expect(leftMs).toBeLessThanOrEqual(86_400_000);
  });

  it('keeps it out too if the value was lost before the sign-out', async () => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY });
    await store.save(tokensOf(LATE, 3));
    await client.flushAll();
    await store.clear();
    await store.save(tokensOf(LATE, 4));
    expect(await store.load()).toBeNull();
  });

  it.each([
    ['a later sign-in', tokensOf(LATE, 1)],
    ['its sign-out', null],
  ])('keeps a sign-in out that is written again after %s', async (_, between) => {
    const one = redisStore({ client: await redis.open(), key: KEY });
    const other = redisStore({ client: await redis.open(), key: KEY });
    await one.save(tokensOf(EARLY, 1));
    await other.load();
    await (between ? other.save(between) : other.clear());
    await one.save(tokensOf(EARLY, 1));
    expect(await other.load()).toEqual(between);
  });

  it('keeps it out too if the process that signed out had not read it, twice', async () => {
    const client = await redis.open();
    const [store, other] = [redisStore({ client, key: KEY }), redisStore({ client, key: KEY })];
    await store.save(tokensOf(LATE, 3));
    await other.clear();
    await other.clear();
    await store.save(tokensOf(LATE, 4));
    expect(await store.load()).toBeNull();
  });

  it('keeps it out too if an earlier session was in its place', async () => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY });
    await redisStore({ client, key: KEY }).save(tokensOf(EARLY, 3));
    const early = String(await client.get(KEY));
    await store.save(tokensOf(LATE, 3));
    await client.set(KEY, early);
    await store.clear();
    await store.save(tokensOf(LATE, 4));
    expect(await store.load()).toBeNull();
  });

  it('orders session ids by their bytes: a shorter one is earlier', async () => {
    const store = redisStore({ client: await redis.open(), key: KEY });
    await store.save(tokensOf(LATE, 3));
    await store.save(tokensOf(LATE.slice(0, -1), 9));
    expect(await store.load()).toEqual(tokensOf(LATE, 3));
    await store.save(tokensOf(`${LATE}0`, 2));
    expect(await store.load()).toEqual(tokensOf(`${LATE}0`, 2));
  });

  it('is no hint for a write of what is there', async () => {
    const store = redisStore({ client: await redis.open(), key: KEY });
    await store.save(tokensOf(LATE, 3));
    let hints = 0;
    const subscription = store.changes$?.subscribe(() => hints++);
    await until(() => hints > 0);
    hints = 0;
    await store.save(tokensOf(LATE, 3));
    await store.save(tokensOf(LATE, 2));
    expect(hints).toBe(1);
    subscription?.unsubscribe();
  });

  it('lets a later sign-in pass after a sign-out, and its refresh', async () => {
    const store = redisStore({ client: await redis.open(), key: KEY });
    await store.save(tokensOf(EARLY, 3));
    await store.clear();
    await store.save(tokensOf(LATE, 1));
    await store.save(tokensOf(LATE, 2));
    expect(await store.load()).toEqual(tokensOf(LATE, 2));
  });
});

describe('a store that has lost its value', () => {
  it('says that nothing is known: undefined, not null', async () => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY });
    await store.save(tokensOf(LATE, 3));
    await client.del(KEY);
    expect(await store.load()).toBeUndefined();
  });
});

describe('encryption', () => {
  const aesKey = (length = 256) =>
    crypto.subtle.generateKey({ name: 'AES-GCM', length }, false, ['encrypt', 'decrypt']);

  it('hides the tokens, and reads those of an older key', async () => {
    const client = await redis.open();
    const [k1, k2] = [await aesKey(), await aesKey()];
    await redisStore({ client, key: KEY, encrypt: { keys: { k1 }, current: 'k1' } }).save(tokensOf(LATE, 3));
    expect(await client.get(KEY)).not.toMatch(/T-|R-/);
    const rotated = redisStore({ client, key: KEY, encrypt: { keys: { k1, k2 }, current: 'k2' } });
    expect(await rotated.load()).toEqual(tokensOf(LATE, 3));
    await rotated.save(tokensOf(LATE, 4));
    expect(await client.get(KEY)).toContain('"key":"k2"');
    expect(await rotated.load()).toEqual(tokensOf(LATE, 4));
  });

  it.each([
    ['a missing key', 'UnknownEncryptionKeyError', async () => ({ keys: { k2: await aesKey() }, current: 'k2' })],
    ['another key of that id', 'DecryptionError', async () => ({ keys: { k1: await aesKey() }, current: 'k1' })],
    ['no encryption', 'UnknownEncryptionKeyError', async () => undefined],
  ])('with %s is a failing load, which is named', async (_, name, encrypt) => {
    const client = await redis.open();
    const written = redisStore({ client, key: KEY, encrypt: { keys: { k1: await aesKey() }, current: 'k1' } });
    await written.save(tokensOf(LATE, 3));
    const store = redisStore({ client, key: KEY, encrypt: await encrypt() });
    const error = await Promise.resolve(store.load()).catch((thrown) => thrown);
    expect(error).toMatchObject({ name });
    expect(inspect(error).replaceAll(process.cwd(), '')).not.toMatch(/T-|R-|k1/);
  });

  it('uses a nonce once: the same tokens are never the same text', async () => {
    const client = await redis.open();
    const store = redisStore({ client, key: KEY, encrypt: { keys: { k1: await aesKey() }, current: 'k1' } });
    const texts = new Set<string>();
    for (let nth = 0; nth < 20; nth++) {
      await client.del(KEY);
      await store.save(tokensOf(LATE, 3));
      texts.add(
        String(await client.get(KEY))
          .slice(0, -1)
          .split('\n')[1]
          ?.slice(0, 16) ?? '',
      );
    }
    expect(texts.size).toBe(20);
  });

  it('takes the id of a key for no member of an object', async () => {
    const client = await redis.open();
    await client.set(KEY, '{"session":"0","revision":1,"key":"constructor"}\nAAAA');
    const store = redisStore({ client, key: KEY, encrypt: { keys: { k1: await aesKey() }, current: 'k1' } });
    await expect(store.load()).rejects.toMatchObject({ name: 'UnknownEncryptionKeyError' });
  });

  it.each([
    'secret',
    '{"session":"0"}\nsecret',
    '{"session":"0"}\n{"secret',
    '{}\n{"accessToken":"secret"}',
    '[]\n',
    'null\n',
    '1',
  ])('or not, a value such as %j is unreadable, and is not quoted', async (value) => {
    const client = await redis.open();
    await client.set(KEY, value);
    const error = await Promise.resolve(redisStore({ client, key: KEY }).load()).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'UnreadableValueError' });
    expect(inspect(error, { showHidden: true })).not.toContain('secret');
  });

  it('does not read a value that was copied from another key', async () => {
    const client = await redis.open();
    const encrypt = { keys: { k1: await aesKey() }, current: 'k1' };
    await redisStore({ client, key: 'session:2', encrypt }).save(tokensOf(LATE, 3));
    await client.copy('session:2', KEY);
    await expect(redisStore({ client, key: KEY, encrypt }).load()).rejects.toMatchObject({ name: 'DecryptionError' });
  });

  it('does not read a value that is not encrypted', async () => {
    const client = await redis.open();
    await redisStore({ client, key: KEY }).save(tokensOf(LATE, 3));
    const encrypt = { keys: { k1: await aesKey() }, current: 'k1' };
    await expect(redisStore({ client, key: KEY, encrypt }).load()).rejects.toThrow('encrypt.keys');
  });

  it('refuses other keys at its creation', async () => {
    const client = await redis.open();
    const create = (encrypt: object) => () => redisStore({ client, key: KEY, encrypt: encrypt as never });
    const k1 = await aesKey();
    expect(create({ keys: { k1 }, current: 'k2' })).toThrow('encrypt.current: expected the id of one of encrypt.keys');
    expect(create({ keys: { k1: await aesKey(128) }, current: 'k1' })).toThrow('encrypt.keys: expected AES-GCM keys');
    expect(create({ keys: { k1: 'secret' }, current: 'k1' })).toThrow(TypeError);
    expect(create({ current: 'k1' })).toThrow('encrypt.keys: expected an object');
    const only = (usage: 'encrypt' | 'decrypt') =>
      crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [usage]);
    expect(create({ keys: { k1: await only('encrypt') }, current: 'k1' })).toThrow('encrypt.keys: expected');
    const old = await only('decrypt');
    expect(create({ keys: { old }, current: 'old' })).toThrow('encrypt.current: expected');
    expect(create({ keys: { k1, old }, current: 'k1' })).not.toThrow();
  });
});

describe('the options', () => {
  it.each([
    ['client', { client: {} }],
    ['key', { key: '' }],
    ['lockTtlMs', { lockTtlMs: 0 }],
    ['lockTtlMs', { lockTtlMs: Infinity }],
    ['lockTtlMs', { lockTtlMs: 2 ** 31 }],
    ['lockTimeoutMs', { lockTimeoutMs: -1 }],
    ['lockTimeoutMs', { lockTimeoutMs: Number.NaN }],
  ])('are checked: %s', async (name, wrong) => {
    const client = await redis.open();
    expect(() => redisStore({ client, key: KEY, ...(wrong as object) })).toThrow(new RegExp(`^${name}: expected`));
  });

  it('take values that a client with type mappings returns', async () => {
    const client = await redis.open();
    const store = redisStore({ client: client.withTypeMapping({ 36: Buffer }), key: KEY });
    await store.save(tokensOf(LATE, 3));
    expect(await store.load()).toEqual(tokensOf(LATE, 3));
  });
});
