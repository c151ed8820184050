import { onTestFinished, vi } from 'vitest';

/**
 * Stops the timers and the wall clock of the process until the end of the test; `vi.advanceTimersByTime` advances them.
 * Sockets and promises go on, so a response over the wire takes no time.
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
