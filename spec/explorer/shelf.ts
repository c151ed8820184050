import { memoryStore, type TokenGrant, type TokenStore, type Tokens } from 'renewal';
import { defer, finalize, NEVER, Observable, type Subscriber } from 'rxjs';
import { createDeferred } from './deferred';
import { LEGACY, type Write } from './happenings';
import { createFault, react } from './hooks';
import type { Mood, Setup, StoreAnswer, User } from './plan';
import { pick, type World } from './world';

/** After how long a session may give up a call of its store. */
export const GIVEN_UP_MS = 5_000;

/** A call of the store that is not answered yet. */
interface Operation {
  readonly member: number;
  readonly openedMs: number;
  answer(how: StoreAnswer): void;
}

/** What `changes$` of a member's store has not emitted yet. */
interface Notice {
  readonly member: number;
  readonly tokens: Tokens | null;
}

/** What a store returns: tokens, `null` for nothing, undefined if it has lost what it held. */
type Kept = Tokens | null | undefined;

/** One place for tokens, and a store for each session that shares it. */
export interface Shelf {
  readonly kept: Kept;
  /** What it held in the beginning. */
  readonly first: Tokens | null;
  readonly operations: readonly Operation[];
  readonly writes: readonly Write[];
  readonly notices: readonly Notice[];
  /** What it holds is from this write, if from any. */
  readonly lastDone: Write | undefined;
  /** How often it has been read. */
  readonly looks: number;
  /** How many follow `changes$`. */
  readonly followers: number;
  /** How many are inside `exclusive`. */
  readonly inside: number;
  /** Whether it has never failed, nor given anyone reason to give it up: then it holds what it should. */
  readonly isSound: boolean;
  /** Whether no call of it has ever taken time: then no deadline has passed it over. */
  readonly isPrompt: boolean;
  /** Whether each call of it was done at once: then everything has happened in the order in which it was asked for. */
  readonly isInstant: boolean;
  /** Whether it has ever lost what it held. */
  readonly hasLost: boolean;
  feel(mood: Mood): void;
  /** An old version of the app signs a user in, or out, without any session. */
  overwrite(user: User | null): void;
  lose(): void;
  /** A notice arrives: in order, unless `changes$` mixes them up. */
  deliver(which: number): void;
  /** A notice is lost, if `changes$` loses any. */
  drop(which: number): void;
  storeFor(member: number): TokenStore;
}

/** What fits into two entries: whose writer leaves no session id. */
const entriesOf = ({ accessToken, refreshToken }: TokenGrant): Tokens => ({ accessToken, refreshToken }) as Tokens;

const keptOf = (tokens: Tokens, keeps: Setup['keeps']): Tokens => {
  const { revision: _revision, ...unnumbered } = tokens;
  if (keeps === 'all') return { ...tokens };
  return keeps === 'no revision' ? unnumbered : entriesOf(tokens);
};

const A_DAY_MS = 86_400_000;

/** An id as `signIn` makes them, of a sign-in at `atMs`. */
const idOf = (atMs: number): string => `${atMs.toString(36).padStart(9, '0')}.first`;

export const createShelf = (world: World): Shelf => {
  const { setup, platform } = world;
  const operations: Operation[] = [];
  const writes: Write[] = [];
  const notices: Notice[] = [];
  const followers = new Map<number, Set<Subscriber<Tokens | null>>>();
  /** How turns are taken is not what is explored: the library's own will do. */
  const turns = memoryStore();
  let kept: Kept = null;
  let hasLost = false;
  let mood: Mood = 'works';
  let lastDone: Write | undefined;
  let hasFailed = false;
  let slowestMs = 0;
  let inside = 0;
  let looks = 0;
  /** Rises with each write: what takes time must not come back to a version that it has had. */
  let version = 0;
  let isInstant = setup.store === 'sync';

  const tookMs = ({ openedMs }: Operation): number => platform.elapsedMs - openedMs;

  const slowest = (): number => Math.max(slowestMs, ...operations.map(tookMs));

  const emit = ({ member, tokens }: Notice): void => {
    for (const follower of [...(followers.get(member) ?? [])]) follower.next(tokens);
  };

  /** What is written takes effect, and others are told. */
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
        // It is left undefined only where it has failed.
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

  /** One call of the store, which does something to it, now or later. */
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
    return turns.exclusive?.(counted) ?? counted;
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

  const isLegacy = setup.held === 'two entries';
  if (setup.held !== 'nothing') {
    const { accessToken, refreshToken = '', expiresInMs } = world.server.signIn('A');
    const expiry = expiresInMs && { expiresAtMs: platform.nowMs + expiresInMs };
    const id =
      setup.held === 'tokens' ? { sessionId: idOf(platform.nowMs - A_DAY_MS), revision: 1 } : { sessionId: 'first' };
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
