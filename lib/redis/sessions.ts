import { LRUCache } from 'lru-cache';
import { createSession, type Session, type SessionOptions, type TokenStore } from 'renewal';
import { from, Observable, type Subscriber, Subscription } from 'rxjs';
import { check, checkNumber, checkObject, hasMethods } from './options';

/** The options of {@link createSessions}. */
export interface SessionsOptions {
  /** Makes the options of the session of a user. Called by `get` for an id that is not kept. */
  readonly session: (id: string) => SessionOptions;
  /** How many sessions are kept; the least recently used one is evicted first. @defaultValue 1_000 */
  readonly max?: number | undefined;
  /**
   * After how many milliseconds without a `get` a session is evicted. `Infinity` means never.
   * @defaultValue 300_000
   */
  readonly idleMs?: number | undefined;
}

/** The sessions of many users. Made by {@link createSessions}. */
export interface Sessions {
  /**
   * Returns the session of a user: the same one while it is kept. Get it again for each incoming request.
   */
  get(id: string): Session;
  /** Evicts the session of a user. Its tokens stay in the store: call `signOut` of the session to end it. */
  delete(id: string): void;
  /** How many sessions are kept. */
  readonly size: number;
  /** Ends every wait with `SignedOutError`, for all sessions that are kept or refreshing. `get` throws from then on. */
  destroy(): void;
}

/**
 * Handles a store without its changes after an eviction. A proxy, as a store may be an instance with private members;
 * not of the store itself, which may be frozen.
 */
class UntilEvicted implements ProxyHandler<TokenStore> {
  /** The session's: it subscribes once. */
  #subscriber: Subscriber<never> | undefined;
  #isEvicted = false;

  constructor(readonly store: TokenStore) {}

  get(_: TokenStore, name: string | symbol): unknown {
    const member = Reflect.get(this.store, name);
    if (typeof member === 'function') return member.bind(this.store);
    if (name !== 'changes$' || !member) return member;
    return new Observable<never>((subscriber) => {
      this.#subscriber = subscriber;
      // Evicted before its first use: nothing else would ever end the subscription.
      if (this.#isEvicted) return this.evict();
      return from(member as Observable<never>).subscribe(subscriber);
    });
  }

  evict(): void {
    this.#isEvicted = true;
    this.#subscriber?.complete();
  }
}

/** A session, and what ends its subscription to the changes of its store. */
interface Entry {
  readonly session: Session;
  /** None for a session that keeps its tokens in memory. */
  readonly changes: UntilEvicted | undefined;
}

const createEntry = (options: SessionOptions): Entry => {
  const { store } = Object(options) as SessionOptions;
  if (typeof store !== 'object' || !store) return { session: createSession(options), changes: undefined };
  const changes = new UntilEvicted(store);
  return { session: createSession({ ...options, store: new Proxy(Object.create(store), changes) }), changes };
};

/**
 * Keeps the sessions of many users in one process, at most `max` and those used in the last `idleMs`. The tokens
 * stay in the stores of the sessions: give each user a store that outlives the process, with a key made of the id.
 *
 * An evicted session still ends its refresh and stores the tokens, and its requests go on. Only it learns of no more
 * changes in its store before its next refresh. `get` returns it again while it refreshes.
 *
 * Throws a `TypeError` for a wrong option.
 *
 * @example
 * ```ts
 * import { createApi, oauthRefresh } from 'renewal';
 * import { createSessions, redisStore } from 'renewal/redis';
 * import { createClient } from 'redis';
 *
 * const client = createClient();
 * client.on('error', ({ message }) => process.stderr.write(message));
 * await client.connect();
 * const http = createApi({ baseUrl: 'https://shop.example' });
 * const sessions = createSessions({
 *   session: (id) => ({
 *     store: redisStore({ client, key: `session:${id}` }),
 *     refresh: oauthRefresh(http, { url: '/oauth/token', clientId: 'shop' }),
 *   }),
 * });
 * const apiOf = (userId: string) => http.extend({ session: sessions.get(userId) });
 * ```
 */
export const createSessions = (options: SessionsOptions): Sessions => {
  checkObject(options);
  const { session: toOptions, max = 1_000, idleMs = 300_000 } = options;
  check(hasMethods(options, 'session'), 'session', 'a function');
  checkNumber('max', max, 1);
  check(Number.isInteger(max), 'max', 'a whole number');
  checkNumber('idleMs', idleMs, 1);
  /** Evicted during a refresh, and what waits for its end. */
  const refreshing = new Map<string, { readonly entry: Entry; readonly end: Subscription }>();
  let isDestroyed = false;
  let purge: ReturnType<typeof setTimeout> | undefined;

  const takeRefreshing = (id: string): Entry | undefined => {
    const { entry, end } = refreshing.get(id) ?? {};
    refreshing.delete(id);
    end?.unsubscribe();
    return entry;
  };

  const onEvicted = (entry: Entry, id: string): void => {
    const { session, changes } = entry;
    if (isDestroyed) session.destroy();
    if (session.state.status !== 'refreshing') {
      changes?.evict();
      return;
    }
    const end = new Subscription();
    refreshing.set(id, { entry, end });
    end.add(
      session.state$.subscribe(({ status }) => {
        if (status !== 'refreshing') takeRefreshing(id)?.changes?.evict();
      }),
    );
  };

  const cache = new LRUCache<string, Entry>({
    // Each counts as 1. With `max`, the cache would reserve memory for all at once.
    maxSize: max,
    sizeCalculation: () => 1,
    ttl: Number.isFinite(idleMs) ? Math.ceil(idleMs) : 0,
    // Otherwise the cache has a timer of its own for its clock.
    ttlResolution: 0,
    // Read at each call, as fake timers replace it.
    perf: { now: () => performance.now() },
    updateAgeOnGet: true,
    dispose: onEvicted,
  });

  /** One timer for all sessions, while there are any. It does not keep the process alive. */
  const purgeLater = (): void => {
    const oldest = cache.rkeys().next().value;
    if (purge || oldest === undefined || !Number.isFinite(idleMs)) return;
    purge = setTimeout(
      () => {
        purge = undefined;
        cache.purgeStale();
        purgeLater();
      },
      // The least recently used session is the first to be stale: after its time, not at it.
      Math.min(Math.max(cache.getRemainingTTL(oldest), 0) + 1, MAX_TIMER_MS),
    );
    purge.unref();
  };

  return {
    get: (id) => {
      check(typeof id === 'string', 'id', 'a string');
      if (isDestroyed) throw new Error('createSessions: get was called after destroy');
      const kept = cache.get(id) ?? takeRefreshing(id);
      const entry = kept ?? createEntry(toOptions(id));
      if (entry !== kept || !cache.has(id)) cache.set(id, entry);
      purgeLater();
      return entry.session;
    },
    delete: (id) => {
      cache.delete(id);
    },
    get size() {
      return cache.size;
    },
    destroy: () => {
      isDestroyed = true;
      clearTimeout(purge);
      cache.clear();
      for (const id of [...refreshing.keys()]) takeRefreshing(id)?.session.destroy();
    },
  };
};

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;
