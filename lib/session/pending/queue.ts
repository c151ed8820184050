import { noop } from 'rxjs';
import type { Held } from '../state/session-state';
import { createLine } from './limiter';

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
   * Closes the room behind those who are in it, and what it returns then lets them go, in the order they came; who came before there was a session belongs to
   * `session`. With an `error` it ends their wait instead, and with `isOver` also that of those who are being let go, or stand in line.
   */
  empty(error?: Error, isOver?: boolean): (session?: Held) => void;
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
  /** Those who are being let go, and have not had their turn. */
  let leaving: Set<Waiter>[] = [];
  const line = createLine(concurrency, admit);
  return {
    get size() {
      return waiting.size;
    },
    enter: (waiter) => {
      waiting.add(waiter);
    },
    exit: (waiter) => {
      for (const room of [waiting, ...leaving]) room.delete(waiter);
      line.leave(waiter);
    },
    empty: (error, isOver) => {
      const emptied = waiting;
      waiting = new Set();
      if (error) {
        const over = isOver ? [...line.clear(), ...leaving.flatMap((room) => [...room])] : [];
        if (isOver) for (const room of leaving) room.clear();
        return () => {
          for (const waiter of [...over, ...emptied]) waiter.error(error);
        };
      }
      leaving.push(emptied);
      return (session) => {
        for (const waiter of emptied) {
          emptied.delete(waiter);
          waiter.old ??= session;
          if (waiter.isSender) line.join(waiter);
          else admit(waiter, noop);
        }
        leaving = leaving.filter((room) => room !== emptied);
      };
    },
  };
};
