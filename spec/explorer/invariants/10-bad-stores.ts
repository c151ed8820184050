import { codeOf, errorOf, nameOf } from '../callers';
import type { Invariant } from '../happenings';
import { GIVEN_UP_MS } from '../shelf';

/** The codes of the errors that a caller may get. */
const CODES: readonly (string | undefined)[] = [
  'status',
  'network',
  'timeout',
  'refresh',
  'session-expired',
  'signed-out',
  'token-rejected',
];

/**
 * Storage, locks, channels and clocks may be missing, throw, hang or lie; requests still settle, and writes never
 * overlap.
 */
export const badStores: Invariant = {
  number: 10,
  watch: (world) => ({
    checks: {
      writing: ({ member }, open) =>
        open.some((other) => other.member === member && world.platform.elapsedMs - other.startedMs < GIVEN_UP_MS) &&
        'two writes of one session overlap',
      told: (caller) => {
        const error = errorOf(caller);
        // An error of a hook may reach the caller unchanged.
        const isExpected = !error || CODES.includes(codeOf(caller)) || world.faults.some((fault) => fault === error);
        if (!isExpected) return `${nameOf(caller)} gets the error ${error}`;
        const { attempt } = caller;
        const isEarly =
          codeOf(caller) === 'timeout' && world.platform.elapsedMs - (attempt?.sentMs ?? 0) < world.setup.timeoutMs;
        return isEarly && `${nameOf(caller)} times out too early`;
      },
    },
  }),
};
