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
import type { SessionEnd } from './precedence';
import {
  type External,
  NO_MEMORY,
  onEndedLate,
  onRead,
  onSessionChange,
  onSessionEnd,
  onTaken,
  onWrite,
  onWriteFailed,
  onWritten,
} from './store-memory';
import { LOCAL, STORE_TIMEOUT_MS, type TokenStore } from './token-store';
import { createWriteQueue } from './write-queue';

/**
 * The store as the session sees it. Its writes never overlap. An error, or a call that does not return in time, becomes
 * a warning.
 */
export interface TokenStorage {
  /** The newest tokens of the session, also while a refresh has them and the state does not. */
  readonly mine: Tokens | undefined;
  /**
   * Reads the store: in the same tick if it is synchronous. Replays the external change, however late the read ends. If
   * it has no subscriber then, `onExternal` applies the change.
   */
  read(): Observable<External>;
  /**
   * The external change of a read, or undefined after the timeout of the read. Does not wait if an earlier read was
   * given up and no read has returned since.
   */
  withTimeout(external$: Observable<External>): Observable<External>;
  /** Warns that a read has taken too long. */
  giveUp(): undefined;
  /** Whether the store holds what it held at the last read, as far as its `version` tells. */
  isSeen(): boolean;
  /** Whether the store has `changes$`. It does not emit for writes before the subscription. */
  readonly hasHints: boolean;
  /** Whether the store has `changes$`, and no `version`. */
  readonly hasHintsOnly: boolean;
  /** Whether another page may write to the store while this page sleeps. */
  readonly canMissHints: boolean;
  /** Emits when another session may have written to the store. Never errors. */
  readonly hints$: Observable<unknown>;
  /** Makes the id of a sign-in now: later than all ids that this session has seen. */
  createId(): string;
  /** The session uses these tokens now: it has adopted them, or has written them itself. */
  take(tokens: Tokens): void;
  /** The session is signed out, or its refresh token was refused. */
  end(endedBy: SessionEnd): void;
  /**
   * Saves tokens, or clears the store of a session that is over: at once, subscribed or not. Emits when it is done or
   * given up.
   */
  write(what: Tokens | SessionEnd): Observable<unknown>;
  /** Reads wait until the returned function is called: the store is written before the state changes. */
  pause(): () => void;
  /** Ends all writes and external changes: the session is destroyed. */
  close(): void;
}

/**
 * How long after a failed read the next use reads the store again: if it has a version that has not changed, or if the
 * session has never had tokens.
 */
const RETRY_MS = 1_000;

interface Reads {
  /** How many reads have begun. */
  readonly begun: number;
  /** The version of the store when it was last read or written. */
  readonly version: unknown;
  /** When the last read failed; undefined if it did not. */
  readonly failedAtMs?: number | undefined;
  /** Whether a read was given up, and no read has returned since. */
  readonly isHanging?: boolean;
}

/** Stands for a version that no store has. */
const UNSEEN = Symbol('unseen');

/** @param onExternal - Called with the external change of a read that has no subscriber, or has lost it. */
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
      // A getter that throws counts as present: the later call warns.
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

  const isAtVersion = (): boolean => Object.is(versionNow(), reads.version);

  const writes = createWriteQueue(store, {
    done: (what, isSync, isLast) => {
      memory = onWritten(memory, what, isLast);
      // In a later tick, another session may have written after it.
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

  const recordRead = (found: Tokens | null | undefined, nth: number): External => {
    const tokens = found && toStored(found);
    if (writes.isClosed) return undefined;
    const { external, rewrite, ...next } = onRead(memory, tokens, nth);
    memory = next.memory;
    if (rewrite !== undefined) enqueue(rewrite);
    return external;
  };

  /** @param isRepeated - Whether this read replaces one during which a write was added. */
  const readNow = (isRepeated = false): Observable<External> => {
    // During a write, a read may return the tokens before or after it.
    if (writes.isBusy) return writes.idle$.pipe(mergeMap(() => readNow(isRepeated)));
    const nth = reads.begun + 1;
    const writesBefore = writes.count;
    reads = { ...reads, begun: nth, version: versionNow(), failedAtMs: undefined };
    return invoke$(() => store.load()).pipe(
      mergeMap((found) => {
        if (writes.count === writesBefore) return of(recordRead(found, nth));
        // A write was added during the read: its tokens may be those before the write.
        return isRepeated ? of(undefined) : readNow(true);
      }),
      catchError((error) => {
        // A session that has tokens goes on from memory, without a wait for each use.
        if (hasVersion || !memory.standing.mine) reads = { ...reads, failedAtMs: nowMs() };
        return of(warn('load', error));
      }),
      tap(() => {
        // Writes of others during the read may end with the version before it, and yet with other tokens than it found.
        const version = isAtVersion() ? reads.version : UNSEEN;
        reads = { ...reads, version, isHanging: false };
      }),
    );
  };

  const giveUp = (): undefined => {
    reads = { ...reads, isHanging: true };
    return warn('load');
  };

  return {
    get mine() {
      const { mine, endedBy } = memory.standing;
      return endedBy ? undefined : mine;
    },
    read: () => {
      const external$ = new AsyncSubject<External>();
      let isSync = true;
      // The subscriber may have left after a timeout. No later read returns this change again, as it counts as seen.
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
      const { failedAtMs } = reads;
      // A clock that was set back ends the wait.
      return isAtVersion() && (failedAtMs === undefined || Math.abs(nowMs() - failedAtMs) < RETRY_MS);
    },
    hints$: defer(() => (store.changes$ ? toObservable('changes$', store.changes$) : NEVER)).pipe(
      catchError((error) => of(warn('changes$', error))),
    ),
    createId: () => createSessionId(nowMs(), memory.latestId),
    take: (tokens) => {
      memory = onTaken(memory, tokens);
    },
    end: (endedBy) => {
      memory = onSessionEnd(memory, endedBy);
    },
    write: (what) => {
      memory = onSessionChange(memory, what);
      return enqueue(typeof what === 'string' ? null : what);
    },
    pause: writes.pause,
    close: writes.close,
  };
};
