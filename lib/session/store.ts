import {
  AsyncSubject,
  catchError,
  defer,
  finalize,
  first,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  type OperatorFunction,
  of,
  Subject,
  takeUntil,
  tap,
  timeout,
  timer,
} from 'rxjs';
import { call$, observed } from '../http/observed';
import { nowMs } from './clock';
import { toStored } from './grants';
import { createSessionId, decide, isSameGrant, laterId, type Over, type Standing } from './precedence';
import type { Tokens } from './state';

/**
 * Where a session keeps its tokens. A call that throws, rejects or takes more than 5 s is given up: the session goes on from memory, and a warning on `events$` says so.
 * Writes never overlap, but for one that was given up.
 *
 * Of two sessions that share a store, the later sign-in counts, and of one sign-in the higher `revision`: keep `sessionId` and `revision` with the tokens. Of tokens
 * without them, the ones in the store count.
 */
export interface TokenStore {
  /** Returns the tokens, `null` if there are none (signed out), or undefined if they are lost: a session that holds tokens then saves them again. */
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  save(tokens: Tokens): void | PromiseLike<void>;
  /** Removes the tokens, after a sign-out or a refused refresh. */
  clear(): void | PromiseLike<void>;
  /**
   * Emits after a write to the store by another session, tab or process. The value is a hint: the session calls `load` and decides by that, so an emission for its own
   * write does no harm. Subscribed to from the first use of the session until `destroy`. @defaultValue none: the store is read at the start and before each refresh
   */
  readonly changes$?: Observable<Tokens | null> | undefined;
  /**
   * Returns a value that changes with the tokens, such as the raw entry. Cheap and synchronous: called for each request, `accessToken$`, `refresh$`, `signIn` and `signOut`. If
   * it is not the value of the last `load` (`Object.is`), the store is read before the request leaves. @defaultValue none: only `changes$` says that there is something new
   */
  version?: (() => unknown) | undefined;
  /**
   * Runs `work` while no other session that shares the store runs its own, and releases the lock as soon as `work` ends or is unsubscribed. If it has not subscribed to
   * `work` within `refreshTimeoutMs`, the refresh fails for now, and nothing is sent. @defaultValue none: after a refusal, the store is read again for 1 s
   */
  exclusive?: (<T>(work: Observable<T>) => Observable<T>) | undefined;
}

/** What a store of ours wants users to know, asked once when its session is first used: a warning on `events$`. */
export const CAUTION = Symbol('renewal.caution');

export interface CautiousStore extends TokenStore {
  readonly [CAUTION]?: () => string | undefined;
}

/** Marks a store of ours whose `exclusive` cannot keep out everyone: a tab that was frozen is overtaken, and goes on later. */
export const OVERTAKEN = Symbol('renewal.overtaken');

/** Marks a store of ours that no other page shares: a page that sleeps misses nothing of what it emits. */
export const LOCAL = Symbol('renewal.local');

/** How long the store may take for one call before it is given up. */
export const STORE_TIMEOUT_MS = 5_000;

/** How often the same tokens are written again over older ones: a store may tell a session's own writes and yet return what was there before. */
const MAX_REWRITES = 10;

/**
 * What follows from a look into the store: tokens that have precedence over what the session has, `null` if someone has signed out, undefined if nothing
 * follows.
 */
export type News = Tokens | null | undefined;

/** The store as the session sees it: its writes never overlap, and what it throws, or leaves unanswered, becomes a warning. */
export interface StorePort {
  /** The newest tokens of the session, also while a refresh has them and the state does not. */
  readonly mine: Tokens | undefined;
  /** Reads the store: in the same tick if it is synchronous. Replays what followed, however late the store has answered. */
  look(): Observable<News>;
  /** What follows from a look, at the latest when the store is given up; at once while it has not answered since it was given up before. */
  inTime(news$: Observable<News>): Observable<News>;
  /** A read of the store has had its time. */
  giveUp(): undefined;
  /** Whether the store holds what it held at the last look, as far as its `version` tells. */
  isSeen(): boolean;
  /** Whether the store tells of what others write, if only by `changes$`: what they wrote before someone subscribed is not told. */
  readonly isShared: boolean;
  readonly isBlind: boolean;
  /** Whether others may write to it while this page sleeps. */
  readonly isMissed: boolean;
  /** Emits when others may have written to the store. Never errors. */
  readonly changes$: Observable<unknown>;
  /** An id for a sign-in of now: later than all that this session has seen. */
  createId(): string;
  /** The session has taken these over. */
  own(tokens: Tokens): void;
  /** The session is signed out, or its refresh token was refused. */
  end(over: Over): void;
  /** Saves tokens, or clears the store of a session that is over: at once, subscribed or not. Emits when it is done or given up. */
  write(what: Tokens | Over): Observable<unknown>;
  /** From now on nothing follows, and nothing is written. */
  close(): void;
}

/** How long a store that could not be read, and has a version, is left alone before the next use looks again. */
const RETRY_MS = 1_000;

/** Stands for a version that no store has. */
const UNSEEN = Symbol('unseen');

/** Gives up what has not answered after so long: emits what `giveUp` returns instead. */
const within = <T, U>(ms: number, giveUp: () => U): OperatorFunction<T, T | U> =>
  timeout({ first: ms, with: () => of(giveUp()) });

