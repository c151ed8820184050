import { createClientPool } from 'redis';
import { type RedisClient, type RedisStoreOptions, redisStore } from 'renewal/redis';
import { Observable, Subject } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Lease } from '../../lib/redis/lease';
import { startRedisProxy } from '../support/redis-proxy';
import { command, withRedis } from '../support/redis-server';
import { KEY, until } from './client-of';

const redis = withRedis();
const LOCK = `{${KEY}}:lock`;

/** Longer than a test. */
const LONG_MS = 600_000;

/** A work under the lock: whether it has begun, its end, and its error. */
const run = (client: RedisClient, options: Partial<RedisStoreOptions> = {}) => {
  const { exclusive } = redisStore({ client, key: KEY, ...options });
  if (!exclusive) throw new Error('expected exclusive');
  const end = new Subject<never>();
  const result: { begunAtMs?: number; error?: unknown } = {};
  const work = new Observable<never>((subscriber) => {
    result.begunAtMs = performance.now();
    subscriber.add(end.subscribe(subscriber));
  });
  const subscription = exclusive(work).subscribe({
    error: (error: unknown) => {
      result.error = error;
    },
  });
  onTestFinished(() => subscription.unsubscribe());
  return { result, end: () => end.complete(), leave: () => subscription.unsubscribe() };
};

/** Makes the script known to the server: its text has the names of all actions. */
const loadScript = (client: RedisClient) => redisStore({ client, key: 'other' }).clear();

/** A pool of two connections, through a proxy. */
const openPool = async () => {
  const proxy = await startRedisProxy(redis.server.port);
  const pool = createClientPool({ url: proxy.url, socket: { reconnectStrategy: 20 } }, { minimum: 2, maximum: 2 });
  pool.on('error', () => {});
  await pool.connect();
  onTestFinished(() => pool.destroy());
  await loadScript(pool);
  return { proxy, pool };
};

/** A client through a proxy. */
const openByProxy = async () => {
  const proxy = await startRedisProxy(redis.server.port);
  const client = await redis.open({ url: proxy.url });
  await loadScript(client);
  return { proxy, client };
};

