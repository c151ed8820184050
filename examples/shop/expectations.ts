import type { Timeline } from 'renewal/devtools';
import type { RenewalMode } from './protocol';

export interface StormFlags {
  /** Number of requests that are sent at once. */
  readonly requests: number;
  /** Behaviour of the renewal endpoint during the storm. */
  readonly refresh: RenewalMode;
}

export interface StormSummary {
  /** Calls of the renewal endpoint, counted by the server, as are the next three. */
  readonly refreshes: number;
  readonly requestsOnTheWire: number;
  readonly expiredResponses: number;
  readonly reuseDetected: number;
  /** Callers that got the order that they requested. */
  readonly responses: number;
  /** Callers that got an error, by its code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Number of calls of `onSessionExpired`. */
  readonly sessionsEnded: number;
  /** The session after the storm, as a text. */
  readonly session: string;
}

/** An expected value after a storm, and the actual one. */
export interface Expectation {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
}

/** Compares the result of a storm with the guarantees of the library. */
export function expectations(
  { requests, refresh }: StormFlags,
  summary: StormSummary,
  timeline: Pick<Timeline, 'refreshes' | 'durationMs'>,
): Expectation[] {
  const { responses, errors, session, onTheWire, sessionsEnded } = EXPECTED[refresh](requests);
  return [
    equal('responses', summary.responses, responses),
    equal('errors', describeErrors(summary.errors), describeErrors(errors)),
    refresh === 'offline'
      ? between('refreshes', summary.refreshes, 1, attemptsWithin(timeline))
      : equal('refreshes', summary.refreshes, 1),
    equal('requests on the wire', summary.requestsOnTheWire, onTheWire),
    equal('responses with code 1002', summary.expiredResponses, requests),
    equal('refresh tokens used twice', summary.reuseDetected, 0),
    equal('session', summary.session, session),
    equal('sessions ended', summary.sessionsEnded, sessionsEnded),
  ];
}

interface Expected {
  readonly responses: number;
  readonly errors: Record<string, number>;
  readonly onTheWire: number;
  readonly session: string;
  readonly sessionsEnded: number;
}

const EXPECTED: Record<RenewalMode, (requests: number) => Expected> = {
  ok: renewed,
  slow: renewed,
  refused: (requests) => ({
    responses: 0,
    errors: { 'session-expired': requests },
    onTheWire: requests,
    session: 'signed-out, reason session-expired',
    sessionsEnded: 1,
  }),
  offline: (requests) => ({
    responses: 0,
    errors: { refresh: requests },
    onTheWire: requests,
    session: 'expired, tokens kept',
    sessionsEnded: 0,
  }),
};

function renewed(requests: number): Expected {
  return { responses: requests, errors: {}, onTheWire: 2 * requests, session: 'active, tokens kept', sessionsEnded: 0 };
}

/**
 * The maximum number of refreshes while each fails. The cool-down is 1 s after the first failure and doubles with each
 * further one. A 1002 after a cool-down starts the next refresh. Only a storm of thousands of requests lasts that long.
 */
function attemptsWithin({ refreshes, durationMs }: Pick<Timeline, 'refreshes' | 'durationMs'>): number {
  const sinceFailureMs = durationMs - (refreshes[0]?.endedMs ?? durationMs);
  return 1 + Math.floor(Math.log2(sinceFailureMs / 1000 + 1));
}

function describeErrors(errors: Readonly<Record<string, number>>): string {
  const counts = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  return counts.join(', ') || 'none';
}

function equal(what: string, actual: string | number, expected: string | number): Expectation {
  return { what, expected: String(expected), actual: String(actual), holds: actual === expected };
}

function between(what: string, actual: number, low: number, high: number): Expectation {
  const expected = low === high ? String(low) : `${low} to ${high}`;
  return { what, expected, actual: String(actual), holds: low <= actual && actual <= high };
}
