import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../lib/session/refresh/backoff';

describe('backoffMs', () => {
  it('is 1 s after the first failure and doubles up to 30 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(backoffMs)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it.each([100, 1_100, Number.MAX_SAFE_INTEGER])('is still 30 s after %d failures', (failures) => {
    expect(backoffMs(failures)).toBe(30_000);
  });
});
