import { Observable, type Subscriber } from 'rxjs';

/**
 * Where requests wait for the session to settle. A `Set` keeps them in the order they came and lets each leave without a
 * walk over the others; the observer list of a subject, which is searched and spliced, would cost the square of their number.
 */
export class WaitingRoom {
  #waiting = new Set<Subscriber<void>>();

  /** Emits once, then completes, when the room is next opened. */
  readonly opened$ = new Observable<void>((waiter) => {
    const room = this.#waiting.add(waiter);
    return () => room.delete(waiter);
  });

  /** Lets all who wait now go, in the order they came; who comes meanwhile waits for the next time. */
  open(): void {
    for (const waiter of this.#clear()) {
      waiter.next();
      waiter.complete();
    }
  }

  /** Ends the wait of all with `error`. */
  close(error: unknown): void {
    for (const waiter of this.#clear()) waiter.error(error);
  }

  #clear(): Set<Subscriber<void>> {
    const leaving = this.#waiting;
    this.#waiting = new Set();
    return leaving;
  }
}
