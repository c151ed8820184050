import { createApi, type Session, type SessionOptions, type TokenGrant } from 'renewal';
import { createSessions, redisStore, type Sessions, type SessionsOptions } from 'renewal/redis';
import { type FakeBackend, fakeBackend } from 'renewal/testing';
import { firstValueFrom, NEVER, type Subscription } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Client, withRedis } from '../support/redis-server';
import { createSlowRefresh, until } from './client-of';

const redis = withRedis();

const create = (
  client: Client,
  refresh: SessionOptions['refresh'],
  options: Partial<SessionsOptions> = {},
): Sessions => {
  const sessions = createSessions({
    session: (id) => ({ store: redisStore({ client, key: `session:${id}` }), refresh }),
    ...options,
  });
  onTestFinished(() => sessions.destroy());
  return sessions;
};

const createBackend = (): FakeBackend => fakeBackend({ routes: { '/me': ({ user }) => user } });

const me = (session: Session, { transport }: FakeBackend): Promise<unknown> =>
  firstValueFrom(createApi({ baseUrl: 'https://backend.test', session, transport }).get$('/me'));

describe('get', () => {
  it('returns one session for an id while it is kept', async () => {
    const client = await redis.open();
    const sessions = create(client, createBackend().refresh, { max: 2 });
    const [a, b] = [sessions.get('a'), sessions.get('b')];
    expect([sessions.get('a'), sessions.get('b'), sessions.size]).toEqual([a, b, 2]);
    expect(a).not.toBe(b);
    sessions.get('a');
    sessions.get('c');
    expect(sessions.size).toBe(2);
    expect(sessions.get('a')).toBe(a);
    expect(sessions.get('b')).not.toBe(b);
    sessions.delete('a');
    expect(sessions.get('a')).not.toBe(a);
  });

  it('evicts a session that was idle, by one timer, and keeps one that was not', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    vi.advanceTimersByTime(1); // a session of time 0 would have no age
    const sessions = createSessions({ session: () => ({ refresh: () => [] }), idleMs: 1_000 });
    const [idle, used] = [sessions.get('idle'), sessions.get('used')];
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(600);
    expect(sessions.get('used')).toBe(used);
    vi.advanceTimersByTime(600);
    expect(sessions.size).toBe(1);
    expect(vi.getTimerCount(), 'for the one that is left').toBe(1);
    expect(sessions.get('used')).toBe(used);
    expect(sessions.get('idle')).not.toBe(idle);
    expect(vi.getTimerCount()).toBe(1);
    sessions.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps no process alive, and takes an idleMs that is longer than a timer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const warnings: string[] = [];
    const warn = ({ name }: Error) => warnings.push(name);
    process.on('warning', warn);
    onTestFinished(() => {
      process.off('warning', warn);
    });
    const before = timers();
    for (const idleMs of [1_000, 2 ** 40, Infinity]) {
      const sessions = createSessions({ session: () => ({ refresh: () => [] }), idleMs });
      onTestFinished(() => sessions.destroy());
      sessions.get('a');
    }
    expect(timers()).toBe(before);
    await new Promise((resolve) => setImmediate(resolve)); // warnings are emitted in the next tick
    expect(warnings).toEqual([]);
  });

  it('throws after destroy, which ends the waits of all sessions', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const slow = createSlowRefresh(backend.refresh);
    const sessions = create(client, slow.refresh, { max: 1 });
    const a = sessions.get('a');
    await a.signIn(backend.issue('a'));
    backend.expireTokens();
    const request = me(a, backend).catch(({ code }) => code);
    await slow.begins();
    const b = sessions.get('b'); // evicts a session that refreshes
    await b.signIn(backend.issue('b'));
    sessions.destroy();
    expect(await request).toBe('signed-out');
    expect(await firstValueFrom(b.accessToken$()).catch(({ code }) => code)).toBe('signed-out');
    expect(() => sessions.get('a')).toThrow('destroy');
    expect(sessions.size).toBe(0);
    slow.end();
  });

  it.each([
    ['session', { session: undefined }],
    ['max', { max: 0 }],
    ['max', { max: 1.5 }],
    ['idleMs', { idleMs: 0 }],
  ])('checks the options: %s', (name, wrong) => {
    const options = { session: () => ({ refresh: () => [] }), ...wrong };
    expect(() => createSessions(options as never)).toThrow(new RegExp(`^${name}: expected`));
  });
});

