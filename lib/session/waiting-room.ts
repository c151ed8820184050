import { Observable, type Subscriber } from 'rxjs';

/** Where requests wait for the session to settle. */
export interface WaitingRoom {
  /** Emits once, then completes, when the room is next opened. */
  readonly opened$: Observable<void>;
  /** Lets all who wait now go, in the order they came, or ends their wait with `error`. Who comes meanwhile waits for the next time. */
  open(error?: Error): void;
}

/**
 * A `Set` keeps those who wait in the order they came, and lets each leave without a walk over the others; the observer list of a
 * subject, which is searched and spliced, would cost the square of their number.
 */
export const createWaitingRoom = (): WaitingRoom => {
  let waiting = new Set<Subscriber<void>>();
  return {
    opened$: new Observable((waiter) => {
      const room = waiting.add(waiter);
      return () => room.delete(waiter);
    }),
    open: (error) => {
      const leaving = waiting;
      waiting = new Set();
      for (const waiter of leaving) {
        if (error) waiter.error(error);
        waiter.next();
        waiter.complete();
      }
    },
  };
};
