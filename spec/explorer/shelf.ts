import { memoryStore, type TokenGrant, type TokenStore, type Tokens } from 'renewal';
import { defer, finalize, NEVER, Observable, type Subscriber } from 'rxjs';
import { createDeferred } from './deferred';
import { LEGACY, type Write } from './happenings';
import { createFault, react } from './hooks';
import type { Mood, Setup, StoreAnswer, User } from './plan';
import { pick, type World } from './world';

/** After how long a session may give up a call of its store. */
export const GIVEN_UP_MS = 5_000;

/** A call of the store that has not ended. */
interface Operation {
  readonly member: number;
  readonly openedMs: number;
  answer(how: StoreAnswer): void;
}

/** A value that `changes$` of a member's store has not emitted yet. */
interface Notice {
  readonly member: number;
  readonly tokens: Tokens | null;
}

/** The result of `load`: tokens, `null` for no tokens, undefined if the store has lost its tokens. */
type Kept = Tokens | null | undefined;

/** A place for tokens, and a store for each session that shares it. */
export interface Shelf {
  readonly kept: Kept;
  /** Its tokens at the start. */
  readonly first: Tokens | null;
  readonly operations: readonly Operation[];
  readonly writes: readonly Write[];
  readonly notices: readonly Notice[];
  /** The write that its tokens are from, if any. */
  readonly lastDone: Write | undefined;
  /** How often it has been read. */
  readonly looks: number;
  /** The number of subscribers of `changes$`. */
  readonly followers: number;
  /** The number of works inside `exclusive`. */
  readonly inside: number;
  /** Whether it has never failed, nor taken so long that a session may give it up: then it holds the right tokens. */
  readonly isSound: boolean;
  /** Whether no call has taken any time: then no deadline has ended a call. */
  readonly isPrompt: boolean;
  /** Whether each call ended at once: then all calls have happened in their order. */
  readonly isInstant: boolean;
  /** Whether it has ever lost its tokens. */
  readonly hasLost: boolean;
  feel(mood: Mood): void;
  /** An old version of the app signs a user in or out, without a session. */
  overwrite(user: User | null): void;
  lose(): void;
  /** Emits a notice: in order, unless `changes$` reorders them. */
  deliver(which: number): void;
  /** Drops a notice, if `changes$` loses notices. */
  drop(which: number): void;
  storeFor(member: number): TokenStore;
}

/** The tokens in two entries, whose writer has no session id. */
const entriesOf = ({ accessToken, refreshToken }: TokenGrant): Tokens => ({ accessToken, refreshToken }) as Tokens;

const keptOf = (tokens: Tokens, keeps: Setup['keeps']): Tokens => {
  const { revision: _revision, ...unnumbered } = tokens;
  if (keeps === 'all') return { ...tokens };
  return keeps === 'no revision' ? unnumbered : entriesOf(tokens);
};

const A_DAY_MS = 86_400_000;

/** A session id of a sign-in at `atMs`. */
const idOf = (atMs: number): string => `${atMs.toString(36).padStart(9, '0')}.first`;

