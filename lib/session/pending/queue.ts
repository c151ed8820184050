import { noop } from 'rxjs';
import type { Binding, SignedIn } from '../state/session-state';
import { createLimiter } from './limiter';

/** Someone who needs the session's tokens: a request, or a subscriber of `accessToken$` or `refresh$`. */
export interface Waiter {
  /** The session that it belongs to, and the tokens that will not do: rejected by the server, or dead. */
  binding?: Binding | undefined;
  /** Whether it sends a request, and so takes one of `releaseConcurrency` slots. */
  readonly takesSlot: boolean;
  /** Whether it has unsubscribed. */
  readonly closed: boolean;
  /** Called when it starts to wait, with the number of the refresh that it waits for, if there is one. */
  onQueued?(refreshId: number | undefined): void;
  /** Uses live tokens, or none if there is no session. `release` gives the slot back. */
  send(state: SignedIn | null, release: () => void): void;
  /** Its wait has failed. */
  error(error: unknown): void;
}

/** The waiters of a session, until its state settles. */
export interface PendingQueue {
  readonly size: number;
  add(waiter: Waiter): void;
  remove(waiter: Waiter): void;
  /**
   * Detaches the current waiters, and returns a function that releases them in the order of arrival. Waiters without a session are then bound to `binding`.
   * With `error` they are rejected instead; with `isOver`, so are waiters of earlier releases that have not started.
   */
  takeAll(error?: Error, isOver?: boolean): (binding?: Binding) => void;
}

/**
 * Sets keep the waiters in the order of arrival, and let each be removed without a walk over the others. The observer list of a subject is searched
 * and spliced, which would cost the square of their number.
 *
 * @param concurrency - How many released waiters that take a slot are under way at once.
 */
export const createPendingQueue = (
  concurrency: number,
  admit: (waiter: Waiter, release: () => void) => void,
): PendingQueue => {
  /** The last batch waits; the others are being released. */
  let batches: readonly Set<Waiter>[] = [new Set()];
  const limiter = createLimiter(concurrency, admit);
  const current = (): Set<Waiter> => batches.at(-1) ?? new Set();

  const release = (batch: Set<Waiter>, binding: Binding | undefined): void => {
    for (const waiter of batch) {
      batch.delete(waiter);
      waiter.binding ??= binding;
      if (waiter.takesSlot) limiter.push(waiter);
      else admit(waiter, noop);
    }
    batches = batches.filter((other) => other !== batch);
  };

  return {
    get size() {
      return current().size;
    },
    add: (waiter) => {
      current().add(waiter);
    },
    remove: (waiter) => {
      for (const batch of batches) batch.delete(waiter);
      limiter.remove(waiter);
    },
    takeAll: (error, isOver) => {
      const batch = current();
      const earlier = batches.slice(0, -1);
      if (!error) {
        batches = [...batches, new Set()];
        return (binding) => release(batch, binding);
      }
      batches = [...earlier, new Set()];
      const rejected = isOver ? [...limiter.clear(), ...earlier.flatMap((other) => [...other])] : [];
      if (isOver) for (const other of earlier) other.clear();
      return () => {
        for (const waiter of [...rejected, ...batch]) waiter.error(error);
      };
    },
  };
};
