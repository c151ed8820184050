import { Observable, type Subscriber, Subscription } from 'rxjs';
import type { TokenStore } from '../session/store';

/** Runs work while no one else does: `exclusive` of a store. */
export type Exclusive = NonNullable<TokenStore['exclusive']>;

/**
 * Subscribes to `work` on behalf of `subscriber`, in `turn`. Not `subscribe(subscriber)`, which would be torn down only after the next one has
 * started.
 */
export const runIn = <T>(turn: Subscription, work: Observable<T>, subscriber: Subscriber<T>): void =>
  turn.add(
    work.subscribe({
      next: (value) => subscriber.next(value),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );

/** One at a time, in the order they came, within this page or process. */
export const createTurns = (): Exclusive => {
  /** Those who wait for their turn, after the one who has it. */
  const queue = new Set<() => void>();
  let isTaken = false;
  let isGiving = false;

  /** Gives the turn to the next in line. Not recursive: each may be done in this same tick. */
  const give = (): void => {
    if (isGiving) return;
    isGiving = true;
    try {
      for (const start of queue) {
        if (isTaken) break;
        queue.delete(start);
        isTaken = true;
        start();
      }
    } finally {
      isGiving = false;
    }
  };

  return (work) =>
    new Observable((subscriber) => {
      const turn = new Subscription();
      let isMine = false;
      const start = (): void => {
        isMine = true;
        runIn(turn, work, subscriber);
      };
      // Before it starts: a work that ends in the same tick is torn down at once.
      subscriber.add(() => {
        queue.delete(start);
        try {
          turn.unsubscribe();
        } finally {
          if (isMine) isTaken = false;
          give();
        }
      });
      queue.add(start);
      give();
    });
};
