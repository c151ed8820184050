import {
  AsyncSubject,
  BehaviorSubject,
  catchError,
  finalize,
  first,
  map,
  merge,
  type Observable,
  of,
  takeUntil,
  timer,
} from 'rxjs';
import { invoke$ } from '../../http/to-observable';
import type { Tokens } from '../state/session-state';
import { STORE_TIMEOUT_MS, type TokenStore } from './token-store';

/**
 * The writes to a store. They never overlap, and start in the order of `add`. A write that hangs is given up, and so
 * does not delay later writes.
 */
export interface WriteQueue {
  /** How many writes have been added. */
  readonly count: number;
  /** Whether a write is under way or queued, or the queue is paused. */
  readonly isBusy: boolean;
  readonly isClosed: boolean;
  /** Emits when the last write is done or given up. */
  readonly idle$: Observable<unknown>;
  /** Saves tokens, or clears the store for `null`, without a subscription. Emits when the write is done or given up. */
  add(what: Tokens | null): Observable<unknown>;
  /** Makes the queue busy until the returned function is called. */
  pause(): () => void;
  /** Ends all waits for writes. Writes that have been added are still done. */
  close(): void;
}

/** The callbacks for the owner of a queue. `isLast`: no other write is queued. */
export interface WriteObserver {
  /** A write is done; `isSync`: in the tick in which it was started. */
  done(what: Tokens | null, isSync: boolean, isLast: boolean): void;
  /** A write has failed or, without an error, was given up. */
  failed(what: Tokens | null, isLast: boolean, error?: unknown): undefined;
  /**
   * A write that was given up has ended. `isDone`: it succeeded, and no other write was added since. Otherwise it may
   * have failed, or have overwritten a later write.
   */
  endedLate(isDone: boolean): void;
}

interface QueueState {
  /** The first write is under way. */
  readonly writes: readonly (() => void)[];
  /** How many writes have been added so far. */
  readonly count: number;
  readonly pauses: number;
  readonly isClosed: boolean;
}

const INITIAL: QueueState = { writes: [], count: 0, pauses: 0, isClosed: false };

const isIdle = ({ writes, pauses }: QueueState): boolean => writes.length + pauses === 0;

export class StoreWrites implements WriteQueue {
  readonly #store: TokenStore;
  readonly #observer: WriteObserver;
  readonly #state$ = new BehaviorSubject(INITIAL);

  constructor(store: TokenStore, observer: WriteObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  get count(): number {
    return this.#state.count;
  }

  get isBusy(): boolean {
    return !isIdle(this.#state);
  }

  get isClosed(): boolean {
    return this.#state.isClosed;
  }

  get idle$(): Observable<unknown> {
    return this.#state$.pipe(first(isIdle));
  }

  add(what: Tokens | null): Observable<unknown> {
    const done$ = new AsyncSubject<unknown>();
    const { writes, count } = this.#state;
    const start = () => this.#write(what, count + 1, done$);
    this.#change({ writes: [...writes, start], count: count + 1 });
    if (writes.length === 0) start();
    return merge(done$, this.#closed$).pipe(first());
  }

  pause(): () => void {
    this.#change({ pauses: this.#state.pauses + 1 });
    return () => this.#change({ pauses: this.#state.pauses - 1 });
  }

  close(): void {
    this.#change({ isClosed: true });
  }

  get #state(): QueueState {
    return this.#state$.value;
  }

  get #closed$(): Observable<unknown> {
    return this.#state$.pipe(first(({ isClosed }) => isClosed));
  }

  #change(part: Partial<QueueState>): void {
    this.#state$.next({ ...this.#state, ...part });
  }

  #write(what: Tokens | null, nth: number, done$: AsyncSubject<unknown>): void {
    const store = this.#store;
    const observer = this.#observer;
    const isLast = () => this.#state.writes.length < 2;
    const written$ = new AsyncSubject<unknown>();
    invoke$(() => (what ? store.save(what) : store.clear())).subscribe(written$);
    let isSync = true;
    const givenUp$ = timer(STORE_TIMEOUT_MS).pipe(
      takeUntil(this.#closed$),
      map(() => {
        const end = (isDone: boolean) => observer.endedLate(isDone && nth === this.count);
        written$.subscribe({ complete: () => end(true), error: () => end(false) });
        throw undefined;
      }),
    );
    merge(written$, givenUp$)
      .pipe(
        first(),
        map(() => observer.done(what, isSync, isLast())),
        catchError((error) => of(observer.failed(what, isLast(), error))),
        finalize(() => {
          const writes = this.#state.writes.slice(1);
          this.#change({ writes });
          writes[0]?.();
        }),
      )
      .subscribe(done$);
    isSync = false;
  }
}
