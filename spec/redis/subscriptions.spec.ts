import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisClient, redisStore } from 'renewal/redis';
import { defer, firstValueFrom, NEVER, type Subscription } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundleProcess } from '../support/processes/processes';
import { startRedisProxy } from '../support/redis-proxy';
import { type Client, command, commandsOf, connect, startRedis, withRedis } from '../support/redis-server';
import { until } from './client-of';

const redis = withRedis();

const subscribersOf = async (client: Client): Promise<number> =>
  (await client.clientList()).filter(({ sub }) => sub > 0).length;

const tokensOf = (revision: number) => ({ accessToken: `T${revision}`, sessionId: '0mabcdefg.x1', revision });

/** A store whose hints are counted. */
const createStore = (client: RedisClient, key: string) => {
  const store = redisStore({ client, key });
  let hints = 0;
  let subscription: Subscription | undefined;
  return {
    store,
    hints: () => hints,
    listen: () => {
      subscription = store.changes$?.subscribe(() => hints++);
    },
    leave: () => subscription?.unsubscribe(),
  };
};

/** The clients that `client` makes for subscriptions. */
const recordDuplicates = (client: RedisClient): { readonly isOpen: boolean }[] => {
  const made: { readonly isOpen: boolean }[] = [];
  const duplicate = client.duplicate?.bind(client);
  client.duplicate = () => {
    const one = duplicate?.();
    made.push(one as never);
    return one;
  };
  return made;
};

