import {
  AsyncSubject,
  catchError,
  defer,
  first,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  tap,
  timer,
} from 'rxjs';
import { invoke$, toObservable } from '../http/to-observable';
import { nowMs } from './clock';
import { toStored } from './grants';
import { createSessionId, decide, isSameGrant, laterId, type Over, type Standing } from './precedence';
import type { Tokens } from './state';
import { LOCAL, STORE_TIMEOUT_MS, type TokenStore } from './store';
import { createWriteQueue } from './write-queue';

/** How often the same tokens are written again over older ones: a store may tell a session's own writes and yet return what was there before. */
const MAX_REWRITES = 10;

/** How many tokens whose write has failed are remembered. */
const MAX_LATE = 10;

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
  /** Looks wait until what it returns is called: a change is under way, and the state has still to follow. */
  pause(): () => void;
  /** From now on nothing follows, and nothing is written. */
  close(): void;
}

/** How long a store that could not be read, and has a version, is left alone before the next use looks again. */
const RETRY_MS = 1_000;

/** Stands for a version that no store has. */
const UNSEEN = Symbol('unseen');

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
  let failedAtMs: number | undefined;
  let readsBegun = 0;
  let lastRead = 0;
  let rewrites = 0;
  let isClosed = false;
  /** How many calls of `clear` were given up that may still be done. */
  let clearing = 0;
  /** Reads begun after this one find all that writes that were given up have done. */
  let lastHaunted = Infinity;
  /** Whether a write was given up, and no read has found yet what it has done. */
  let isHaunted = false;
  /** Whether a read was given up, and none has been answered since. */
  let isHanging = false;

  const has = (name: keyof TokenStore): boolean => {
    try {
      return !!store[name];
    } catch {
      // A getter that throws: the call says so.
      return true;
    }
  };

  const hasVersion = has('version');

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
    const last = standing.mine ?? known;
    const before = last?.sessionId === tokens.sessionId ? standing.before : last?.sessionId;
    standing = { ...next, mine: tokens, over: undefined, before };
  };

  const writes = createWriteQueue(store, {
    done: (what, isAtOnce, isLast) => {
      // What was read again after a write is all that such a store can hold.
      if (!rewrites) known = what;
      // Later, someone else may have written after it.
      version = isAtOnce ? versionNow() : UNSEEN;
      // The next one is to replace it.
      standing = isLast ? { ...standing, isOwed: false } : { ...standing, replaced: what };
      if (isLast && !isHaunted) standing = { ...standing, late: [] };
    },
    failed: (what, error) => {
      // What hangs is not called again for the same tokens.
      if (error === undefined) {
        rewrites = MAX_REWRITES;
        if (!what) clearing++;
        isHaunted = true;
        lastHaunted = Infinity;
      }
      if (what) standing = { ...standing, late: [...(standing.late ?? []), what].slice(-MAX_LATE) };
      return warn('write', error);
    },
    endedLate: (isDone, isLast) => {
      if (isDone) standing = { ...standing, isOwed: false };
      rewrites = 0;
      if (isLast) lastHaunted = readsBegun;
      read().subscribe(heed);
    },
  });

  const enqueue = (what: Tokens | null): Observable<unknown> => {
    if (!standing.isOwed) standing = { ...standing, isOwed: true, replaced: known };
    return writes.add(what);
  };

  /** What follows from what was read by the `nth` read. */
  const conclude = (found: News, nth: number): News => {
    let tokens = found && toStored(found);
    // A later one says more.
    if (isClosed || nth < lastRead) return undefined;
    lastRead = nth;
    if (tokens === null && clearing) {
      // That of a session before, which was given up, may have been done now.
      clearing--;
      tokens = undefined;
    }
    const { mine, over, replaced } = standing;
    const verdict = decide(standing, tokens);
    known = tokens;
    standing = {
      ...standing,
      isOwed: standing.isOwed && verdict !== 'ours',
      replaced: replaced === undefined ? tokens : replaced,
    };
    if (nth > lastHaunted) {
      clearing = 0;
      isHaunted = false;
      standing = { ...standing, late: [] };
    }
    if (verdict === 'write' && rewrites++ < MAX_REWRITES) enqueue(over ? null : (mine ?? null));
    return verdict === 'adopt' ? tokens : verdict === 'signed-out' ? null : undefined;
  };

  /** With `isAgain`, a write has crossed the read before. */
  const read = (isAgain = false): Observable<News> => {
    // What a write of this session's own has left half done says nothing.
    if (writes.isBusy) return writes.idle$.pipe(mergeMap(() => read(isAgain)));
    const [nth, writesBefore] = [++readsBegun, writes.count];
    version = versionNow();
    failedAtMs = undefined;
    return invoke$(() => store.load()).pipe(
      mergeMap((found) => {
        if (writes.count === writesBefore) return of(conclude(found, nth));
        // Nor does what was there before a write.
        return isAgain ? of(undefined) : read(true);
      }),
      catchError((error) => {
        if (hasVersion) failedAtMs = nowMs();
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
      merge(news$, isHanging ? of(undefined) : timer(STORE_TIMEOUT_MS).pipe(map(giveUp))).pipe(first()),
    giveUp,
    isShared: has('changes$'),
    isBlind: has('changes$') && !hasVersion,
    isMissed: !(LOCAL in store),
    isSeen: () =>
      // A clock that was set back ends the wait.
      Object.is(versionNow(), version) && (failedAtMs === undefined || Math.abs(nowMs() - failedAtMs) < RETRY_MS),
    changes$: defer(() => (store.changes$ ? toObservable('changes$', store.changes$) : NEVER)).pipe(
      catchError((error) => of(warn('changes$', error))),
    ),
    createId: () => createSessionId(nowMs(), latestId),
    own: (tokens) => {
      const { mine } = standing;
      // What it has written itself comes back with the state.
      if (isSameGrant(tokens, mine)) standing = { ...standing, mine: tokens, over: undefined };
      else hold(tokens, { replaced: mine ?? null, late: standing.late ?? [] });
    },
    end: (over) => {
      standing = { ...standing, over };
    },
    write: (what) => {
      const isOver = typeof what === 'string';
      if (isOver) standing = { ...standing, over: what };
      else hold(what, standing);
      return enqueue(isOver ? null : what);
    },
    pause: writes.pause,
    close: () => {
      isClosed = true;
      writes.close();
    },
  };
};
