import { inspect } from 'node:util';
import { createApi, createSession } from 'renewal';
import { createSessions, type RedisStoreOptions, redisStore } from 'renewal/redis';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, withRedis } from '../support/redis-server';
import { KEY, until } from './client-of';

const redis = withRedis();

/** Characters of a token that count as a part of it: less may occur by chance. */
const PART = 8;

/** Grants of random tokens, and a search for any part of them. */
const createGrants = () => {
  const secrets: string[] = [];
  const secret = (): string => {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('hex');
    secrets.push(text);
    return text;
  };
  const partsOf = (token: string): string[] =>
    Array.from({ length: token.length - PART + 1 }, (_, at) => token.slice(at, at + PART));
  return {
    next: () => ({ accessToken: secret(), refreshToken: secret(), extras: { idToken: secret() } }),
    /** The texts that show a part of any token, as it is or in base64. */
    findIn: (texts: readonly string[]): string[] => {
      const parts = secrets.flatMap((token) => [
        ...partsOf(token),
        ...[0, 1, 2].flatMap((at) => partsOf(Buffer.from(token.slice(at)).toString('base64').slice(0, -4))),
      ]);
      const found = new Set(parts);
      return texts.filter((text) => {
        for (let at = 0; at + PART <= text.length; at++) if (found.has(text.slice(at, at + PART))) return true;
        return false;
      });
    },
  };
};

/** All that the server is sent, also by scripts, and all messages of all channels. */
const observe = async () => {
  const [monitor, subscriber] = [await connect(redis.server.url), await redis.open()];
  onTestFinished(() => monitor.destroy());
  const commands: string[] = [];
  const messages: string[] = [];
  await subscriber.pSubscribe('*', (message, channel) => messages.push(`${channel} ${message}`));
  await monitor.monitor((line) => commands.push(`${line}`));
  return { commands, messages };
};

/** A life of two sessions over one key, with all faults whose errors could quote a token. */
const play = async (options: Partial<RedisStoreOptions>) => {
  const { commands, messages } = await observe();
  const grants = createGrants();
  const [client, other, admin] = [await redis.open(), await redis.open(), await redis.open()];
  /** What logs may show. */
  const shown: unknown[] = [];
  const stores = [client, other].map((each) => redisStore({ client: each, key: KEY, lockTimeoutMs: 50, ...options }));
  const [one, two] = stores.map((store) => {
    const session = createSession({ store, refresh: async () => grants.next() });
    createApi({ baseUrl: 'https://backend.test', session }).events$.subscribe((event) => shown.push(event));
    onTestFinished(() => session.destroy());
    return session;
  });
  if (!one || !two || !stores[0]) throw new Error('expected two sessions');
  const [store] = stores;
  const refresh = (session: typeof one) => firstValueFrom(session.refresh$()).catch((error) => shown.push(error));
  await one.signIn(grants.next());
  // It may have begun to read before that, and have found nothing.
  await firstValueFrom(two.accessToken$()).catch(() => {});
  await until(() => two.state.status === 'active');
  await until(() => messages.length > 0);
  await Promise.all([refresh(one), refresh(two)]);
  const values = [await admin.get(KEY)];
  // A lock that is held, a lost value, a fenced write, and values that cannot be read.
  await admin.set(`{${KEY}}:lock`, 'other');
  await refresh(one);
  await admin.del([`{${KEY}}:lock`, KEY]);
  await refresh(two);
  await store.save({ ...grants.next(), sessionId: '0', revision: 2 });
  for (const value of [
    JSON.stringify(grants.next()),
    `{"session":"x"}\n${JSON.stringify(grants.next()).slice(0, -1)}`,
  ]) {
    await admin.set(KEY, value);
    await Promise.resolve(store.load()).catch((error) => shown.push(error));
  }
  // A script that fails quotes its arguments.
  await admin.multi().del(KEY).lPush(KEY, 'list').exec();
  for (const call of [() => store.load(), () => store.save({ ...grants.next(), sessionId: '1', revision: 1 })])
    await Promise.resolve(call()).catch((error) => shown.push(error));
  await admin.del(KEY);
  await one.signIn(grants.next());
  const sessions = createSessions({ session: () => ({ store, refresh: async () => grants.next() }) });
  onTestFinished(() => sessions.destroy());
  await sessions.get('user').signIn(grants.next());
  shown.push(store, one, two, sessions, sessions.get('user'), ...stores);
  await until(async () => (await admin.exists(KEY)) === 1);
  values.push(await admin.get(KEY));
  await one.signOut();
  await until(() => two.state.status === 'signed-out');
  await admin.ping('the end');
  await until(() => commands.some((line) => line.includes('the end')));
  const keys = await admin.keys('*');
  const { addr } = await admin.clientInfo();
  return {
    grants,
    shown: shown.map((each) => inspect(each, { depth: 12, showHidden: true })),
    values: values.map(String),
    names: [...keys, ...(await admin.pubSubChannels())],
    messages,
    commands: commands.filter((line) => !line.includes(` ${addr}] `)),
  };
};

/** The line without the value that it writes: its one argument in two lines. */
const withoutValue = (line: string): string => line.replace(/"\{(?:[^"\\]|\\.)*\\n(?:[^"\\]|\\.)*"/g, '<value>');

describe('no part of a token', () => {
  it('is in keys, channels, messages, other arguments, events, errors and inspect', async () => {
    const { grants, shown, values, names, messages, commands } = await play({});
    expect(grants.findIn(values), 'the search finds tokens').toEqual(values);
    expect(grants.findIn(commands).length).toBeGreaterThan(4);
    const bare = commands.map(withoutValue);
    expect(bare.filter((line) => line.includes('<value>')).length).toBeGreaterThan(4);
    expect(grants.findIn([...bare, ...names, ...messages, ...shown])).toEqual([]);
    expect(names).toContain(`{${KEY}}:changes`);
    for (const message of messages)
      expect(message).toMatch(/^\{session:1}:changes (look( \d+)?|free|(lost|busy) [\da-f-]{36})$/);
    expect(shown.filter((text) => /Error/.test(text)).length).toBeGreaterThan(4);
  });

  it('is anywhere in Redis if it is encrypted', async () => {
    const k1 = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const { grants, shown, values, names, messages, commands } = await play({
      encrypt: { keys: { k1 }, current: 'k1' },
    });
    expect(grants.findIn([...commands, ...values, ...names, ...messages, ...shown])).toEqual([]);
  });
});
