import type { Tokens } from 'renewal';
import { type RedisStoreOptions, redisStore } from 'renewal/redis';
import { Observable, Subject } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startRedisProxy } from '../support/redis-proxy';
import { type Client, command, withRedis } from '../support/redis-server';
import { KEY, until } from './client-of';

const redis = withRedis();
const LOCK = `{${KEY}}:lock`;
const CHANNEL = `{${KEY}}:changes`;
const LONG_MS = 600_000;

const tokensOf = (revision: number, sessionId = '0mabcdefg.x1'): Tokens => ({
  accessToken: `T${revision}`,
  sessionId,
  revision,
});

/** A store that listens; its hints; and another process, which is played by hand. */
const createStore = async (options: Partial<RedisStoreOptions> & { listens?: boolean; client?: Client } = {}) => {
  const { listens = true, client = await redis.open(), ...rest } = options;
  const [admin, subscriber] = [await redis.open(), await redis.open()];
  const messages: string[] = [];
  await subscriber.subscribe(CHANNEL, (message) => messages.push(message));
  const store = redisStore({ client, key: KEY, lockTtlMs: LONG_MS, ...rest });
  const other = redisStore({ client: admin, key: KEY });
  let hints = 0;
  if (listens) {
    const subscription = store.changes$?.subscribe(() => hints++);
    onTestFinished(() => subscription?.unsubscribe());
    await until(() => hints === 1);
  }
  await store.save(tokensOf(1));
  hints = 0;
  messages.length = 0;
  const publish = (message: string) => admin.publish(CHANNEL, message);
  return {
    store,
    other,
    admin,
    messages,
    hints: () => hints,
    publish,
    lost: () => messages.filter((message) => message.startsWith('lost ')),
    /** Resolves when all messages so far have arrived. */
    settled: async () => {
      await publish('end');
      await until(() => messages.includes('end'));
    },
    /** Works under the lock until the returned function is called. */
    work: async () => {
      const end = new Subject<never>();
      await new Promise<void>((resolve) => {
        const work = new Observable<never>((inner) => {
          inner.add(end.subscribe(inner));
          resolve();
        });
        const subscription = store.exclusive?.(work).subscribe();
        onTestFinished(() => subscription?.unsubscribe());
      });
      return () => end.complete();
    },
  };
};

/** Resolves to the nth of these, once it has arrived. */
const nth = async (texts: () => readonly string[], at: number): Promise<string> => {
  await until(() => texts().length >= at);
  return texts()[at - 1] ?? '';
};

