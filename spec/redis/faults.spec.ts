import { RefreshError, type TokenGrant } from 'renewal';
import { redisStore } from 'renewal/redis';
import { firstValueFrom, NEVER, Observable, of } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedisProxy } from '../support/redis-proxy';
import { type Client, command, startRedis, withRedis } from '../support/redis-server';
import { createBackend, createProcess, createSlowRefresh, isListening, KEY, type Process, until } from './client-of';

const redis = withRedis();
const LOCK = `{${KEY}}:lock`;

/** Resolves once all processes are connected and subscribed: at first, or again after a fault. */
const listening = async (processes: readonly Process[]): Promise<void> => {
  const admin = await redis.open();
  // A client may not have noticed yet that its connection is broken.
  await Promise.all(processes.map(({ client }) => client.ping().catch(() => {})));
  await until(() => isListening(admin, processes.length, ...processes));
};

/** Processes that are signed in, and have had a response each. */
const createProcesses = async (count: number, backend = createBackend(), options = {}) => {
  const processes: Process[] = [];
  for (let nth = 0; nth < count; nth++) {
    const each = createProcess(await redis.open(), backend, options);
    if (nth === 0) await each.session.signIn(backend.issue());
    await each.orders();
    processes.push(each);
  }
  await listening(processes);
  return { backend, processes };
};

/** What requests of all processes come to: the responses, or the codes of the errors. */
const storm = (processes: readonly { orders(): Promise<unknown> }[], each = 10): Promise<unknown[]> =>
  Promise.all(
    processes.flatMap(({ orders }) =>
      Array.from({ length: each }, () => orders().catch(({ code, name }) => code ?? name)),
    ),
  );

/** A client whose second SET fails after `work`, which is called with the value. */
const withLostSet = (client: Client, work: (value: string) => Promise<unknown>): Client => {
  let count = 0;
  const withCommandOptions = (options: object) => {
    const bound = client.withCommandOptions(options);
    const set = async (...args: Parameters<Client['set']>) => {
      count++;
      if (count !== 2) return bound.set(...args);
      await work(`${args[1]}`);
      throw Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
    };
    return Object.create(bound, { set: { value: set } });
  };
  return Object.create(client, { withCommandOptions: { value: withCommandOptions } });
};

/** How many SET commands a server has run, those of scripts too: processes that wait for a lock ask again and again. */
const setsOf = async (client: Client): Promise<number> =>
  Number(/cmdstat_set:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);

/** Resolves when a server has run so many SET commands more. */
const moreSets = async (
  client: Client,
  count: number,
  before: number | Promise<number> = setsOf(client),
): Promise<void> => {
  const enough = (await before) + count;
  await until(async () => (await setsOf(client)) >= enough);
};

const all = (value: string, count: number): string[] => Array.from({ length: count }, () => value);

describe('processes without faults', () => {
  it('refresh once for all', async () => {
    const { backend, processes } = await createProcesses(4);
    for (let round = 1; round <= 3; round++) {
      backend.expireTokens();
      expect(await storm(processes)).toEqual(all('orders', 40));
      expect(backend.refreshes).toBe(round);
    }
  });

  it('share a refusal, and ask the server once', async () => {
    const { backend, processes } = await createProcesses(3);
    backend.expireTokens();
    backend.revoke();
    const outcomes = await storm(processes, 3);
    expect(new Set(outcomes)).toEqual(new Set(['session-expired', 'signed-out']));
    expect(backend.log.filter(({ path }) => path === '/refresh')).toHaveLength(1);
  });

  it('do not share a transient failure', async () => {
    const { backend, processes } = await createProcesses(2);
    backend.expireTokens();
    backend.failNextRefresh('unavailable');
    const [first, second] = processes;
    expect(await first?.orders().catch((error) => error)).toBeInstanceOf(RefreshError);
    expect(await second?.orders()).toBe('orders');
    await until(() => first?.session.state.status === 'active');
    expect(await first?.orders()).toBe('orders');
  });

  it('learn of a sign-in and of a sign-out', async () => {
    const { backend, processes } = await createProcesses(2);
    const [first, second] = processes;
    await first?.session.signOut();
    await until(() => second?.session.state.status === 'signed-out');
    await second?.session.signIn(backend.issue('other'));
    await until(() => first?.session.state.status === 'active');
    expect(await first?.orders()).toBe('orders');
  });
});