describe('the options of a user', () => {
  const refresh = () => [];

  it('may have a frozen store', async () => {
    let stored: unknown = null;
    const store = Object.freeze({
      load: () => stored as never,
      save: (tokens: unknown) => {
        stored = tokens;
      },
      clear: () => {
        stored = null;
      },
    });
    const sessions = createSessions({ session: () => ({ store, refresh }) });
    onTestFinished(() => sessions.destroy());
    await sessions.get('a').signIn({ accessToken: 'T' });
    expect(stored).toMatchObject({ accessToken: 'T' });
  });

  it.each([
    ['store', { store: 'tokens.json', refresh }],
    ['store', { store: null, refresh }],
    ['refresh', undefined],
    ['options', 'user'],
  ])('are checked: %s', (name, wrong) => {
    const sessions = createSessions({ session: () => wrong as never });
    expect(() => sessions.get('a')).toThrow(new RegExp(`^${name}: expected`));
    expect(sessions.size).toBe(0);
  });

  it('may come with any id', () => {
    const sessions = createSessions({ session: () => ({ refresh }) });
    onTestFinished(() => sessions.destroy());
    const ids = ['', '__proto__', 'constructor', 'x'.repeat(2 ** 20)];
    const kept = ids.map((id) => sessions.get(id));
    expect(ids.map((id) => sessions.get(id))).toEqual(kept);
    expect(new Set(kept).size).toBe(ids.length);
  });

  it('take no memory before they are used, whatever the limit', () => {
    const sessions = createSessions({ session: () => ({ refresh }), max: 1e12 });
    expect(sessions.get('a')).toBe(sessions.get('a'));
    sessions.destroy();
  });
});

describe('an eviction', () => {
  it.each(['by max', 'by delete', 'by idleMs'])('%s in a refresh loses nothing', async (how) => {
    const client = await redis.open();
    const backend = createBackend();
    const slow = createSlowRefresh(backend.refresh);
    const sessions = create(client, slow.refresh, { max: 1, idleMs: how === 'by idleMs' ? 1_500 : 60_000 });
    const a = sessions.get('a');
    await a.signIn(backend.issue('a'));
    backend.expireTokens();
    const request = me(a, backend);
    await slow.begins();
    expect(sessions.get('a'), 'kept so far').toBe(a);
    if (how === 'by max') sessions.get('b');
    if (how === 'by delete') sessions.delete('a');
    if (how === 'by idleMs') await until(() => sessions.size === 0);
    expect(sessions.get('a'), 'the session that refreshes').toBe(a);
    sessions.delete('a');
    slow.end();
    expect(await request).toBe('a');
    await until(() => a.state.status === 'active');
    const stored = await redisStore({ client, key: 'session:a' }).load();
    expect(stored).toMatchObject({ revision: 2, accessToken: Object(a.state).tokens.accessToken });
    const again = sessions.get('a');
    expect(again).not.toBe(a);
    expect(await me(again, backend)).toBe('a');
    expect(backend.refreshes).toBe(1);
  });

  it('that is repeated in one refresh leaves nothing behind', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const slow = createSlowRefresh(backend.refresh);
    const sessions = create(client, slow.refresh);
    const session = sessions.get('a');
    await session.signIn(backend.issue('a'));
    let subscribed = 0;
    const subscribe = session.state$.subscribe.bind(session.state$) as (observer: object) => Subscription;
    Object.assign(session.state$, {
      subscribe: (observer: object) => {
        subscribed++;
        const subscription = subscribe(observer);
        subscription.add(() => subscribed--);
        return subscription;
      },
    });
    const refreshed = firstValueFrom(session.refresh$());
    await slow.begins();
    for (let nth = 0; nth < 10; nth++) {
      sessions.delete('a');
      expect(subscribed).toBe(1);
      expect(sessions.get('a')).toBe(session);
    }
    expect(subscribed).toBe(0);
    slow.end();
    await refreshed;
    await until(async () => (await client.pubSubChannels()).length === 1);
  });

  it('lets the requests of those who have the session go on, beside a new one', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const sessions = create(client, backend.refresh);
    const old = sessions.get('a');
    await old.signIn(backend.issue('a'));
    await me(old, backend);
    sessions.delete('a');
    backend.expireTokens();
    expect(await Promise.all([me(old, backend), me(sessions.get('a'), backend)])).toEqual(['a', 'a']);
    expect(backend.refreshes).toBe(1);
  });

  it('ends the subscription: no connection is left after the last one', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const sessions = create(client, backend.refresh);
    const subscribers = async () => (await client.clientList()).filter(({ sub }) => sub > 0).length;
    for (const id of ['a', 'b']) await sessions.get(id).signIn(backend.issue(id));
    await until(async () => (await subscribers()) === 1);
    expect((await client.pubSubChannels()).sort()).toEqual(['{session:a}:changes', '{session:b}:changes']);
    sessions.delete('a');
    await until(async () => (await client.pubSubChannels()).length === 1);
    sessions.delete('b');
    await until(async () => (await subscribers()) === 0);
  });

  it('before the first use of a session: it never subscribes to the changes', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const sessions = create(client, backend.refresh);
    const session = sessions.get('a');
    sessions.delete('a');
    await session.signIn(backend.issue('a'));
    expect(await me(session, backend)).toBe('a');
    await sessions.get('b').signIn(backend.issue('b'));
    await until(async () => (await client.pubSubChannels()).includes('{session:b}:changes'));
    expect(await client.pubSubChannels()).toEqual(['{session:b}:changes']);
  });

  it('keeps the private members of a store', async () => {
    class OwnStore {
      #tokens: unknown = null;
      readonly changes$ = NEVER;
      load() {
        return this.#tokens as never;
      }
      save(tokens: unknown) {
        this.#tokens = tokens;
      }
      clear() {
        this.#tokens = null;
      }
    }
    const backend = createBackend();
    const store = new OwnStore();
    const sessions = createSessions({ session: () => ({ store, refresh: backend.refresh }) });
    onTestFinished(() => sessions.destroy());
    await sessions.get('a').signIn(backend.issue('a'));
    backend.expireTokens();
    expect(await me(sessions.get('a'), backend)).toBe('a');
    expect(store.load()).toMatchObject({ revision: 2 });
  });
});

