import { inspect } from 'node:util';
import { redisStore } from 'renewal/redis';
import { describe, expect, it } from 'vitest';
import { startRedisProxy } from '../support/redis-proxy';
import { connect, startRedis, withRedis } from '../support/redis-server';
import { KEY, until } from './client-of';

const redis = withRedis();

const TOKENS = { accessToken: 'secret-access', refreshToken: 'secret-refresh', sessionId: '0mabcdefg.x1', revision: 1 };

/** Occupies the process until this time, so that no timer fires and no reply is read. */
const occupyUntil = (atMs: number): void => {
  while (performance.now() < atMs);
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a command', () => {
  it('that was not written at its deadline is never written', async () => {
    const client = await redis.open({ socket: { reconnectStrategy: 2_500 } });
    const admin = await redis.open();
    await redis.server.stop();
    await until(() => !client.isReady);
    await redis.server.start();
    await redisStore({ client: admin, key: 'other' }).save(TOKENS); // the server knows the script
    const saved = redisStore({ client, key: KEY }).save(TOKENS);
    await expect(saved).rejects.toMatchObject({ name: 'CommandTimeoutError' });
    await client.ping();
    expect(await admin.exists(KEY)).toBe(0);
  });

  it('has its time after a stop of the process', async () => {
    // The way through a proxy takes more than one turn of the event loop.
    const proxy = await startRedisProxy(redis.server.port);
    const store = redisStore({ client: await redis.open({ url: proxy.url }), key: KEY });
    await store.save(TOKENS);
    const loaded = store.load();
    occupyUntil(performance.now() + 1_300);
    expect(await loaded).toEqual(TOKENS);
  });

  it('ends after the replies are read that have arrived', async () => {
    const store = redisStore({ client: await redis.open(), key: KEY });
    await store.save(TOKENS);
    const startedAtMs = performance.now();
    const loaded = store.load();
    await turn(); // it is written
    occupyUntil(startedAtMs + 1_050);
    expect(await loaded).toEqual(TOKENS);
  });

  it('keeps no process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const client = await redis.open();
    const before = timers();
    const loaded = redisStore({ client, key: KEY }).load();
    expect(timers()).toBe(before);
    await loaded;
  });

  it('of a script that is unknown is not sent by its text after the deadline', async () => {
    const proxy = await startRedisProxy(redis.server.port);
    const [client, admin] = [await redis.open({ url: proxy.url }), await redis.open()];
    proxy.judge = () => 'hold';
    await expect(redisStore({ client, key: KEY }).save(TOKENS)).rejects.toMatchObject({ name: 'CommandTimeoutError' });
    proxy.judge = () => 'pass';
    proxy.release();
    await client.ping(); // after the reply NOSCRIPT
    await client.ping();
    expect(await admin.exists(KEY)).toBe(0);
  });

  it('of a script that is unknown is not sent by its text after a stop of the process', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const saved = Promise.resolve(redisStore({ client, key: KEY }).save(TOKENS));
    const failed = expect(saved).rejects.toMatchObject({ name: 'CommandTimeoutError' });
    await turn();
    occupyUntil(performance.now() + 1_300);
    await failed;
    await client.ping();
    expect(await admin.exists(KEY)).toBe(0);
  });

  it('that Redis quotes in an error shows no token', async () => {
    const server = await startRedis('--rename-command', 'EVALSHA', '""');
    try {
      const client = await connect(server.url);
      const raw = await client.evalSha('0', { keys: [], arguments: ['secret'] }).catch((error: unknown) => error);
      expect(inspect(raw), 'Redis quotes it').toContain('secret');
      const error = await Promise.resolve(redisStore({ client, key: KEY }).save(TOKENS)).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: 'ERR', message: 'Redis: ERR' });
      expect(inspect(error, { showHidden: true })).not.toContain('secret');
      client.destroy();
    } finally {
      await server.close();
    }
  });

  it('that saves, without the right to publish, saves', async () => {
    const admin = await redis.open();
    await admin.aclSetUser('mute', ['on', '>word', '~*', '+@all', '-publish', 'resetchannels']);
    const client = await redis.open({ username: 'mute', password: 'word' });
    const store = redisStore({ client, key: KEY });
    await store.save(TOKENS);
    expect(await store.load()).toEqual(TOKENS);
    await until(async () => (await admin.exists(KEY)) === 1);
  });
});