describe('the lock', () => {
  it('that is held makes a refresh wait, and fail as transient', async () => {
    const { backend, processes } = await createProcesses(1, createBackend(), { lockTimeoutMs: 300 });
    const client = await redis.open();
    await client.set(LOCK, 'another process');
    backend.expireTokens();
    const error = (await processes[0]?.orders().catch((thrown) => thrown)) as RefreshError;
    expect(error).toBeInstanceOf(RefreshError);
    expect(error.cause).toMatchObject({ name: 'LockTimeoutError' });
    expect(backend.refreshes).toBe(0);
    expect(await client.get(LOCK)).toBe('another process');
  });

  it('is extended while its holder works, and taken at once after its end', async () => {
    const backend = createBackend();
    const { processes } = await createProcesses(2, backend, { lockTtlMs: 150 });
    const slow = createSlowRefresh(backend.refresh);
    const holder = createProcess(await redis.open(), backend, { lockTtlMs: 150 }, slow.refresh);
    await holder.orders();
    backend.expireTokens();
    const held = holder.orders();
    await slow.begins();
    const client = await redis.open();
    const owner = await client.get(LOCK);
    const waiting = storm(processes, 2);
    await until(async () => (await client.pTTL(LOCK)) < 120);
    await until(async () => (await client.pTTL(LOCK)) > 120);
    expect(await client.get(LOCK)).toBe(owner);
    expect(backend.refreshes).toBe(1);
    slow.end();
    expect(await held).toBe('orders');
    expect(await waiting).toEqual(all('orders', 4));
    expect(backend.refreshes).toBe(1);
  });

  it('of a process that was killed lapses', async () => {
    const { backend, processes } = await createProcesses(2, createBackend(), { lockTtlMs: 400 });
    const client = await redis.open();
    await client.set(LOCK, 'killed', { expiration: { type: 'PX', value: 400 } });
    backend.expireTokens();
    expect(await storm(processes, 2)).toEqual(all('orders', 4));
    expect(backend.refreshes).toBe(1);
  });

  it.each([
    ['deleted', 'DEL', LOCK],
    ['taken by another process', 'SET', LOCK, 'other'],
  ])('%s during a refresh: the late result is fenced', async (_, ...args) => {
    const backend = createBackend();
    const [client, admin] = [await redis.open(), await redis.open()];
    // The first refresh hangs, as its process was stopped; the server has rotated for nobody yet.
    let hand = (_grant: TokenGrant): void => {};
    const late = createProcess(
      client,
      backend,
      {},
      () =>
        new Promise<TokenGrant>((resolve) => {
          hand = resolve;
        }),
    );
    await late.session.signIn(backend.issue());
    await late.orders();
    const other = createProcess(await redis.open(), backend);
    await other.orders();
    backend.expireTokens();
    const request = late.orders();
    await until(async () => (await admin.exists(LOCK)) === 1);
    // The other process learns of nothing: its message is missed, and it refreshes by itself.
    await command(redis.server.port, ...args);
    await admin.del(LOCK);
    expect(await other.orders()).toBe('orders');
    hand({ accessToken: 'late', refreshToken: 'late' });
    expect(await request).toBe('orders');
    const newest = await redisStore({ client: admin, key: KEY }).load();
    expect(newest?.accessToken).not.toBe('late');
    expect(late.session.state).toMatchObject({ status: 'active', tokens: { accessToken: newest?.accessToken } });
  });

  it('whose SET was carried out after its deadline leaves no orphan', async () => {
    // The lock does not lapse during the test.
    const { backend, processes } = await createProcesses(1, createBackend(), { lockTtlMs: 600_000 });
    const client = await redis.open();
    backend.expireTokens();
    redis.server.suspend();
    const request = processes[0]?.orders();
    expect(await request).toBe('orders');
    await until(() => !!processes[0]?.warnings.includes('write: CommandTimeoutError'));
    redis.server.resume();
    await until(async () => (await client.exists(LOCK)) === 0);
    const store = redisStore({ client, key: KEY });
    const { state } = processes[0]?.session ?? {};
    await until(
      async () => 'tokens' in Object(state) && (await store.load())?.revision === Object(state).tokens.revision,
    );
  });
});

describe('an attempt to lock whose reply was lost', () => {
  it('takes no lock away from the next attempt', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    await admin.set(LOCK, 'another process');
    // The lock is free by the third attempt.
    const store = redisStore({ client: withLostSet(client, () => admin.del(LOCK)), key: KEY });
    await new Promise<void>((resolve) => {
      const subscription = store.exclusive?.(new Observable(() => resolve())).subscribe();
      onTestFinished(() => subscription?.unsubscribe());
    });
    await client.ping();
    expect(await admin.exists(LOCK)).toBe(1);
  });

  it('may have taken the lock: it is then used, and released', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    await admin.set(LOCK, 'another process');
    const store = redisStore({ client: withLostSet(client, (value) => admin.set(LOCK, value)), key: KEY });
    expect(await firstValueFrom(store.exclusive?.(of('done')) ?? NEVER)).toBe('done');
    await until(async () => (await admin.exists(LOCK)) === 0);
  });
});

