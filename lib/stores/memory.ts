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
  const queue: (() => void)[] = [];
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
        const start = (): void => {
          // Not `subscribe(subscriber)`, which would be torn down only after the next one has started.
          turn.add(
            work.subscribe({
              next: (value) => subscriber.next(value),
              error: (error) => subscriber.error(error),
              complete: () => subscriber.complete(),
            }),
          );
        };
        if (queue.push(start) === 1) start();
        return () => {
          turn.unsubscribe();
          const wasFirst = queue[0] === start;
          queue.splice(queue.indexOf(start), 1);
          if (wasFirst) queue[0]?.();
        };
      }),
  };
};