describe('a value that is lost', () => {
  it('is asked for if newer tokens were announced, up to three times', async () => {
    const { store, other, admin, publish, hints, lost } = await createStore();
    for (const message of ['look 5', 'look 3']) await publish(message);
    await until(() => hints() === 2);
    await admin.del(KEY);
    const loaded = store.load();
    await nth(lost, 3);
    await other.save(tokensOf(5));
    expect(await loaded).toEqual(tokensOf(5));
    expect(lost()).toHaveLength(3);
  });

  it('is not asked for while another one asks, whom all answer', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { store, other, admin, publish, hints, lost, settled } = await createStore();
    await publish('look 5');
    await until(() => hints() === 1);
    await admin.del(KEY);
    await publish('lost x');
    await until(() => hints() === 2);
    const loaded = store.load();
    await settled();
    expect(lost()).toEqual(['lost x']);
    vi.advanceTimersByTime(300);
    await nth(lost, 2);
    await other.save(tokensOf(5));
    expect(await loaded).toEqual(tokensOf(5));
  });

  it('is not asked for otherwise', async () => {
    const { store, admin, lost, settled } = await createStore();
    await admin.del(KEY);
    expect(await store.load()).toBeUndefined();
    await settled();
    expect(lost()).toEqual([]);
  });

  it('is not asked for by what was announced of an earlier session', async () => {
    const { store, other, admin, publish, hints, lost, settled } = await createStore();
    await publish('look 5');
    await until(() => hints() === 1);
    const next = tokensOf(1, '0mabcdefh.x2');
    await other.save(next);
    expect(await store.load()).toEqual(next);
    await admin.del(KEY);
    expect(await store.load()).toBeUndefined();
    await settled();
    expect(lost()).toEqual([]);
  });

  it('is asked for under the lock', async () => {
    const { store, admin, work, lost } = await createStore();
    await work();
    const owner = await admin.get(LOCK);
    await admin.del(KEY);
    expect(await store.load()).toBeUndefined();
    expect(await nth(lost, 1)).toBe(`lost ${owner}`);
  });

  it('is not asked for by a store that does not listen', async () => {
    const { store, admin, work, lost, settled } = await createStore({ listens: false });
    await work();
    await admin.del(KEY);
    expect(await store.load()).toBeUndefined();
    await settled();
    expect(lost()).toEqual([]);
  });

  it('is awaited from a lease at work, although an idle session answers first', async () => {
    const { store, other, admin, publish, work, lost } = await createStore();
    await work();
    await admin.del(KEY);
    const loaded = store.load();
    const [, owner = ''] = (await nth(lost, 1)).split(' ');
    await publish(`busy ${owner}`);
    await other.save(tokensOf(1));
    await other.save(tokensOf(2));
    await publish('free');
    expect(await loaded).toEqual(tokensOf(2));
  });

  it('is what was read before, for a lease at work, with a hint at its end', async () => {
    const { store, admin, work, hints, lost, settled } = await createStore();
    const end = await work();
    await store.load();
    await admin.del(KEY);
    expect(await store.load()).toEqual(tokensOf(1));
    await settled();
    expect(lost()).toEqual([]);
    expect(hints()).toBe(0);
    end();
    await until(() => hints() === 1);
  });
});

describe('a store that is asked', () => {
  it('gives a hint: its session writes the value again', async () => {
    const { publish, hints } = await createStore();
    await publish('lost x');
    await until(() => hints() === 1);
  });

  it('answers that its lease is at work, without a hint', async () => {
    const { store, publish, hints, messages, work } = await createStore();
    await work();
    await store.load();
    await publish('lost 0');
    await until(() => messages.includes('busy 0'));
    expect(hints()).toBe(0);
  });

  it('answers for a lease that has not begun to work only by precedence', async () => {
    const { publish, hints, messages, work, settled } = await createStore();
    await work();
    await publish('lost z');
    await until(() => messages.includes('busy z'));
    await publish('lost -');
    await until(() => hints() === 1);
    await settled();
    expect(messages).not.toContain('busy -');
  });
});

describe('a message', () => {
  it('of a write takes a lock again that was lost too', async () => {
    const { admin, publish, work } = await createStore();
    await work();
    const owner = await admin.get(LOCK);
    await admin.del(LOCK);
    await publish('look 1');
    await until(async () => (await admin.get(LOCK)) === owner);
  });

  it('of another one that looks like a missed own one is a hint', async () => {
    const proxy = await startRedisProxy(redis.server.port);
    const { store, admin, publish, hints } = await createStore({ client: await redis.open({ url: proxy.url }) });
    proxy.judge = (sent) => (/HELLO/.test(sent) ? 'lose' : 'pass');
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    // The one that is left is of the test.
    await until(async () => Number((await admin.pubSubNumSub(CHANNEL))[CHANNEL]) === 1);
    await store.save(tokensOf(2));
    expect(hints()).toBe(0);
    proxy.judge = () => 'pass';
    await until(() => hints() === 1);
    await publish('look 2');
    await until(() => hints() === 2);
  });

  it('that was left out for an own write is a hint if that write fails', async () => {
    const proxy = await startRedisProxy(redis.server.port);
    const { store, other, messages, hints } = await createStore({ client: await redis.open({ url: proxy.url }) });
    proxy.judge = (sent) => (/look 2/.test(sent) ? 'hold' : 'pass');
    const saved = Promise.resolve(store.save(tokensOf(2)));
    const failed = expect(saved).rejects.toMatchObject({ name: 'CommandTimeoutError' });
    await other.save({ ...tokensOf(2), accessToken: 'other' });
    await until(() => messages.includes('look 2'));
    await failed;
    await until(() => hints() === 1);
  });
});