describe('many users', () => {
  it('share no token, no lock and no refresh', async () => {
    const client = await redis.open();
    const backend = createBackend();
    const used: (readonly [string, string | undefined])[] = [];
    const sessions = createSessions({
      max: 20, // with evictions among them
      session: (id) => ({
        store: redisStore({ client, key: `session:${id}` }),
        refresh: (tokens) => {
          used.push([id, tokens.refreshToken]);
          return backend.refresh(tokens);
        },
      }),
    });
    onTestFinished(() => sessions.destroy());
    const ids = Array.from({ length: 40 }, (_, nth) => `user${nth}`);
    for (const id of ids) await sessions.get(id).signIn(backend.issue(id));
    backend.expireTokens();
    const answers = await Promise.all(
      ids.flatMap((id) => [me(sessions.get(id), backend), me(sessions.get(id), backend)]),
    );
    expect(answers).toEqual(ids.flatMap((id) => [id, id]));
    expect(used.map(([id]) => id).sort()).toEqual([...ids].sort());
    for (const [id, token] of used) expect(token).toContain(id);
  });

  it('signed in, 10,000 of them: at most 20 MiB, one timer, one subscribing connection', {
    timeout: 180_000,
  }, async () => {
    const client = await redis.open();
    const grantOf = (id: string): TokenGrant => ({
      accessToken: `access.${id}.${'x'.repeat(800)}`,
      refreshToken: `refresh.${id}.${'x'.repeat(100)}`,
    });
    const warm = create(client, async () => grantOf('warm'));
    await warm.get('warm').signIn(grantOf('warm'));
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--expose-gc');
    const collect = (await import('node:vm')).runInNewContext('gc') as () => void;
    const used = async (): Promise<number> => {
      for (let nth = 0; nth < 3; nth++) {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const [before, timersBefore] = [await used(), timers()];
    const sessions = create(client, async () => grantOf('any'));
    for (let nth = 0; nth < 10_000; nth += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, at) => sessions.get(`u${nth + at}`).signIn(grantOf(`u${nth + at}`))),
      );
    expect(sessions.size).toBe(1_000);
    await until(async () => (await client.pubSubChannels()).length === 1_001);
    const mib = ((await used()) - before) / 2 ** 20;
    expect(mib).toBeLessThan(20);
    expect(timers() - timersBefore).toBeLessThanOrEqual(1);
    expect((await client.clientList()).filter(({ sub }) => sub > 0)).toHaveLength(1);
    expect(await client.dbSize()).toBe(10_001);
  });
});
