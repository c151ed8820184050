import { noop, Observable, type Subscriber, Subscription } from 'rxjs';

/** Runs at most so many items at once; the others wait in the order of arrival. */
export interface Limiter<T> {
  /** Starts `item` when a slot is free: in this same tick if one is. */
  push(item: T): void;
  /** Takes `item` out of the queue; does nothing to an item that has started. */
  remove(item: T): void;
  /** Empties the queue and returns its items; items that have started keep their slots. */
  clear(): readonly T[];
}

/**
 * Calls `start` with each item in turn. `release` gives the slot back, once. `start` is never called from within
 * another `start`, so items that are released at once do not grow the stack. No step walks along the queue.
 */
export const createLimiter = <T>(slots: number, start: (item: T, release: () => void) => void): Limiter<T> => {
  const queue = new Set<T>();
  // One iterator for all items: each new one would walk over the gaps that removed items have left.
  const iterator = queue.values();
  let free = slots;
  let isDraining = false;

  const drain = (): void => {
    if (isDraining) return;
    isDraining = true;
    try {
      while (free > 0 && queue.size > 0) {
        // There is one: the queue is not empty, and the iterator passes over removed items.
        const item = iterator.next().value as T;
        queue.delete(item);
        free--;
        let isReleased = false;
        start(item, () => {
          if (isReleased) return;
          isReleased = true;
          free++;
          drain();
        });
      }
    } finally {
      isDraining = false;
    }
  };

  return {
    push: (item) => {
      queue.add(item);
      drain();
    },
    remove: (item) => {
      queue.delete(item);
    },
    clear: () => {
      const cleared = [...queue];
      queue.clear();
      return cleared;
    },
  };
};

/**
 * Runs `work` while no other work runs; releases as soon as it ends or is unsubscribed. The type of `exclusive` of a
 * store.
 */
export type Mutex = <T>(work: Observable<T>) => Observable<T>;

/**
 * Subscribes to `work`. Unsubscribing `inside` stops `work` before the lock is released. With `subscribe(subscriber)`,
 * the next work would start first.
 */
export const subscribeInside = <T>(inside: Subscription, work: Observable<T>, subscriber: Subscriber<T>): void =>
  inside.add(
    work.subscribe({
      next: (value) => subscriber.next(value),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );

interface QueuedWork {
  readonly inside: Subscription;
  readonly work: Observable<unknown>;
  readonly subscriber: Subscriber<unknown>;
  unlock(): void;
}

/**
 * A limiter of one slot for observables: one work at a time, in the order of subscription, within this page or process.
 */
export const createMutex = (): Mutex => {
  const limiter = createLimiter<QueuedWork>(1, (queued, release) => {
    queued.unlock = release;
    subscribeInside(queued.inside, queued.work, queued.subscriber);
  });

  return <T>(work: Observable<T>) =>
    new Observable((subscriber: Subscriber<T>) => {
      const queued: QueuedWork = { inside: new Subscription(), work, subscriber, unlock: noop };
      // Added before `push`: work that ends in the same tick is then torn down at once.
      subscriber.add(() => {
        limiter.remove(queued);
        try {
          queued.inside.unsubscribe();
        } finally {
          queued.unlock();
        }
      });
      limiter.push(queued);
    });
};
