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
import { invoke$ } from '../http/to-observable';
import type { Tokens } from './state';
import { STORE_TIMEOUT_MS, type TokenStore } from './store';

/** The writes to a store: they never overlap, the last one asked for is the last one done, and one that hangs is given up and holds up no later one. */
export interface WriteQueue {
  /** How many have been asked for. */
  readonly count: number;
  /** Whether one is under way or waits. */
  readonly isBusy: boolean;
  /** Emits when the last one is done or given up. */
  readonly idle$: Observable<unknown>;
  /** Saves tokens, or clears the store for `null`: at once, subscribed or not. Emits when it is done or given up. */
  add(what: Tokens | null): Observable<unknown>;
  /** Counts as busy until what it returns is called: the state has still to follow. */
  pause(): () => void;
  /** Ends all waits for writes; those that have been asked for are still done. */
  close(): void;
}

/** What the owner of a queue is told of. */
export interface WriteObserver {
  /** A write is done: in the tick in which it was asked for (`isAtOnce`), as the last of those asked for (`isLast`). */
  done(what: Tokens | null, isAtOnce: boolean, isLast: boolean): void;
  /** One has failed, or without an error taken too long. */
  failed(what: Tokens | null, error?: unknown): undefined;
  /**
   * One that was given up has ended: over what has been written since, as the case may be. `isDone` if it is done, as the last of those asked for; `isLast` if no other may still end.
   */
  endedLate(isDone: boolean, isLast: boolean): void;
}

export const createWriteQueue = (store: TokenStore, observer: WriteObserver): WriteQueue => {
  const queue: (() => void)[] = [];
  const idle$ = new Subject<void>();
  const closed$ = new ReplaySubject<void>(1);
  let count = 0;
  /** How many have been given up and not ended yet. */
  let hanging = 0;
  let pauses = 0;

  const isBusy = (): boolean => queue.length + pauses > 0;
  const tellIdle = (): void => {
    if (!isBusy()) idle$.next();
  };

  const run = (what: Tokens | null, nth: number, done$: AsyncSubject<unknown>): void => {
    const written$ = new AsyncSubject<unknown>();
    invoke$(() => (what ? store.save(what) : store.clear())).subscribe(written$);
    let isAtOnce = true;
    const tooLate$ = timer(STORE_TIMEOUT_MS).pipe(
      takeUntil(closed$),
      map(() => {
        hanging++;
        const end = (isDone: boolean) => {
          hanging--;
          observer.endedLate(isDone && nth === count && !hanging, !hanging);
        };
        written$.subscribe({ complete: () => end(true), error: () => end(false) });
        throw undefined;
      }),
    );
    merge(written$, tooLate$)
      .pipe(
        first(),
        map(() => observer.done(what, isAtOnce, queue.length < 2)),
        catchError((error) => of(observer.failed(what, error))),
        finalize(() => {
          queue.shift();
          queue[0]?.();
          tellIdle();
        }),
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
    idle$: idle$.pipe(first()),
    add: (what) => {
      const done$ = new AsyncSubject<unknown>();
      const nth = ++count;
      if (queue.push(() => run(what, nth, done$)) < 2) queue[0]?.();
      return merge(done$, closed$).pipe(first());
    },
    pause: () => {
      pauses++;
      return () => {
        pauses--;
        tellIdle();
      };
    },
    close: () => closed$.next(),
  };
};
