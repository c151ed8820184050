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
  readonly session: Session;
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
  const session = createSession({ store: redisStore({ client, key: KEY, ...options }), refresh });
  const api = createApi({ baseUrl: 'https://backend.test', session, transport: backend.transport });
  const warnings: string[] = [];
  api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
  onTestFinished(() => session.destroy());
  return { session, warnings, orders: () => firstValueFrom(api.get$('/orders')) };
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
