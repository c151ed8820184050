import { createApi, createSession, type Session, type SessionOptions, type TokenGrant } from 'renewal';
import { type RedisStoreOptions, redisStore } from 'renewal/redis';
import { type FakeBackend, fakeBackend } from 'renewal/testing';
import { firstValueFrom, from, type ObservableInput } from 'rxjs';
import { onTestFinished } from 'vitest';
import type { Client } from '../support/redis-server';

export const KEY = 'session:1';

/** The back end of a test: `/orders` needs a token. */
export const createBackend = (): FakeBackend => fakeBackend({ routes: { '/orders': () => 'orders' } });

/** A process with a session over Redis, as far as one process can show it: a client of its own. */
export interface Process {
  readonly client: Client;
  readonly session: Session;
  /** How many reads of the store have ended. */
  readonly reads: number;
  /** The warnings of the session. */
  readonly warnings: readonly string[];
  orders(): Promise<unknown>;
}

export const createProcess = (
  client: Client,
  backend: FakeBackend,
  options: Partial<RedisStoreOptions> = {},
  refresh: SessionOptions['refresh'] = backend.refresh,
): Process => {
  const store = redisStore({ client, key: KEY, ...options });
  let reads = 0;
  const load = async () => {
    try {
      return await store.load();
    } finally {
      reads++;
    }
  };
  const session = createSession({ store: { ...store, load }, refresh });
  const api = createApi({ baseUrl: 'https://backend.test', session, transport: backend.transport });
  const warnings: string[] = [];
  api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
  onTestFinished(() => session.destroy());
  return {
    client,
    session,
    warnings,
    get reads() {
      return reads;
    },
    orders: () => firstValueFrom(api.get$('/orders')),
  };
};

/**
 * Whether the clients of these processes are connected and subscribed, of `total` in all, and have read the value since
 * they were subscribed for the first time.
 */
export const isListening = async (admin: Client, total: number, ...processes: readonly Process[]): Promise<boolean> => {
  const channel = `{${KEY}}:changes`;
  const { [channel]: subscribers } = await admin.pubSubNumSub(channel);
  return Number(subscribers) === total && processes.every(({ client, reads }) => client.isReady && reads >= 2);
};

/** A refresh that sends its request at once, and hands the grant out when told. */
export const createSlowRefresh = (refresh: SessionOptions['refresh']) => {
  const begun: (() => void)[] = [];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let calls = 0;
  return {
    refresh: (tokens: Parameters<typeof refresh>[0]): ObservableInput<TokenGrant> => {
      calls++;
      for (const resolve of begun.splice(0)) resolve();
      const grant = firstValueFrom(from(refresh(tokens)));
      return grant.then(async (value) => {
        await ended;
        return value;
      });
    },
    /** Resolves when it is called the next time. */
    begins: () => (calls > 0 ? Promise.resolve() : new Promise<void>((resolve) => begun.push(resolve))),
    end: () => end(),
  };
};

/** Resolves once `isTrue`: the test waits for an event, up to its own timeout. */
export const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 2));
};