describe('faults of the server', () => {
  it('stopped during a storm: requests settle from memory; the value is written again', async () => {
    const { backend, processes } = await createProcesses(1);
    backend.expireTokens();
    const outcomes = storm(processes);
    await redis.server.stop();
    expect(await outcomes).toEqual(all('orders', 10));
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    expect(processes[0]?.warnings.length).toBeGreaterThan(0);
    await redis.server.start();
    await listening(processes);
    const store = redisStore({ client: await redis.open(), key: KEY });
    await until(async () => (await store.load())?.revision === 3);
    backend.expireTokens();
    const another = createProcess(await redis.open(), backend);
    expect(await storm([...processes, another])).toEqual(all('orders', 20));
    expect(backend.refreshes).toBe(3);
  });

  it('stopped and started during a storm of many: no request hangs, none is lost', async () => {
    const { backend, processes } = await createProcesses(4, createBackend(), { lockTtlMs: 1_000 });
    backend.expireTokens();
    const outcomes = storm(processes);
    await redis.server.stop();
    await redis.server.start();
    for (const outcome of await outcomes)
      expect(['orders', 'refresh', 'session-expired', 'signed-out', 'token-rejected']).toContain(outcome);
    await listening(processes);
    await processes[0]?.session.signIn(backend.issue());
    await until(async () => (await storm(processes, 1)).every((outcome) => outcome === 'orders'));
  });

  it('CLIENT KILL during a refresh: the session heals', async () => {
    const { backend, processes } = await createProcesses(3);
    backend.expireTokens();
    const outcomes = storm(processes);
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'normal');
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (const outcome of await outcomes)
      expect(['orders', 'refresh', 'session-expired', 'signed-out', 'token-rejected']).toContain(outcome);
    await listening(processes);
    await processes[0]?.session.signIn(backend.issue());
    const sessionIdOf = ({ session }: Process): unknown => Object(Object(session.state).tokens).sessionId;
    await until(() => new Set(processes.map(sessionIdOf)).size === 1);
    expect(await storm(processes)).toEqual(all('orders', 30));
  });

  it('full, without eviction: the refresh runs without the lock, with a warning', async () => {
    const { backend, processes } = await createProcesses(1);
    const client = await redis.open();
    await client.configSet('maxmemory-policy', 'noeviction');
    await client.configSet('maxmemory', '1');
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    await until(() => !!processes[0]?.warnings.includes('write: OOM'));
    await client.configSet('maxmemory', '0');
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    expect((await redisStore({ client, key: KEY }).load())?.revision).toBe(3);
  });

  it('a value of another type: warnings; the session heals when it is gone', async () => {
    const { backend, processes } = await createProcesses(1);
    const client = await redis.open();
    // At once: a session that finds nothing writes its tokens.
    await client.multi().del(KEY).lPush(KEY, 'list').exec();
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    expect(processes[0]?.warnings).toEqual(
      expect.arrayContaining([expect.stringMatching(/^load: /), expect.stringMatching(/^write: /)]),
    );
    await client.del(KEY);
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    expect((await redisStore({ client, key: KEY }).load())?.revision).toBe(3);
  });

  it('a text that is no value of the store: a failing load, and then the next write', async () => {
    const { backend, processes } = await createProcesses(1);
    const client = await redis.open();
    await client.set(KEY, 'T1 of another program');
    await expect(redisStore({ client, key: KEY }).load()).rejects.toMatchObject({ name: 'UnreadableValueError' });
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 10));
    expect((await redisStore({ client, key: KEY }).load())?.revision).toBe(2);
  });

  it.each([
    ['the lock', [LOCK]],
    ['the value', [KEY]],
    ['both', [LOCK, KEY]],
  ])('evicting %s in a refresh: it is not repeated', async (_, keys) => {
    const backend = createBackend();
    const slow = createSlowRefresh(backend.refresh);
    const { processes } = await createProcesses(3, backend);
    const first = createProcess(await redis.open(), backend, {}, slow.refresh);
    const client = await redis.open();
    await first.orders();
    await listening([...processes, first]);
    backend.expireTokens();
    const requests = [storm([first])];
    await slow.begins();
    const before = await setsOf(client);
    requests.push(storm(processes));
    await moreSets(client, processes.length, before); // they have asked for the lock
    await command(redis.server.port, 'DEL', ...keys);
    await moreSets(client, 2 * processes.length);
    slow.end();
    expect(await Promise.all(requests)).toEqual([all('orders', 10), all('orders', 30)]);
    expect(backend.refreshes).toBe(1);
  });

  it('SCRIPT FLUSH: scripts are sent again', async () => {
    const { backend, processes } = await createProcesses(2);
    for (let round = 1; round <= 3; round++) {
      await command(redis.server.port, 'SCRIPT', 'FLUSH');
      backend.expireTokens();
      expect(await storm(processes)).toEqual(all('orders', 20));
      expect(backend.refreshes).toBe(round);
    }
    expect(processes.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('FLUSHALL under load: no user is signed out, and the tokens are written again', async () => {
    const { backend, processes } = await createProcesses(3);
    for (let round = 1; round <= 5; round++) {
      backend.expireTokens();
      const outcomes = storm(processes);
      await command(redis.server.port, 'FLUSHALL');
      expect(await outcomes).toEqual(all('orders', 30));
    }
    await command(redis.server.port, 'FLUSHALL');
    backend.expireTokens();
    expect(await storm(processes)).toEqual(all('orders', 30));
    const store = redisStore({ client: await redis.open(), key: KEY });
    expect(await store.load()).toMatchObject({ accessToken: Object(processes[0]?.session.state).tokens.accessToken });
  });

  it('a server that is read-only, and is promoted later', async () => {
    const { backend, processes } = await createProcesses(1);
    const main = await startRedis();
    try {
      const client = await redis.open();
      const store = redisStore({ client, key: KEY });
      const before = await store.load();
      await command(main.port, 'SET', KEY, (await client.get(KEY)) ?? '');
      await client.replicaOf('127.0.0.1', main.port);
      await until(async () => (await client.info('replication')).includes('master_link_status:up'));
      backend.expireTokens();
      expect(await storm(processes)).toEqual(all('orders', 10));
      expect(processes[0]?.warnings.some((warning) => warning.startsWith('write: '))).toBe(true);
      expect(await store.load()).toEqual(before);
      await command(redis.server.port, 'REPLICAOF', 'NO', 'ONE');
      backend.expireTokens();
      expect(await storm(processes)).toEqual(all('orders', 10));
      expect((await store.load())?.revision).toBe(3);
    } finally {
      await main.close();
    }
  });

  it('a failover to a replica that lags: a refresh at work is not repeated', async () => {
    const [main, replica] = await Promise.all([startRedis(), startRedis()]);
    onTestFinished(() => Promise.all([main.close(), replica.close()]).then(() => {}));
    const proxy = await startRedisProxy(main.port);
    const backend = createBackend();
    const slow = createSlowRefresh(backend.refresh);
    const open = () => redis.open({ url: proxy.url });
    const first = createProcess(await open(), backend, {}, slow.refresh);
    const processes = [first, createProcess(await open(), backend), createProcess(await open(), backend)];
    await first.session.signIn(backend.issue());
    await storm(processes, 1);
    const admin = await redis.open({ url: main.url });
    await until(() => isListening(admin, 3, ...processes));
    // The replica has the value, and does not get the lock.
    await command(replica.port, 'SET', KEY, (await admin.get(KEY)) ?? '');
    backend.expireTokens();
    const requests = [storm([first])];
    await slow.begins();
    const before = await setsOf(admin);
    requests.push(storm(processes));
    await moreSets(admin, 2, before); // the others have asked for the lock
    proxy.port = replica.port;
    await main.stop();
    const promoted = await redis.open({ url: replica.url });
    await until(() => isListening(promoted, 3, ...processes));
    await moreSets(promoted, 4);
    slow.end();
    expect(await Promise.all(requests)).toEqual([all('orders', 10), all('orders', 30)]);
    expect(backend.refreshes).toBe(1);
    const value = async () => (await promoted.get(KEY)) ?? '';
    await until(async () => (await value()).includes('"revision":2'));
  });

  it('a client that never gets a connection: every command ends at its deadline', async () => {
    const backend = createBackend();
    const { session, orders, warnings } = createProcess(await redis.open(), backend);
    await redis.server.stop();
    await session.signIn(backend.issue());
    backend.expireTokens();
    expect(await orders()).toBe('orders');
    await until(() => warnings.includes('write: CommandTimeoutError'));
  });

  it('a client that was closed: requests settle from memory', async () => {
    const { backend, processes } = await createProcesses(1);
    const client = await redis.open();
    const closed = createProcess(client, backend);
    await closed.orders();
    await client.close();
    backend.expireTokens();
    expect(await closed.orders()).toBe('orders');
    await until(() => closed.warnings.includes('write: ClientClosedError'));
    expect(processes).toHaveLength(1);
  });
});
