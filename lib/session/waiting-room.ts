import { noop } from 'rxjs';
import { createLine } from './line';
import type { Held } from './state';

/** Someone who wants to leave with the session's tokens. */
export interface Waiter {
  /** The tokens that will not do: refused by the server, or dead. Only later ones of their session will. */
  old?: Held | undefined;
  /** Whether it goes to the wire, and so stands in line for one of `releaseConcurrency` places. */
  readonly isSender: boolean;
  /** Whether it has given up. */
  readonly closed: boolean;
  /** Called when it starts to wait, with the number of the refresh that it waits for, if there is one. */
  waits?(refreshId: number | undefined): void;
  /** Leaves with live tokens, or with none when there is no session; `done` gives the place among those on the wire back. */
  leave(held: Held | null, done: () => void): void;
  /** Nothing will come. */
  error(error: unknown): void;
}

/** Where those wait who can't leave before the session has settled. */
export interface WaitingRoom {
  readonly size: number;
  enter(waiter: Waiter): void;
  exit(waiter: Waiter): void;
  /**
   * Closes the room behind those who are in it. What it returns then lets them go, in the order they came, or ends their wait with `error`;
   * `isOver` also ends the wait of those who were let go earlier and still stand in line. Who came before there was a session belongs to `session`.
   */
  empty(): (session?: Held, error?: Error, isOver?: boolean) => void;
}

/**
 * A `Set` keeps those who wait in the order they came, and lets each leave without a walk over the others; the observer list of a
 * subject, which is searched and spliced, would cost the square of their number.
 *
 * @param concurrency - How many of those let go are on their way at once.
 */
export const createWaitingRoom = (
  concurrency: number,
  admit: (waiter: Waiter, done: () => void) => void,
): WaitingRoom => {
  let waiting = new Set<Waiter>();
  const line = createLine(concurrency, admit);
  return {
    get size() {
      return waiting.size;
    },
    enter: (waiter) => {
      waiting.add(waiter);
    },
    exit: (waiter) => {
      waiting.delete(waiter);
      line.leave(waiter);
    },
    empty: () => {
      const leaving = waiting;
      waiting = new Set();
      return (session, error, isOver) => {
        if (isOver) for (const waiter of line.clear()) waiter.error(error);
        for (const waiter of leaving) {
          waiter.old ??= session;
          if (error) waiter.error(error);
          else if (waiter.isSender) line.join(waiter);
          else admit(waiter, noop);
        }
      };
    },
  };
};
