import { Observable, Subscription } from 'rxjs';
import { nowMs } from '../session/clock';
import { type TokenGrant, toTokens } from '../session/grants';
import type { Tokens } from '../session/state';
import type { TokenStore } from '../session/store';

/**
 * Keeps the tokens in memory: gone with the page or the process. Sessions of one process that share one such store refresh once.
 *
 * @param initial - What the store holds to begin with. Throws a `TypeError` where it is malformed.
 */
export const memoryStore = (initial?: TokenGrant): TokenStore => {
  let kept: Tokens | null = initial ? toTokens(initial, {}, nowMs()) : null;
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

  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = null;
    },
    exclusive: (work) =>
      new Observable((subscriber) => {
        const turn = new Subscription();
        let isMine = false;
        const start = (): void => {
          isMine = true;
          // Not `subscribe(subscriber)`, which would be torn down only after the next one has started.
          turn.add(
            work.subscribe({
              next: (value) => subscriber.next(value),
              error: (error) => subscriber.error(error),
              complete: () => subscriber.complete(),
            }),
          );
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
      }),
  };
};
