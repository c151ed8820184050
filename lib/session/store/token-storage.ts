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
import { nowMs } from '../../http/clock';
import { invoke$, toObservable } from '../../http/to-observable';
import { toStored } from '../state/grants';
import { createSessionId } from '../state/session-id';
import type { Tokens } from '../state/session-state';
import type { Over } from './precedence';
import {
  type External,
  NO_MEMORY,
  onChange,
  onEndedLate,
  onOver,
  onRead,
  onTaken,
  onWrite,
  onWriteFailed,
  onWritten,
} from './store-memory';
import { LOCAL, STORE_TIMEOUT_MS, type TokenStore } from './token-store';
import { createWriteQueue } from './write-queue';

/**
 * The store as the session sees it: its writes never overlap, and an error, or a call without an answer, becomes a
 * warning.
 */
export interface TokenStorage {
  /** The newest tokens of the session, also while a refresh has them and the state does not. */
  readonly mine: Tokens | undefined;
  /**
   * Reads the store: in the same tick if it is synchronous. Replays what followed, however late the store has answered;
   * applied by `follow` if nothing waits for it then.
   */
  read(): Observable<External>;
  /**
   * What follows from a read, at the latest when it is given up; at once if an earlier read was given up and none has
   * been answered since.
   */
  withTimeout(external$: Observable<External>): Observable<External>;
  /** Warns that a read has taken too long. */
  giveUp(): undefined;
  /** Whether the store holds what it held at the last read, as far as its `version` tells. */
  isSeen(): boolean;
  /** Whether the store has `changes$`. It does not emit what was written before someone subscribed. */
  readonly hasHints: boolean;
  /** Whether the store has `changes$`, and no `version`. */
  readonly hasHintsOnly: boolean;
  /** Whether others may write to the store while this page sleeps. */
  readonly canMissHints: boolean;
  /** Emits when others may have written to the store. Never errors. */
  readonly hints$: Observable<unknown>;
  /** An id for a sign-in of now: later than all ids that this session has seen. */
  createId(): string;
  /** The session has taken over these tokens. */
  take(tokens: Tokens): void;
  /** The session is signed out, or its refresh token was refused. */
  end(over: Over): void;
  /**
   * Saves tokens, or clears the store of a session that is over: at once, subscribed or not. Emits when it is done or
   * given up.
   */
  write(what: Tokens | Over): Observable<unknown>;
  /** Reads wait until the returned function is called: a change has been written, and the state has still to follow. */
  pause(): () => void;
  /** From now on nothing follows, and nothing is written. */
  close(): void;
}

/** How long a store that could not be read, and has a version, is left alone before the next use reads it again. */
const RETRY_MS = 1_000;

interface Reads {
  /** How many have begun. */
  readonly begun: number;
  /** Of the store when it was last read or written. */
  readonly version: unknown;
  /** When the last read has failed. */
  readonly failedAtMs?: number | undefined;
  /** Whether a read was given up, and none has been answered since. */
  readonly isHanging?: boolean;
}

/** Stands for a version that no store has. */
const UNSEEN = Symbol('unseen');

/** @param onExternal - Called with what follows from a read that nothing has asked for, or waits for any more. */
export const createTokenStorage = (
  store: TokenStore,
  warn: (what: string, error?: unknown) => undefined,
  onExternal: (external: External) => void,
): TokenStorage => {
  let memory = NO_MEMORY;
  let reads: Reads = { begun: 0, version: undefined };

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
      return store.version ? store.version() : reads.version;
    } catch {
      return reads.version;
    }
  };

  const writes = createWriteQueue(store, {
    done: (what, isSync, isLast) => {
      memory = onWritten(memory, what, isLast);
      // In a later tick, someone else may have written after it.
      reads = { ...reads, version: isSync ? versionNow() : UNSEEN };
    },
    failed: (what, isLast, error) => {
      memory = onWriteFailed(memory, what, isLast, error === undefined);
      return warn('write', error);
    },
    endedLate: (isDone) => {
      memory = onEndedLate(memory, isDone, reads.begun);
      readNow().subscribe(onExternal);
    },
  });

  const enqueue = (what: Tokens | null): Observable<unknown> => {
    memory = onWrite(memory);
    return writes.add(what);
  };

  const recordRead = (found: External, nth: number): External => {
    const tokens = found && toStored(found);
    if (writes.isClosed) return undefined;
    const { external, rewrite, ...next } = onRead(memory, tokens, nth);
    memory = next.memory;
    if (rewrite !== undefined) enqueue(rewrite);
    return external;
  };

  /** @param isRepeated - Whether a write has crossed the read before. */
  const readNow = (isRepeated = false): Observable<External> => {
    // A write that is under way says nothing.
    if (writes.isBusy) return writes.idle$.pipe(mergeMap(() => readNow(isRepeated)));
    const nth = reads.begun + 1;
    const writesBefore = writes.count;
    reads = { ...reads, begun: nth, version: versionNow(), failedAtMs: undefined };
    return invoke$(() => store.load()).pipe(
      mergeMap((found) => {
        if (writes.count === writesBefore) return of(recordRead(found, nth));
        // Nor does what the store held before a write.
        return isRepeated ? of(undefined) : readNow(true);
      }),
      catchError((error) => {
        if (hasVersion) reads = { ...reads, failedAtMs: nowMs() };
        return of(warn('load', error));
      }),
      tap(() => {
        reads = { ...reads, isHanging: false };
      }),
    );
  };

  const giveUp = (): undefined => {
    reads = { ...reads, isHanging: true };
    return warn('load');
  };

  return {
    get mine() {
      const { mine, over } = memory.standing;
      return over ? undefined : mine;
    },
    read: () => {
      const external$ = new AsyncSubject<External>();
      let isSync = true;
      // The reader may have given up. No later read finds this again, as it counts as seen.
      readNow()
        .pipe(tap((external) => isSync || external$.observed || onExternal(external)))
        .subscribe(external$);
      isSync = false;
      return external$;
    },
    withTimeout: (external$) =>
      merge(external$, reads.isHanging ? of(undefined) : timer(STORE_TIMEOUT_MS).pipe(map(giveUp))).pipe(first()),
    giveUp,
    hasHints: has('changes$'),
    hasHintsOnly: has('changes$') && !hasVersion,
    canMissHints: !(LOCAL in store),
    isSeen: () => {
      const { version, failedAtMs } = reads;
      // A clock that was set back ends the wait.
      return (
        Object.is(versionNow(), version) && (failedAtMs === undefined || Math.abs(nowMs() - failedAtMs) < RETRY_MS)
      );
    },
    hints$: defer(() => (store.changes$ ? toObservable('changes$', store.changes$) : NEVER)).pipe(
      catchError((error) => of(warn('changes$', error))),
    ),
    createId: () => createSessionId(nowMs(), memory.latestId),
    take: (tokens) => {
      memory = onTaken(memory, tokens);
    },
    end: (over) => {
      memory = onOver(memory, over);
    },
    write: (what) => {
      memory = onChange(memory, what);
      return enqueue(typeof what === 'string' ? null : what);
    },
    pause: writes.pause,
    close: writes.close,
  };
};