export const createShelf = (world: World): Shelf => {
  const { setup, platform } = world;
  const operations: Operation[] = [];
  const writes: Write[] = [];
  const notices: Notice[] = [];
  const followers = new Map<number, Set<Subscriber<Tokens | null>>>();
  /** The explorer uses the lock of the library, as it does not test locks. */
  const mutex = memoryStore();
  let kept: Kept = null;
  let hasLost = false;
  let mood: Mood = 'works';
  let lastDone: Write | undefined;
  let hasFailed = false;
  let slowestMs = 0;
  let inside = 0;
  let looks = 0;
  /** Rises with each write: an asynchronous store must not return to an earlier version. */
  let version = 0;
  let isInstant = setup.store === 'sync';

  const tookMs = ({ openedMs }: Operation): number => platform.elapsedMs - openedMs;

  const slowest = (): number => Math.max(slowestMs, ...operations.map(tookMs));

  const emit = ({ member, tokens }: Notice): void => {
    for (const follower of [...(followers.get(member) ?? [])]) follower.next(tokens);
  };

  /** Puts a write into effect, and notifies the other members. */
  const land = (write: Write): void => {
    const { tokens, member } = write;
    const before = lastDone;
    version++;
    kept = tokens;
    lastDone = write;
    world.tell('landed', write, before);
    for (const other of world.members) {
      if (other.index === member && !setup.isEchoed) continue;
      const notice = { member: other.index, tokens };
      if (setup.changes === 'prompt') emit(notice);
      else if (setup.changes !== 'missing') notices.push(notice);
    }
  };

  const later = <T>(member: number, effect: () => T, closed: (isDone: boolean) => void): PromiseLike<T> => {
    const { promise, resolve, reject } = createDeferred<T>();
    const operation: Operation = {
      member,
      openedMs: platform.elapsedMs,
      answer: (how) => {
        operations.splice(operations.indexOf(operation), 1);
        hasFailed ||= how !== 'done';
        slowestMs = Math.max(slowestMs, tookMs(operation));
        const result = how === 'failed' ? undefined : effect();
        closed(how === 'done');
        // The result is undefined only if the call has failed.
        if (how === 'done') resolve(result as T);
        else {
          const fault = createFault(world, 'store', member);
          fault.isLate = tookMs(operation) >= GIVEN_UP_MS;
          reject(fault);
        }
      },
    };
    operations.push(operation);
    isInstant = false;
    return promise;
  };

  /** Runs a call of the store, now or later. */
  const operate = <T>(member: number, effect: () => T, closed = (_isDone: boolean): void => {}): T | PromiseLike<T> => {
    try {
      react(world, 'store', member);
      if (mood === 'throws') throw createFault(world, 'store', member);
    } catch (fault) {
      hasFailed = true;
      closed(false);
      throw fault;
    }
    if (setup.store === 'async' || mood === 'hangs') return later(member, effect, closed);
    const result = effect();
    closed(true);
    return result;
  };

  const load = (member: number): Kept | PromiseLike<Kept> =>
    operate(member, () => {
      looks++;
      world.tell('looked', member, lastDone);
      return kept;
    });

  const begin = (member: number, tokens: Tokens | null): Write => ({
    member,
    tokens,
    startedMs: platform.elapsedMs,
    state: 'open',
  });

  const write = (member: number, tokens: Tokens | null): void | PromiseLike<void> => {
    const written = begin(member, tokens && keptOf(tokens, setup.keeps));
    world.tell(
      'writing',
      written,
      writes.filter(({ state }) => state === 'open'),
    );
    writes.push(written);
    return operate(
      member,
      () => land(written),
      (isDone) => {
        written.state = isDone ? 'done' : 'failed';
      },
    );
  };

  const exclusive = <T>(work: Observable<T>): Observable<T> => {
    if (setup.exclusive === 'throws') throw new Error('exclusive throws');
    if (setup.exclusive === 'stuck') return NEVER;
    const counted = defer(() => {
      world.tell('entered', ++inside);
      return work.pipe(finalize(() => inside--));
    });
    return mutex.exclusive?.(counted) ?? counted;
  };

  const changesFor = (member: number): Observable<Tokens | null> =>
    new Observable((subscriber) => {
      const all = followers.get(member) ?? new Set();
      followers.set(member, all.add(subscriber));
      return () => {
        all.delete(subscriber);
      };
    });

  const take = (which: number): Notice | undefined => {
    const picked = pick(notices, which);
    const isFirst = ({ member }: Notice) => member === picked?.member;
    const at = setup.changes === 'late' ? notices.findIndex(isFirst) : which % Math.max(1, notices.length);
    return picked && notices.splice(at, 1)[0];
  };

  const isLegacy = setup.initial === 'two entries';
  if (setup.initial !== 'nothing') {
    const { accessToken, refreshToken = '', expiresInMs } = world.server.signIn('A');
    const expiry = expiresInMs && { expiresAtMs: platform.nowMs + expiresInMs };
    const id =
      setup.initial === 'tokens' ? { sessionId: idOf(platform.nowMs - A_DAY_MS), revision: 1 } : { sessionId: 'first' };
    kept = keptOf({ accessToken, refreshToken, ...expiry, ...id }, isLegacy ? 'two entries' : setup.keeps);
  }

  const first = kept ?? null;
  return {
    get kept() {
      return kept;
    },
    first,
    operations,
    writes,
    notices,
    get lastDone() {
      return lastDone;
    },
    get looks() {
      return looks;
    },
    get followers() {
      return [...followers.values()].reduce((count, { size }) => count + size, 0);
    },
    get inside() {
      return inside;
    },
    get isSound() {
      return !hasFailed && slowest() < GIVEN_UP_MS;
    },
    get isPrompt() {
      return slowest() === 0;
    },
    get hasLost() {
      return hasLost;
    },
    get isInstant() {
      return isInstant && !hasFailed;
    },
    feel: (next) => {
      mood = next;
    },
    overwrite: (user) => {
      const tokens = user && entriesOf(world.server.signIn(user));
      const written = begin(LEGACY, tokens);
      written.state = 'done';
      writes.push(written);
      land(written);
    },
    lose: () => {
      kept = undefined;
      version++;
      hasLost = true;
      world.tell('lost');
    },
    deliver: (which) => {
      const notice = take(which);
      if (notice) emit(notice);
    },
    drop: (which) => {
      if (setup.changes === 'lost') take(which);
    },
    storeFor: (member) => ({
      load: () => load(member),
      save: (tokens) => write(member, tokens),
      clear: () => write(member, null),
      ...(setup.changes !== 'missing' && { changes$: changesFor(member) }),
      ...(setup.hasVersion && { version: () => (setup.store === 'async' ? version : (kept ?? hasLost)) }),
      ...(setup.exclusive !== 'missing' && { exclusive }),
    }),
  };
};
