import {
  AsyncSubject,
  catchError,
  first,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  Subscription,
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
import { StoreWrites, type WriteObserver, type WriteQueue } from './write-queue';

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
  /** Calls `onHint` when another session may have written to the store. */
  listen(onHint: () => void): Subscription;
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

const NO_READS: Reads = { begun: 0, version: undefined };

/** Stands for a version that no store has. */
const UNSEEN = Symbol('unseen');

const has = (store: TokenStore, name: keyof TokenStore): boolean => {
  try {
    return !!store[name];
  } catch {
    // A getter that throws counts as present: the later call warns.
    return true;
  }
};

export class QueuedStorage implements TokenStorage, WriteObserver {
  readonly #store: TokenStore;
  readonly #warn: (what: string, error?: unknown) => undefined;
  readonly #onExternal: (external: External) => void;
  #memory = NO_MEMORY;
  #reads: Reads = NO_READS;
  readonly #writes: WriteQueue;
  readonly #hasVersion: boolean;
  readonly hasHints: boolean;

  constructor(
    store: TokenStore,
    warn: (what: string, error?: unknown) => undefined,
    onExternal: (external: External) => void,
  ) {
    this.#store = store;
    this.#warn = warn;
    this.#onExternal = onExternal;
    this.#writes = new StoreWrites(store, this);
    this.#hasVersion = has(store, 'version');
    this.hasHints = has(store, 'changes$');
  }

  get hasHintsOnly(): boolean {
    return this.hasHints && !this.#hasVersion;
  }

  get canMissHints(): boolean {
    return !(LOCAL in this.#store);
  }

  get mine(): Tokens | undefined {
    const { mine, endedBy } = this.#memory.standing;
    return endedBy ? undefined : mine;
  }

  read(): Observable<External> {
    const external$ = new AsyncSubject<External>();
    let isSync = true;
    // The subscriber may have left after a timeout. No later read returns this change again, as it counts as seen.
    this.#readNow()
      .pipe(tap((external) => isSync || external$.observed || this.#onExternal(external)))
      .subscribe(external$);
    isSync = false;
    return external$;
  }

  withTimeout(external$: Observable<External>): Observable<External> {
    const timeout$ = this.#reads.isHanging ? of(undefined) : timer(STORE_TIMEOUT_MS).pipe(map(() => this.giveUp()));
    return merge(external$, timeout$).pipe(first());
  }

  giveUp(): undefined {
    this.#reads = { ...this.#reads, isHanging: true };
    return this.#warn('load');
  }

  isSeen(): boolean {
    const { failedAtMs } = this.#reads;
    // A clock that was set back ends the wait.
    return this.#isAtVersion() && (failedAtMs === undefined || Math.abs(nowMs() - failedAtMs) < RETRY_MS);
  }

  listen(onHint: () => void): Subscription {
    const error = (thrown: unknown): void => {
      this.#warn('changes$', thrown);
      onHint();
    };
    try {
      const { changes$ = NEVER } = this.#store;
      return toObservable('changes$', changes$).subscribe({ next: onHint, error });
    } catch (thrown) {
      error(thrown);
      return Subscription.EMPTY;
    }
  }

  createId(): string {
    return createSessionId(nowMs(), this.#memory.latestId);
  }

  take(tokens: Tokens): void {
    this.#memory = onTaken(this.#memory, tokens);
  }

  end(endedBy: SessionEnd): void {
    this.#memory = onSessionEnd(this.#memory, endedBy);
  }

  write(what: Tokens | SessionEnd): Observable<unknown> {
    this.#memory = onSessionChange(this.#memory, what);
    return this.#enqueue(typeof what === 'string' ? null : what);
  }

  pause(): () => void {
    return this.#writes.pause();
  }

  close(): void {
    this.#writes.close();
  }

  done(what: Tokens | null, isSync: boolean, isLast: boolean): void {
    this.#memory = onWritten(this.#memory, what, isLast);
    // In a later tick, another session may have written after it.
    this.#reads = { ...this.#reads, version: isSync ? this.#versionNow() : UNSEEN };
  }

  failed(what: Tokens | null, isLast: boolean, error?: unknown): undefined {
    this.#memory = onWriteFailed(this.#memory, what, isLast, error === undefined);
    return this.#warn('write', error);
  }

  endedLate(isDone: boolean): void {
    this.#memory = onEndedLate(this.#memory, isDone, this.#reads.begun);
    this.#readNow().subscribe(this.#onExternal);
  }

  #versionNow(): unknown {
    const store = this.#store;
    const { version } = this.#reads;
    try {
      return store.version ? store.version() : version;
    } catch {
      return version;
    }
  }

  #isAtVersion(): boolean {
    return Object.is(this.#versionNow(), this.#reads.version);
  }

  #enqueue(what: Tokens | null): Observable<unknown> {
    this.#memory = onWrite(this.#memory);
    return this.#writes.add(what);
  }

  #recordRead(found: Tokens | null | undefined, nth: number): External {
    const tokens = found && toStored(found);
    if (this.#writes.isClosed) return undefined;
    const { external, rewrite, memory } = onRead(this.#memory, tokens, nth);
    this.#memory = memory;
    if (rewrite !== undefined) this.#enqueue(rewrite);
    return external;
  }

  /** @param isRepeated - Whether this read replaces one during which a write was added. */
  #readNow(isRepeated = false): Observable<External> {
    const writes = this.#writes;
    // During a write, a read may return the tokens before or after it.
    if (writes.isBusy) return writes.idle$.pipe(mergeMap(() => this.#readNow(isRepeated)));
    const nth = this.#reads.begun + 1;
    const writesBefore = writes.count;
    this.#reads = { ...this.#reads, begun: nth, version: this.#versionNow(), failedAtMs: undefined };
    return invoke$(() => this.#store.load()).pipe(
      mergeMap((found) => {
        if (writes.count === writesBefore) return of(this.#recordRead(found, nth));
        // A write was added during the read: its tokens may be those before the write.
        return isRepeated ? of(undefined) : this.#readNow(true);
      }),
      catchError((error) => {
        // A session that has tokens goes on from memory, without a wait for each use.
        if (this.#hasVersion || !this.#memory.standing.mine) this.#reads = { ...this.#reads, failedAtMs: nowMs() };
        return of(this.#warn('load', error));
      }),
      tap(() => {
        // Writes of others during the read may end with the version before it, and yet with other tokens than it found.
        const version = this.#isAtVersion() ? this.#reads.version : UNSEEN;
        this.#reads = { ...this.#reads, version, isHanging: false };
      }),
    );
  }
}
