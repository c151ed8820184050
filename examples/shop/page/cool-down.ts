import type { Session, SessionState } from 'renewal';
import { endWith, fromEvent, map, type Observable, of, scan, switchMap, takeUntil, takeWhile, timer } from 'rxjs';

const FIRST_MS = 1_000;
const MAX_MS = 30_000;

interface Failures {
  readonly error?: Error;
  readonly count: number;
}

/**
 * The remaining seconds of the cool-down after a failed refresh; 0 if the session may start one. The cool-down is 1 s
 * after the first failure and doubles with each further one. It ends early when the network is back.
 */
export function coolDown$({ state$ }: Session): Observable<number> {
  return state$.pipe(
    scan(countFailure, { count: 0 }),
    switchMap(({ error, count }) => (error ? secondsLeft$(Math.min(FIRST_MS * 2 ** (count - 1), MAX_MS)) : of(0))),
  );
}

function countFailure({ error, count }: Failures, state: SessionState): Failures {
  if (state.status === 'refreshing') return { count };
  if (state.status !== 'expired' || !state.error) return { count: 0 };
  return state.error === error ? { error, count } : { error: state.error, count: count + 1 };
}

function secondsLeft$(ms: number): Observable<number> {
  return timer(0, 1_000).pipe(
    map((passed) => ms / 1_000 - passed),
    takeWhile((left) => left > 0),
    takeUntil(fromEvent(window, 'online')),
    endWith(0),
  );
}
