import type { RefreshError } from '../http/errors';

/** After a refresh that failed in a way that may pass: how long the next one has to wait. */
export interface CoolDown {
  readonly error: RefreshError;
  readonly atMs: number;
  readonly waitMs: number;
  readonly failures: number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** What the server asked for with `Retry-After`, else 1 s that doubles with each failure up to 30 s. */
export const coolDown = (error: RefreshError, atMs: number, previous?: CoolDown): CoolDown => {
  const failures = (previous?.failures ?? 0) + 1;
  return { error, atMs, waitMs: error.retryAfterMs ?? Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS), failures };
};

/** A clock that was set back ends the wait: it must not lengthen it. */
export const isCooling = ({ atMs, waitMs }: CoolDown, nowMs: number): boolean => nowMs >= atMs && nowMs < atMs + waitMs;
