import { describe, expect, it } from 'vitest';
import { createScale, type Span } from '../../lib/devtools/scale';

const WIDTH = 1_000;

describe('createScale', () => {
  it('is linear over the events, and ends at a number with few digits', () => {
    const { x, msPerPixel, folds } = createScale([[0, 180]], WIDTH);
    const [start, middle, end] = [x(0), x(90), x(180)];
    expect(middle - start).toBeCloseTo(end - middle, 0);
    expect(msPerPixel).toBeCloseTo(200 / (WIDTH - 40));
    expect([start, end < WIDTH, folds]).toEqual([20, true, []]);
  });

  it('stays the same until a running event reaches its end', () => {
    const keys = [151, 160, 199, 200, 201].map((now) => createScale([[0, now]], WIDTH).key);
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    expect(keys[4]).not.toBe(keys[0]);
  });

  it.each<[string, Span[]]>([
    ['none', []],
    ['one moment', [[5, 5]]],
    ['what lasts a year', [[0, 3e10]]],
    ['what the clock was set back in', [[50, 20]]],
  ])('works for %s', (_what, spans) => {
    const { x, ticks, msPerPixel } = createScale(spans, WIDTH);
    const [fromMs = 0] = spans[0] ?? [];
    expect(x(fromMs)).toBe(20);
    expect(ticks.length).toBeGreaterThan(0);
    expect(ticks.length).toBeLessThan(14);
    expect(msPerPixel).toBeGreaterThan(0);
  });

  it('puts moments beyond the axis at its end', () => {
    const { x } = createScale([[0, 180]], WIDTH);
    expect([x(200), x(1_000), x(Infinity)]).toEqual([WIDTH - 20, WIDTH - 20, WIDTH - 20]);
  });

  it('leaves room for a connection that stays open', () => {
    const [closed, open] = [false, true].map((isOpenEnded) => createScale([[0, 100]], WIDTH, isOpenEnded));
    expect(closed?.x(100)).toBe(WIDTH - 20);
    expect(open?.x(100)).toBeLessThan(WIDTH * 0.85);
    expect(open?.folds).toEqual([]);
  });

  it('folds long times without events, and keeps the order', () => {
    const { x, folds } = createScale(
      [
        [0, 100],
        [3_600_000, 3_600_100],
        [90, 120],
      ],
      WIDTH,
    );
    expect(folds).toHaveLength(1);
    const places = [0, 100, 120, 1_000, 1_800_000, 3_600_000, 3_600_100].map(x);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(x(100) - x(0)).toBeCloseTo(x(3_600_100) - x(3_600_000), 0);
    expect(x(3_600_000) - x(120)).toBeLessThan(WIDTH / 3);
    expect(folds[0]).toBeCloseTo((x(120) + x(3_600_000)) / 2, 0);
  });

  it('does not fold short times', () => {
    const spans = Array.from({ length: 20 }, (_, index): Span => [index * 22, index * 22 + 20]);
    expect(createScale(spans, WIDTH).folds).toEqual([]);
  });

  it('uses less than half of its width for any number of folds', () => {
    const spans = Array.from({ length: 40 }, (_, index): Span => [index * 60_000, index * 60_000 + 100]);
    const { x, folds } = createScale(spans, WIDTH);
    const busy = spans.reduce((sum, [from, to]) => sum + x(to) - x(from), 0);
    expect(folds).toHaveLength(39);
    expect(busy).toBeGreaterThan((x(39 * 60_000 + 100) - x(0)) / 2);
  });

  it('labels times without overlap, and always the end of a fold', () => {
    const { x, ticks } = createScale(
      [
        [7, 450],
        [60_003, 60_400],
      ],
      WIDTH,
    );
    expect(ticks).toEqual(expect.arrayContaining([7, 60_003, 200]));
    const places = ticks.map(x).sort((a, b) => a - b);
    expect(places.slice(1).every((place, index) => place - (places[index] ?? 0) >= 80)).toBe(true);
  });

  it('works without any width', () => {
    const { x, ticks } = createScale([[0, 100]], 0);
    expect(Number.isFinite(x(50))).toBe(true);
    expect(ticks.length).toBeLessThan(3);
  });
});
