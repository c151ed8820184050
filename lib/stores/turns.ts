import { noop, Observable, type Subscriber, Subscription } from 'rxjs';
import { createLine } from '../session/pending/limiter';
import type { TokenStore } from '../session/store/token-store';

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
  const line = createLine<(done: () => void) => void>(1, (start, done) => start(done));

  return (work) =>
    new Observable((subscriber) => {
      const turn = new Subscription();
      let letGo = noop;
      const start = (done: () => void): void => {
        letGo = done;
        runIn(turn, work, subscriber);
      };
      // Before it starts: a work that ends in the same tick is torn down at once.
      subscriber.add(() => {
        line.leave(start);
        try {
          turn.unsubscribe();
        } finally {
          letGo();
        }
      });
      line.join(start);
    });
};