describe('the subscribing connection', () => {
  it('is one for all stores of a client, while any is used', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const before = (await admin.clientList()).length;
    const stores = Array.from({ length: 20 }, (_, nth) => createStore(client, `session:${nth}`));
    expect((await admin.clientList()).length).toBe(before);
    for (const each of stores) each.listen();
    await until(() => stores.every((each) => each.hints() === 1));
    expect(await subscribersOf(admin)).toBe(1);
    for (const each of stores.slice(1)) each.leave();
    await until(async () => (await admin.pubSubChannels()).length === 1);
    stores[0]?.leave();
    await until(async () => (await admin.clientList()).length === before);
    stores[0]?.listen();
    await until(() => stores[0]?.hints() === 2);
    stores[0]?.leave();
  });

  it('gives a hint for the writes of others, and none for its own', async () => {
    const [client, other] = [await redis.open(), await redis.open()];
    const one = createStore(client, 'session:1');
    const two = createStore(other, 'session:1');
    for (const each of [one, two]) each.listen();
    await until(() => one.hints() + two.hints() === 2);
    await one.store.save(tokensOf(1));
    await until(() => two.hints() === 2);
    await two.store.save(tokensOf(2));
    await until(() => one.hints() === 2);
    expect([one.hints(), two.hints()]).toEqual([2, 2]);
    for (const each of [one, two]) each.leave();
  });

  it('gives a hint when it is back: messages may have been missed', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const one = createStore(client, 'session:1');
    one.listen();
    await until(() => one.hints() === 1);
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => one.hints() >= 2);
    await until(async () => (await subscribersOf(admin)) === 1);
    one.leave();
  });

  it('is made again if its client has given it up', async () => {
    const client = await redis.open({ socket: { reconnectStrategy: false } });
    const one = createStore(client, 'session:1');
    one.listen();
    await until(() => one.hints() === 1);
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => one.hints() >= 2);
    one.leave();
  });

  it('subscribes again if the connection broke before the reply', async () => {
    const proxy = await startRedisProxy(redis.server.port);
    const [client, other] = [await redis.open({ url: proxy.url }), await redis.open()];
    const broken: string[] = [];
    proxy.judge = (sent) => {
      if (!/subscribe/.test(sent) || broken.length > 0) return 'pass';
      broken.push(sent);
      return 'lose';
    };
    const [one, two] = [createStore(client, 'session:1'), createStore(client, 'session:2')];
    for (const each of [one, two]) each.listen();
    await until(() => one.hints() > 0 && two.hints() > 0);
    expect(broken).toHaveLength(1);
    const channels = async () => (await other.pubSubChannels()).sort();
    await until(async () => (await channels()).length === 2);
    const before = one.hints();
    await redisStore({ client: other, key: 'session:1' }).save(tokensOf(1));
    await until(() => one.hints() > before);
    for (const each of [one, two]) each.leave();
  });

  it('ends if it was left while it was made again', async () => {
    const [client, admin] = [await redis.open(), await redis.open()];
    const original = client.duplicate.bind(client);
    let readies = 0;
    const duplicate = () => {
      const subscriber = original();
      subscriber.on('ready', () => readies++);
      // The socket is connecting then.
      subscriber.on('reconnecting', () => process.nextTick(one.leave));
      return subscriber;
    };
    Object.assign(client, { duplicate });
    const one = createStore(client, 'session:1');
    one.listen();
    await until(() => one.hints() === 1);
    await command(redis.server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => readies === 2);
    await until(async () => (await subscribersOf(admin)) === 0);
  });

  it('keeps no process alive while it waits to be made again', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const client = await redis.open({ socket: { reconnectStrategy: false } });
    const original = client.duplicate.bind(client);
    let hasEnded = false;
    const duplicate = () => {
      const subscriber = original();
      subscriber.on('error', () => {
        hasEnded = true;
      });
      return subscriber;
    };
    Object.assign(client, { duplicate });
    const one = createStore(client, 'session:1');
    one.listen();
    await until(() => one.hints() === 1);
    const before = timers();
    await redis.server.stop();
    await until(() => hasEnded);
    expect(timers()).toBe(before);
    await redis.server.start();
    await until(() => one.hints() === 2);
    one.leave();
  });

  it('waits for a server that is not there yet', async () => {
    const client = await redis.open();
    const one = createStore(client, 'session:1');
    await redis.server.stop();
    one.listen();
    await redis.server.start();
    await until(() => one.hints() >= 1);
    one.leave();
  });

  it('ends when the caller closes the client, and begins again with it', async () => {
    const client = await redis.open();
    const made = recordDuplicates(client);
    const one = createStore(client, 'session:1');
    one.listen();
    await until(() => one.hints() === 1);
    await redis.server.stop();
    client.destroy();
    expect(made.map(({ isOpen }) => isOpen)).toEqual([false]);
    await redis.server.start();
    await client.connect();
    await until(() => one.hints() === 2);
    one.leave();
    expect(made.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });

  it('of a cluster ends with it too: its sockets would keep the process alive', async () => {
    const server = await startRedis('--cluster-enabled', 'yes');
    onTestFinished(() => server.close());
    await command(server.port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(async () => `${Object(await command(server.port, 'CLUSTER', 'INFO')).stdout}`.includes('state:ok'));
    const { createCluster } = await import('redis');
    const cluster = createCluster({ rootNodes: [{ url: server.url }] });
    cluster.on('error', () => {});
    await cluster.connect();
    const made = recordDuplicates(cluster);
    const one = createStore(cluster, 'session:1');
    one.listen();
    await until(() => one.hints() > 0);
    await one.store.save(tokensOf(1));
    expect(await one.store.load()).toEqual(tokensOf(1));
    await cluster.close();
    expect(made.map(({ isOpen }) => isOpen)).toEqual([false]);
    one.leave();
  });

  it('of a pool does not exist: the store works without it', async () => {
    const { createClientPool } = await import('redis');
    const pool = createClientPool({ url: redis.server.url });
    pool.on('error', () => {});
    await pool.connect();
    const store = redisStore({ client: pool, key: 'session:1' });
    const subscription = store.changes$?.subscribe();
    await store.save(tokensOf(1));
    expect(await store.load()).toEqual(tokensOf(1));
    const client = await redis.open();
    await client.del('session:1');
    // No answer could arrive: nobody is asked.
    const commands = await commandsOf(client, () =>
      firstValueFrom(store.exclusive?.(defer(async () => store.load())) ?? NEVER),
    );
    expect(commands.filter((line) => line.includes('"lost '))).toEqual([]);
    subscription?.unsubscribe();
    pool.destroy();
  });

  it('does not keep a process alive', async () => {
    const bundle = await bundleProcess('spec/redis/short-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [bundle, redis.server.url], { timeout: 20_000 });
    expect(stdout).toBe('orders\n');
    const admin = await connect(redis.server.url);
    expect(await admin.exists('{session:1}:lock')).toBe(0);
    admin.destroy();
  });
});
