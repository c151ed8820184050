import { describe } from 'vitest';
import { SIGNALS, type Signal } from './server';

/** One way in which token refresh goes wrong elsewhere. `docs/failure-modes.md` is generated from these. */
export interface FailureMode {
  /** A letter for the section and a number: `A1`. */
  readonly id: string;
  /** What goes wrong elsewhere, in a few words. */
  readonly title: string;
  /** What renewal does instead, in a sentence or two. */
  readonly renewal: string;
  /** Public threads that report it, as `owner/name#number`. */
  readonly threads?: readonly string[];
}

/** Defines the specs of an entry, once for each way in which a server reports an expired token. */
export const failureMode = ({ id, title }: FailureMode, define: (signal: Signal) => void): void => {
  describe.each(SIGNALS)(`${id} ${title}, by %s`, define);
};

/** An entry that needs no spec; `renewal` says why. */
export const notOurs = (_mode: FailureMode): void => {};
