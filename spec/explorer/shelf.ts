import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import { defer, finalize, NEVER, type Observable } from 'rxjs';
import { createDeferred } from './deferred';
import type { Write } from './happenings';
import { createFault, react } from './hooks';
import type { Mood, StoreAnswer } from './plan';
import type { World } from './world';

/** After how long a session may give up a call of its store. */
export const GIVEN_UP_MS = 5_000;

/** A call of the store that is not answered yet. */
interface Operation {
  readonly openedMs: number;
  answer(how: StoreAnswer): void;
}

/** One place for tokens, and a store for each session that shares it. */
export interface Shelf {
  readonly kept: Tokens | null;
  readonly operations: readonly Operation[];
  readonly writes: readonly Write[];
  /** What it holds is from this write, if from any. */
  readonly lastDone: Write | undefined;
  /** How many are inside `exclusive`. */
  readonly inside: number;
  /** Whether it has never failed, nor given anyone reason to give it up: then it holds what it should. */
  readonly isSound: boolean;
  /** Whether no call of it has ever taken time: then no deadline has passed it over. */
  readonly isPrompt: boolean;
  feel(mood: Mood): void;
  storeFor(member: number): TokenStore;
}

export const createShelf = (world: World): Shelf => {
  const { setup, platform } = world;
  const operations: Operation[] = [];
  const writes: Write[] = [];
  /** How turns are taken is not what is explored: the library's own will do. */
  const turns = memoryStore();
  let kept: Tokens | null = null;
  let mood: Mood = 'works';
  let lastDone: Write | undefined;
  let hasFailed = false;
  let slowestMs = 0;
  let inside = 0;

  const tookMs = ({ openedMs }: Operation): number => platform.elapsedMs - openedMs;

  const slowest = (): number => Math.max(slowestMs, ...operations.map(tookMs));

  const later = <T>(member: number, effect: () => T, closed: (isDone: boolean) => void): PromiseLike<T> => {
    const { promise, resolve, reject } = createDeferred<T>();
    const operation: Operation = {
      openedMs: platform.elapsedMs,
      answer: (how) => {
        operations.splice(operations.indexOf(operation), 1);
        hasFailed ||= how !== 'done';
        slowestMs = Math.max(slowestMs, tookMs(operation));
        const result = how === 'failed' ? undefined : effect();
        closed(how === 'done');
        // It is left undefined only where it has failed.
        if (how === 'done') resolve(result as T);
        else reject(createFault(world, 'store', member));
      },
    };
    operations.push(operation);
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

  const write = (member: number, tokens: Tokens | null): void | PromiseLike<void> => {
    const written: Write = { member, tokens, state: 'open' };
    world.tell(
      'writing',
      written,
      writes.filter(({ state }) => state === 'open'),
    );
    writes.push(written);
    return operate(
      member,
      () => {
        kept = tokens;
        lastDone = written;
      },
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

  if (!setup.isEmpty) {
    const { accessToken, refreshToken = '', expiresInMs } = world.server.signIn('A');
    const expiry = expiresInMs && { expiresAtMs: platform.nowMs + expiresInMs };
    kept = { accessToken, refreshToken, ...expiry, sessionId: 'first' };
  }

  return {
    get kept() {
      return kept;
    },
    operations,
    writes,
    get lastDone() {
      return lastDone;
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
    feel: (next) => {
      mood = next;
    },
    storeFor: (member) => ({
      load: () => operate(member, () => kept),
      save: (tokens) => write(member, tokens),
      clear: () => write(member, null),
      ...(setup.exclusive !== 'missing' && { exclusive }),
    }),
  };
};
