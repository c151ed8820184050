import { onTestFinished, vi } from 'vitest';

/**
 * Stops the timers of the process and its wall clock until the test is over; `vi.advanceTimersByTime` lets time pass. Sockets and promises go on as
 * ever, so that what comes over the wire takes no time.
 */
export const stopClock = (): void => {
  vi.useFakeTimers({
    now: Date.UTC(2030, 0, 1),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  });
  onTestFinished(() => {
    vi.useRealTimers();
  });
};