/** The timers that keep the process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('a lease', () => {
  it('is extended at a third of its time', async () => {
    const { proxy, client } = await openByProxy();
    const admin = await redis.open();
    let hasExtended = false;
    proxy.judge = (sent) => {
      if (!/extend/.test(sent)) return 'pass';
      hasExtended = true;
      return 'hold';
    };
    run(client, { lockTtlMs: 6_000 });
    await until(() => hasExtended);
    const leftMs = await admin.pTTL(LOCK);
    expect(leftMs).toBeGreaterThan(3_000);
    expect(leftMs).toBeLessThan(5_000);
    proxy.release();
    await until(async () => (await admin.pTTL(LOCK)) > 5_000);
  });

  it('keeps no process alive, but a wait for the lock does, until it is left', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const before = timers();
    const { result, end } = run(client);
    await until(() => !!result.begunAtMs);
    expect(timers()).toBe(before);
    const waiting = run(await redis.open());
    let [least, seen] = [before, before];
    await until(() => {
      seen = timers();
      least = Math.min(least, seen); // others may end
      return seen > least;
    });
    waiting.leave();
    expect(timers()).toBe(seen - 1);
    end();
    await until(async () => (await admin.exists(LOCK)) === 0);
    expect(waiting.result).toEqual({});
  });

  it('takes a time that is no whole number', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const { result } = run(client, { lockTtlMs: 60_000.5 });
    await until(() => !!result.begunAtMs);
    expect(await admin.exists(LOCK)).toBe(1);
  });

  it('takes its lock again if that was deleted', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const { result } = run(client, { lockTtlMs: 600 });
    await until(() => !!result.begunAtMs);
    const owner = await admin.get(LOCK);
    await admin.del(LOCK);
    await until(async () => (await admin.get(LOCK)) === owner);
  });

  it('leaves the lock of another owner alone, and is extended no more', async () => {
    const { proxy, client } = await openByProxy();
    const admin = await redis.open();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const sent: string[] = [];
    proxy.judge = (bytes) => {
      sent.push(...(/extend|release/.exec(bytes) ?? []));
      return 'pass';
    };
    const { result, end } = run(client, { lockTtlMs: 30_000 });
    await until(() => !!result.begunAtMs);
    const intervals = vi.getTimerCount();
    await admin.set(LOCK, 'other', { expiration: { type: 'PX', value: LONG_MS } });
    vi.advanceTimersByTime(10_000);
    await until(() => vi.getTimerCount() === intervals - 1);
    expect(await admin.get(LOCK)).toBe('other');
    expect(await admin.pTTL(LOCK)).toBeGreaterThan(LONG_MS / 2);
    end();
    await until(() => sent.includes('release'));
    await client.ping();
    expect(sent).toEqual(['extend', 'release']);
    expect(await admin.get(LOCK)).toBe('other');
  });

  it('ends its timer at its end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const client = await redis.open();
    const before = vi.getTimerCount();
    const { result, end } = run(client);
    await until(() => !!result.begunAtMs);
    expect(vi.getTimerCount()).toBe(before + 1);
    end();
    expect(vi.getTimerCount()).toBe(before);
  });

  it('that has lost its value has precedence if it is at work, or by its owner', () => {
    const settings = { client: {} as RedisClient, key: LOCK, channel: 'c', ttlMs: 1, timeoutMs: 1 };
    const [low, high] = [new Lease(settings), new Lease(settings)].sort((a, b) => (a.owner < b.owner ? -1 : 1));
    if (!low || !high) throw new Error('expected two leases');
    const of = (): boolean[] => [low.hasPrecedence(high.owner), high.hasPrecedence(low.owner)];
    expect(of()).toEqual([true, false]);
    high.isWorking = true;
    expect(of()).toEqual([true, true]);
    expect(high.hasPrecedence(high.owner)).toBe(false);
    high.release();
    expect(of()).toEqual([true, false]);
  });
});

describe('a release', () => {
  it('of a SET whose reply comes after the work follows it, also on another connection', async () => {
    const { proxy, pool } = await openPool();
    const admin = await redis.open();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const intervals = vi.getTimerCount();
    const sent: string[] = [];
    proxy.judge = (bytes) => {
      const [name = ''] = /\bNX\b|release/.exec(bytes) ?? [];
      sent.push(name);
      return name === 'NX' ? 'hold' : 'pass';
    };
    const { result, end } = run(pool, { lockTtlMs: LONG_MS });
    await until(() => !!result.begunAtMs); // without the lock
    end();
    for (let nth = 0; nth < 2; nth++) await pool.ping(); // a release would come between
    expect(sent).not.toContain('release');
    proxy.release();
    await until(() => sent.includes('release'));
    await until(async () => (await admin.exists(LOCK)) === 0);
    expect(await admin.exists(LOCK)).toBe(0);
    expect(vi.getTimerCount(), 'it holds nothing after its end').toBe(intervals);
  });

  it('follows all extensions: a late one would take the lock again', async () => {
    const { proxy, pool } = await openPool();
    const admin = await redis.open();
    const sent: string[] = [];
    proxy.judge = (bytes) => {
      const [name = ''] = /extend|release/.exec(bytes) ?? [];
      sent.push(name);
      return name === 'extend' && sent.filter((each) => each === 'extend').length === 1 ? 'hold' : 'pass';
    };
    const { result, end } = run(pool, { lockTtlMs: 1_500 });
    await until(() => !!result.begunAtMs);
    await until(() => sent.filter((name) => name === 'extend').length >= 2);
    await pool.ping(); // the reply of the second one has come
    end();
    for (let nth = 0; nth < 2; nth++) await pool.ping(); // a release would come between
    expect(sent).not.toContain('release');
    proxy.release();
    await until(() => sent.includes('release'));
    await until(async () => (await admin.exists(LOCK)) === 0);
  });
});

describe('a lock that was held', () => {
  it('is had after an attempt whose reply was lost', async () => {
    const { proxy, client } = await openByProxy();
    const admin = await redis.open();
    await admin.set(LOCK, 'other');
    let attempts = 0;
    let lost = 0;
    let isFree = false;
    proxy.judge = (sent) => {
      if (!/\bNX\b/.test(sent)) return 'pass';
      attempts++;
      if (!isFree || lost > 0) return 'pass';
      lost++;
      return 'lose reply';
    };
    const { result } = run(client, { lockTtlMs: LONG_MS, lockTimeoutMs: 8_000 });
    await until(() => attempts >= 1);
    await client.ping();
    await admin.del(LOCK);
    isFree = true;
    await until(() => !!result.begunAtMs || 'error' in result);
    expect(result.error).toBeUndefined();
    expect(await admin.exists(LOCK)).toBe(1);
  });

  it('is asked for once while an attempt has no reply', async () => {
    const { proxy, client } = await openByProxy();
    await (await redis.open()).set(LOCK, 'other');
    let attempts = 0;
    let held = 0;
    proxy.judge = (sent) => {
      if (!/\bNX\b/.test(sent)) return 'pass';
      attempts++;
      // The first two are those at the begin of the wait, and of its subscription.
      if (attempts < 3) return 'pass';
      held++;
      return 'hold';
    };
    const { result } = run(client, { lockTtlMs: 3_000 });
    await until(() => !!result.begunAtMs);
    expect(held).toBe(1);
    proxy.release();
  });

  it('is respected for its time if Redis is gone then', async () => {
    const client = await redis.open();
    await (await redis.open()).set(LOCK, 'other');
    const startedAtMs = performance.now();
    const { result } = run(client, { lockTtlMs: 2_500 });
    await client.ping();
    await redis.server.stop();
    await until(() => !!result.begunAtMs);
    expect(Number(result.begunAtMs) - startedAtMs).toBeGreaterThanOrEqual(2_500);
  });

  it('is asked for at once when its message arrives, or the subscription is back', async () => {
    const { proxy, client } = await openByProxy();
    const [admin, other] = [await redis.open(), await redis.open()];
    const random = vi.spyOn(Math, 'random').mockReturnValue(1e6); // no poll
    onTestFinished(() => random.mockRestore());
    let attempts = 0;
    proxy.judge = (sent) => {
      if (/\bNX\b/.test(sent)) attempts++;
      return 'pass';
    };
    const holder = run(other);
    await until(() => !!holder.result.begunAtMs);
    const { result } = run(client, { lockTimeoutMs: LONG_MS });
    await until(() => attempts === 2); // the second one when the subscription has begun
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => attempts === 3);
    await until(async () => Object.values(await admin.pubSubNumSub(`{${KEY}}:changes`))[0] === 1);
    holder.end();
    await until(() => !!result.begunAtMs);
    expect(attempts).toBe(4);
  });
});
