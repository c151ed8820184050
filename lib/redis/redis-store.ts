import type { TokenStore, Tokens } from 'renewal';
import { defer, Observable, Subscription } from 'rxjs';
import { Changes, type Leases, LOOK } from './changes';
import { type RedisClient, send } from './client';
import { Lease, type LockSettings } from './lease';
import { check, checkNumber, checkObject, hasMethods } from './options';
import { runScript } from './script';
import { type AesKey, type Codec, createCodec, type Encryption } from './value';

/** The options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A connected client of the `redis` package. The store makes one more connection of it, for subscriptions. */
  readonly client: RedisClient;
  /**
   * The Redis key of the session's value. The keys of its lock and its channel begin with it, as a hash tag: all are on
   * one node of a cluster.
   */
  readonly key: string;
  /**
   * After how many milliseconds the lock of a process that has ended is free. A process at work extends its lock at a
   * third of this time. Below 2 ** 31.
   * @defaultValue 10_000
   */
  readonly lockTtlMs?: number | undefined;
  /**
   * How many milliseconds a refresh waits for the lock of another process, and then fails as transient: more than
   * `lockTtlMs`, or the refresh fails after the end of another process. `Infinity` means no limit of the store's own;
   * `refreshTimeoutMs` of the session counts too.
   * @defaultValue 30_000
   */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Encrypts the tokens by AES-256-GCM, through Web Crypto, with the Redis key as additional data. Values that were
   * written without encryption are then not read.
   * @defaultValue none: Redis holds the tokens as JSON
   */
  readonly encrypt?: Encryption | undefined;
}

/** How long the mark of a sign-out is kept: a refresh that ends later may write its tokens. */
const MARK_TTL_MS = 86_400_000;

/** How often one read of a lost value asks the other processes. */
const MAX_INQUIRIES = 3;

const isSameGrant = (one: Tokens, other: Tokens | undefined): boolean =>
  one.sessionId === other?.sessionId && one.revision === other.revision && one.accessToken === other.accessToken;

const isAesKey = (value: unknown): value is AesKey => {
  const { algorithm } = Object(value);
  return Object(algorithm).name === 'AES-GCM' && Object(algorithm).length === 256;
};

const checkEncryption = (encrypt: Encryption): void => {
  checkObject(encrypt, 'encrypt');
  checkObject(encrypt.keys, 'encrypt.keys');
  check(Object.values(encrypt.keys).every(isAesKey), 'encrypt.keys', 'AES-GCM keys of 256 bits');
  check(Object.hasOwn(encrypt.keys, encrypt.current), 'encrypt.current', 'the id of one of encrypt.keys');
  const canUse = (use: string) => (key: AesKey | undefined) => !!key?.usages?.includes(use);
  check(Object.values(encrypt.keys).every(canUse('decrypt')), 'encrypt.keys', 'keys with the usage decrypt');
  check(canUse('encrypt')(encrypt.keys[encrypt.current]), 'encrypt.current', 'a key with the usage encrypt');
};

const withDefaults = (options: RedisStoreOptions) => {
  checkObject(options);
  const { client, key, lockTtlMs = 10_000, lockTimeoutMs = 30_000, encrypt } = options;
  const methods = ['get', 'set', 'eval', 'evalSha', 'withCommandOptions'];
  check(hasMethods(client, ...methods), 'client', 'a client of the redis package, version 5 or later');
  check(typeof key === 'string' && key !== '', 'key', 'a string that is not empty');
  checkNumber('lockTtlMs', lockTtlMs, 1);
  // The longest delay of a timer.
  check(lockTtlMs < 2 ** 31, 'lockTtlMs', 'a number below 2 ** 31');
  checkNumber('lockTimeoutMs', lockTimeoutMs, 0);
  if (encrypt !== undefined) checkEncryption(encrypt);
  return { client, key, lockTtlMs: Math.ceil(lockTtlMs), lockTimeoutMs, encrypt };
};

/** A name on the node of `key`: with the hash tag of the key, or with the whole key as one. */
const nameBeside = (key: string, suffix: string): string => `${/\{[^}]+\}/.test(key) ? key : `{${key}}`}:${suffix}`;