/** @param heed - Called with what follows from a look that no one has asked for. */
export const createStorePort = (
  store: TokenStore,
  warn: (what: string, error?: unknown) => undefined,
  heed: (news: News) => void,
): StorePort => {
  let standing: Standing = { mine: undefined };
  /** What the store held when it was last read or written. */
  let known: News;
  let version: unknown;
  let latestId = '';
  let retryAtMs = Infinity;
  let writesAsked = 0;
  let readsBegun = 0;
  let lastRead = 0;
  let rewrites = 0;
  let isClosed = false;
  /** Whether a read was given up, and none has been answered since. */
  let isHanging = false;
  const writes: (() => void)[] = [];
  const idle$ = new Subject<void>();
  const closed$ = new Subject<void>();

  const has = (name: keyof TokenStore): boolean => {
    try {
      return !!store[name];
    } catch {
      // A getter that throws: the call says so.
      return true;
    }
  };

  const versionNow = (): unknown => {
    try {
      return store.version ? store.version() : version;
    } catch {
      return version;
    }
  };

  const hold = (tokens: Tokens, next: Omit<Standing, 'mine'>): void => {
    latestId = laterId(latestId, tokens.sessionId);
    rewrites = 0;
    standing = { ...next, mine: tokens, over: undefined };
  };

  const enqueue = (what: Tokens | null): Observable<unknown> => {
    const done$ = new AsyncSubject<unknown>();
    const run = (): void => {
      const written$ = new AsyncSubject<void>();
      call$(() => (what ? store.save(what) : store.clear())).subscribe(written$);
      let isAtOnce = true;
      const late$ = timer(STORE_TIMEOUT_MS).pipe(
        takeUntil(closed$),
        map(() => {
          // It may end later, over what has been written since.
          const lookAgain = () => {
            rewrites = 0;
            read(true).subscribe(heed);
          };
          written$.subscribe({ next: lookAgain, error: lookAgain });
          rewrites = MAX_REWRITES;
          throw undefined;
        }),
      );
      merge(written$, late$)
        .pipe(
          first(),
          map(() => {
            known = what;
            // Later, someone else may have written after it.
            version = isAtOnce ? versionNow() : UNSEEN;
            standing = { ...standing, isOwed: writes.length > 1 };
          }),
          catchError((error) => of(warn('write', error))),
          finalize(() => {
            writes.shift();
            if (writes[0]) writes[0]();
            else idle$.next();
          }),
        )
        .subscribe(done$);
      isAtOnce = false;
    };
    if (!standing.isOwed) standing = { ...standing, isOwed: true, replaced: known };
    writesAsked++;
    if (writes.push(run) < 2) run();
    return merge(done$, closed$).pipe(first());
  };

  /** What follows from what was read by the `nth` read. */
  const conclude = (found: News, nth: number): News => {
    const tokens = found && toStored(found);
    // A later one says more.
    if (isClosed || nth < lastRead) return undefined;
    lastRead = nth;
    const { mine, over, replaced } = standing;
    const verdict = decide(standing, tokens);
    known = tokens;
    standing = {
      ...standing,
      isOwed: standing.isOwed && verdict !== 'ours',
      replaced: replaced === undefined ? tokens : replaced,
    };
    if (verdict === 'write' && rewrites++ < MAX_REWRITES) enqueue(over ? null : (mine ?? null));
    return verdict === 'adopt' ? tokens : verdict === 'signed-out' ? null : undefined;
  };

  /** With `isCleared`, a write that has ended late may have cleared the store; with `isAgain`, a write has crossed the read before. */
  const read = (isCleared = false, isAgain = false): Observable<News> => {
    // What a write of this session's own has left half done says nothing.
    if (writes.length)
      return idle$.pipe(
        first(),
        mergeMap(() => read(isCleared, isAgain)),
      );
    const [nth, writesBefore] = [++readsBegun, writesAsked];
    version = versionNow();
    retryAtMs = Infinity;
    return call$(() => store.load()).pipe(
      mergeMap((found) => {
        if (writesAsked === writesBefore) return of(conclude(isCleared ? (found ?? undefined) : found, nth));
        // Nor does what was there before a write.
        return isAgain ? of(undefined) : read(isCleared, true);
      }),
      catchError((error) => {
        if (version !== undefined) retryAtMs = nowMs() + RETRY_MS;
        return of(warn('load', error));
      }),
      tap(() => {
        isHanging = false;
      }),
    );
  };

  const giveUp = (): undefined => {
    isHanging = true;
    return warn('load');
  };

  return {
    get mine() {
      return standing.over ? undefined : standing.mine;
    },
    look: () => {
      const news$ = new AsyncSubject<News>();
      read().subscribe(news$);
      return news$;
    },
    inTime: (news$) =>
      isHanging ? merge(news$, of(undefined)).pipe(first()) : news$.pipe(within(STORE_TIMEOUT_MS, giveUp)),
    giveUp,
    isShared: has('changes$'),
    isBlind: has('changes$') && !has('version'),
    isMissed: !(LOCAL in store),
    isSeen: () => Object.is(versionNow(), version) && (retryAtMs === Infinity || nowMs() < retryAtMs),
    changes$: defer(() => (store.changes$ ? observed('changes$', store.changes$) : NEVER)).pipe(
      catchError((error) => of(warn('changes$', error))),
    ),
    createId: () => createSessionId(nowMs(), latestId),
    own: (tokens) => {
      const { mine } = standing;
      // What it has written itself comes back with the state.
      if (isSameGrant(tokens, mine)) standing = { ...standing, mine: tokens, over: undefined };
      else hold(tokens, { replaced: mine ?? null });
    },
    end: (over) => {
      standing = { ...standing, over };
    },
    write: (what) => {
      if (typeof what !== 'string') {
        hold(what, standing);
        return enqueue(what);
      }
      standing = { ...standing, over: what };
      return enqueue(null);
    },
    close: () => {
      isClosed = true;
      closed$.next();
    },
  };
};

/** The store of a session that was given none: no one shares it. */
export const createOwnStore = (): TokenStore => {
  let kept: Tokens | null = null;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = null;
    },
    exclusive: (work) => work,
  };
};
