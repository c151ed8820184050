import { afterEach, beforeEach, vi } from 'vitest';

const NOON_MS = Date.UTC(2030, 5, 1, 12);

/** The maximum number of timers in one test. Otherwise a timer that re-arms itself each time would never end. */
const MAX_TIMERS = 20_000;

/** RxJS implements all its timers with intervals. */
const limitTimers = (): void => {
  const { setInterval } = globalThis;
  let armed = 0;
  const limited = (handler: () => void, ms?: number) => {
    if (++armed > MAX_TIMERS) throw new Error('a timer is armed again and again');
    return setInterval(handler, ms);
  };
  // Real timers replace it when they are restored; no caller passes arguments for the handler.
  globalThis.setInterval = limited as typeof setInterval;
};

/** The timers and the clock of the platform, advanced by hand. */
export interface WallClock {
  /** The time that has passed since the test began, independent of `set`. */
  readonly elapsedMs: number;
  /** The number of armed timers. */
  readonly timers: number;
  /** Advances the time and fires the timers that are due, in order. */
  advance(ms: number): void;
  /** Sets the clock forward or back without advancing timers, as after a sleep of the machine. */
  set(byMs: number): void;
}

/**
 * Installs the clock for each test of the calling suite. As on real platforms, a timer beyond the maximum delay fires
 * at once.
 */
export const createWallClock = (): WallClock => {
  let startedAtMs = 0;
  beforeEach(() => {
    vi.useFakeTimers({ now: NOON_MS });
    limitTimers();
    startedAtMs = performance.now();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return {
    get elapsedMs() {
      return performance.now() - startedAtMs;
    },
    get timers() {
      return vi.getTimerCount();
    },
    advance: (ms) => {
      vi.advanceTimersByTime(ms);
    },
    set: (byMs) => {
      vi.setSystemTime(Date.now() + byMs);
    },
  };
};
