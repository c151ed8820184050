import { describe, expect, it, vi } from 'vitest';
import { RouteMemory } from '../../../lib/session/pending/rejected-routes';
import { stopClock } from '../../support/clock';
import { requestOf } from '../../support/request';

const to = (url: string, method = 'GET') => requestOf({ method, url });

describe('the memory of routes that rejected a fresh token', () => {
  it('identifies a route by method, origin, path and generation', () => {
    const rejections = new RouteMemory();
    rejections.add(to('https://api.test/a?page=1'), 3);
    expect(rejections.has(to('https://api.test/a?page=2'), 3)).toBe(true);
    expect(rejections.has(to('https://api.test/a'), 4)).toBe(false);
    expect(rejections.has(to('https://api.test/a', 'POST'), 3)).toBe(false);
    expect(rejections.has(to('https://api.test/b'), 3)).toBe(false);
    expect(rejections.has(to('https://other.test/a'), 3)).toBe(false);
  });

  it('forgets a route after 30 s', () => {
    stopClock();
    const rejections = new RouteMemory();
    rejections.add(to('https://api.test/a'), 1);
    vi.advanceTimersByTime(29_999);
    expect(rejections.has(to('https://api.test/a'), 1)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(rejections.has(to('https://api.test/a'), 1)).toBe(false);
  });

  it('forgets a route when the clock is set back', () => {
    stopClock();
    const rejections = new RouteMemory();
    rejections.add(to('https://api.test/a'), 1);
    vi.setSystemTime(Date.now() - 1);
    expect(rejections.has(to('https://api.test/a'), 1)).toBe(false);
  });

  it('remembers a thousand routes, then starts again', () => {
    const rejections = new RouteMemory();
    const known = (count: number) => Array.from({ length: count }, (_, n) => to(`https://api.test/${n}`));
    for (const each of known(1_000)) rejections.add(each, 1);
    expect(known(1_000).every((each) => rejections.has(each, 1))).toBe(true);
    rejections.add(to('https://api.test/new'), 1);
    expect(known(1_000).some((each) => rejections.has(each, 1))).toBe(false);
    expect(rejections.has(to('https://api.test/new'), 1)).toBe(true);
  });
});
