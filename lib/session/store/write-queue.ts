import {
  AsyncSubject,
  catchError,
  finalize,
  first,
  map,
  merge,
  type Observable,
  of,
  ReplaySubject,
  Subject,
  takeUntil,
  timer,
} from 'rxjs';
import { call$ } from '../../http/observed';
import type { Tokens } from '../state/session-state';
import { STORE_TIMEOUT_MS, type TokenStore } from './token-store';

/** The writes to a store. They never overlap, and the last one that was added is done last. A write that hangs is given up, and holds up no later one. */
export interface WriteQueue {
  /** How many have been added. */
  readonly count: number;
  /** Whether a write is under way or queued, or the queue is paused. */
  readonly isBusy: boolean;
  readonly isClosed: boolean;
  /** Emits when the last write is done or given up. */
  readonly idle$: Observable<unknown>;
  /** Saves tokens, or clears the store for `null`: at once, subscribed or not. Emits when it is done or given up. */
  add(what: Tokens | null): Observable<unknown>;
  /** Counts as busy until the returned function is called. */
  pause(): () => void;
  /** Ends all waits for writes. Writes that have been added are still done. */
  close(): void;
}

/** What the owner of a queue is notified of. `isLast`: no other write is queued. */
export interface WriteObserver {
  /** A write is done; `isAtOnce`: in the tick in which it was added. */
  done(what: Tokens | null, isAtOnce: boolean, isLast: boolean): void;
  /** A write has failed or, without an error, was given up. */
  failed(what: Tokens | null, isLast: boolean, error?: unknown): undefined;
  /** A write that was given up has ended: `isDone` if it is done and no other was added since; otherwise it may be over a later one. */
  endedLate(isDone: boolean): void;
}

export const createWriteQueue = (store: TokenStore, observer: WriteObserver): WriteQueue => {
  const queue: (() => void)[] = [];
  const idle$ = new Subject<void>();
  const closed$ = new ReplaySubject<boolean>(1);
  let count = 0;
  let pauses = 0;
  let isClosed = false;

  const isBusy = (): boolean => queue.length + pauses > 0;
  const notifyIdle = (): void => {
    if (!isBusy()) idle$.next();
  };
  const startNext = (): void => {
    queue.shift();
    queue[0]?.();
    notifyIdle();
  };

  const write = (what: Tokens | null, nth: number, done$: AsyncSubject<unknown>): void => {
    const written$ = new AsyncSubject<unknown>();
    call$(() => (what ? store.save(what) : store.clear())).subscribe(written$);
    let isAtOnce = true;
    const givenUp$ = timer(STORE_TIMEOUT_MS).pipe(
      takeUntil(closed$),
      map(() => {
        const end = (isDone: boolean) => observer.endedLate(isDone && nth === count);
        written$.subscribe({ complete: () => end(true), error: () => end(false) });
        throw undefined;
      }),
    );
    merge(written$, givenUp$)
      .pipe(
        first(),
        map(() => observer.done(what, isAtOnce, queue.length < 2)),
        catchError((error) => of(observer.failed(what, queue.length < 2, error))),
        finalize(startNext),
      )
      .subscribe(done$);
    isAtOnce = false;
  };

  return {
    get count() {
      return count;
    },
    get isBusy() {
      return isBusy();
    },
    get isClosed() {
      return isClosed;
    },
    idle$: idle$.pipe(first()),
    add: (what) => {
      const done$ = new AsyncSubject<unknown>();
      const nth = ++count;
      if (queue.push(() => write(what, nth, done$)) < 2) queue[0]?.();
      return merge(done$, closed$).pipe(first());
    },
    pause: () => {
      pauses++;
      return () => {
        pauses--;
        notifyIdle();
      };
    },
    close: () => {
      isClosed = true;
      closed$.next(true);
    },
  };
};
