import { afterEach, beforeEach, vi } from 'vitest';

const NOON_MS = Date.UTC(2030, 5, 1, 12);

/** More timers in one test: something arms one anew each time it fires, and time would never be over. */
const MAX_TIMERS = 20_000;

/** RxJS counts all its time with intervals. */
const limitTimers = (): void => {
  const { setInterval } = globalThis;
  let armed = 0;
  const limited = (handler: () => void, ms?: number) => {
    if (++armed > MAX_TIMERS) throw new Error('a timer is armed again and again');
    return setInterval(handler, ms);
  };
  // Real timers, when they come back, take its place; no one passes arguments for the handler.
  globalThis.setInterval = limited as typeof setInterval;
};

/** The timers and the clock of the platform, moved by hand. */
export interface WallClock {
  /** How much time has passed since the test began, however the clock was set. */
  readonly elapsedMs: number;
  /** Timers that are armed. */
  readonly timers: number;
  /** Lets time pass, and fires what is due on the way, in order. */
  advance(ms: number): void;
  /** Sets the clock forward or back; timers run on as if nothing had happened. A machine that sleeps sets it forward. */
  set(byMs: number): void;
}

/** For each test of the suite that it is called in. A timer that is longer than platforms can count fires at once, as it does there. */
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