/** Runs the work under a lease. The work that waits keeps the process alive, the lease does not. */
const underLease = <T>(lease: Lease, work: Observable<T>, leases: Leases): Observable<T> =>
  new Observable((subscriber) => {
    const inside = new Subscription();
    subscriber.add(() => {
      // The work ends before the next holder starts.
      try {
        inside.unsubscribe();
      } finally {
        leases.delete(lease);
        lease.release();
      }
    });
    lease.acquire().then(
      () => {
        // With `subscribe(subscriber)`, the work would end after the release.
        if (subscriber.closed) return;
        leases.add(lease);
        inside.add(
          work.subscribe({
            next: (value) => subscriber.next(value),
            error: (error) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        );
      },
      (error) => subscriber.error(error),
    );
  });

/** All of a store behind its members, which are functions of their own: a caller may copy them to another store. */
class Value {
  readonly #lock: LockSettings;
  readonly #key: string;
  readonly #codec: Codec;
  readonly #leases: Leases = new Set();
  readonly #changes: Changes;
  /** The tokens that were last seen: a sign-out ends their session, even if Redis has lost it. */
  #last: Tokens | undefined;

  constructor(options: RedisStoreOptions) {
    const { client, key, lockTtlMs: ttlMs, lockTimeoutMs: timeoutMs, encrypt } = withDefaults(options);
    this.#key = key;
    this.#lock = { client, channel: nameBeside(key, 'changes'), key: nameBeside(key, 'lock'), ttlMs, timeoutMs };
    this.#codec = createCodec(key, encrypt);
    this.#changes = new Changes(this.#lock, this.#leases);
  }

  get changes$(): Observable<null> {
    return this.#changes.changes$;
  }

  async load(): Promise<Tokens | null | undefined> {
    const changes = this.#changes;
    const [lease] = this.#leases;
    let value = await this.#get();
    // The session that another process has written is newer, or another lease may have spent this refresh token.
    for (let asked = 0; value == null && asked < MAX_INQUIRIES && changes.isLost(this.#last, lease); asked++)
      value = (await changes.ask(lease)) ? await this.#get() : null;
    // At work, a refresh may have spent these tokens: written again, they would be presented once more.
    if (value == null && this.#last && lease?.isWorking) {
      lease.onEnd = () => changes.hint();
      return this.#last;
    }
    if (lease) lease.isWorking = true;
    if (typeof value !== 'string') return undefined;
    const stored = await this.#codec.decode(value);
    if ('ended' in stored) return null;
    const { tokens } = stored;
    if (this.#last?.sessionId !== tokens.sessionId) changes.onOther(tokens);
    // What was decoded is a copy: the session keeps the tokens that it has saved, and so does its store.
    if (!isSameGrant(tokens, this.#last)) this.#last = tokens;
    return tokens;
  }

  async save(tokens: Tokens): Promise<void> {
    const value = await this.#codec.encode(tokens);
    const { sessionId, revision = '' } = tokens;
    const nth = this.#last?.sessionId === sessionId ? 'again' : 'first';
    this.#last = tokens;
    const message = `${LOOK} ${revision}`.trimEnd();
    await this.#changes.write(message, this.#run('save', value, sessionId, revision, this.#lock.channel, message, nth));
  }

  clear(): Promise<void> {
    const run = this.#run('clear', this.#last?.sessionId ?? '', MARK_TTL_MS, this.#lock.channel, LOOK);
    return this.#changes.write(LOOK, run);
  }

  exclusive<T>(work: Observable<T>): Observable<T> {
    const changes = this.#changes;
    const create = () => new Lease(this.#lock, (lease, isDoubtful) => changes.isOvertaking(lease, isDoubtful));
    return defer(() => underLease(create(), work, this.#leases));
  }

  #get(): Promise<unknown> {
    return send(this.#lock.client, (commands) => commands.get(this.#key)).reply;
  }

  #run(...args: readonly (string | number)[]) {
    return () => runScript(this.#lock.client, this.#key, args).reply;
  }
}

/**
 * Keeps the tokens of one session in Redis, for any number of processes and machines: one of them refreshes, the others
 * adopt. A live token costs no command, a refresh at most 6.
 *
 * Each command has 1 s. If Redis cannot be reached or written to, a session goes on from memory and refreshes without
 * the lock; a warning on `events$` says which call has failed. A refresh that waits for the lock of another process for
 * longer than `lockTimeoutMs` fails as transient. Writes are fenced: older tokens never replace newer ones, and a
 * session that has lost reads those. A sign-out leaves a mark for a day. If the value is lost, the sessions that have
 * tokens write them again.
 *
 * Other processes learn of a write by Pub/Sub, which carries no token. A request may leave with the tokens before it
 * until that message arrives. A client has one such connection, whatever the number of its stores, while any of their
 * sessions is in use.
 *
 * Throws a `TypeError` for a wrong option.
 *
 * @example
 * ```ts
 * import { createApi, createSession, oauthRefresh } from 'renewal';
 * import { redisStore } from 'renewal/redis';
 * import { createClient } from 'redis';
 *
 * const client = createClient({ url: 'redis://localhost' });
 * client.on('error', ({ message }) => process.stderr.write(message));
 * await client.connect();
 * const http = createApi({ baseUrl: 'https://login.example' });
 * const session = createSession({
 *   store: redisStore({ client, key: 'session:service' }),
 *   refresh: oauthRefresh(http, { url: '/oauth/token', clientId: 'shop' }),
 * });
 * ```
 */
export const redisStore = (options: RedisStoreOptions): TokenStore => {
  const value = new Value(options);
  return {
    load: () => value.load(),
    save: (tokens) => value.save(tokens),
    clear: () => value.clear(),
    changes$: value.changes$,
    exclusive: (work) => value.exclusive(work),
  };
};
