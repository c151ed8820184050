/** From when to when something happened, in milliseconds. */
export type Span = readonly [fromMs: number, toMs: number];

/** Where a moment stands on an axis. */
export interface Scale {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  x(ms: number): number;
  /** The moments, in milliseconds, that are written at the axis. */
  readonly ticks: readonly number[];
  /** In pixels: where a time in which nothing happened is folded. */
  readonly folds: readonly number[];
  /** How long it takes until what goes on has moved by a pixel. */
  readonly msPerPixel: number;
  /** With the same key, moments stand where they stood. */
  readonly key: string;
}

const PADDING = 20;
const LABEL_WIDTH = 80;

const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The next number with few digits: an axis that has such an end grows now and then, and not with each frame. */
const roundUp = (ms: number, steps = STEPS): number => {
  const power = 10 ** Math.floor(Math.log10(ms));
  return (steps.find((step) => step * power >= ms) ?? 10) * power;
};

/** Joins spans between which there is no more than `gapMs`. */
const mergeSpans = (spans: readonly Span[], gapMs: number): Span[] => {
  const joined: Span[] = [];
  for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && from <= last[1] + gapMs) joined[joined.length - 1] = [last[0], Math.max(last[1], to)];
    else joined.push([from, to]);
  }
  return joined;
};

/** A part of the axis that is linear, and how far from its beginning it stands, in milliseconds. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly at: number;
}

/** The times in which something happened, one beside the other, `foldMs` apart. */
const layOutStretches = (spans: readonly Span[], foldMs: number): Stretch[] => {
  let at = 0;
  return mergeSpans(spans, 2 * foldMs).map(([fromMs, toMs]) => {
    const stretch = { fromMs, toMs, at };
    at += toMs - fromMs + foldMs;
    return stretch;
  });
};

const placeTicks = (stretches: readonly Stretch[], endMs: number, stepMs: number, x: Scale['x']): number[] => {
  const ticks = stretches.map(({ fromMs }) => fromMs);
  const steps = [...stretches.entries()].flatMap(([index, { fromMs, toMs }]) => {
    const last = index === stretches.length - 1 ? endMs : toMs;
    const first = Math.ceil(fromMs / stepMs);
    return Array.from(
      { length: Math.max(0, Math.floor(last / stepMs) - first + 1) },
      (_, nth) => (first + nth) * stepMs,
    );
  });
  const placed: number[] = [];
  // Where a fold ends, one can not tell the time from the tick before.
  for (const ms of [...ticks, ...steps]) {
    if (placed.every((other) => Math.abs(x(other) - x(ms)) >= LABEL_WIDTH)) placed.push(ms);
  }
  return placed;
};

/**
 * Makes an axis as wide as `width` pixels for what happened in `spans`: linear, but times in which nothing happened are folded, where they are long.
 * All folds together take less than half of it.
 */
export const createScale = (spans: readonly Span[], width: number): Scale => {
  const busy = mergeSpans(spans.length > 0 ? spans : [[0, 0]], 0);
  const busyMs = roundUp(
    Math.max(
      10,
      busy.reduce((sum, [from, to]) => sum + to - from, 0),
    ),
  );
  const foldMs = busyMs / (2 * Math.max(4, busy.length));
  const stretches = layOutStretches(busy, foldMs);
  const last = stretches.at(-1) ?? { fromMs: 0, toMs: 0, at: 0 };
  const totalMs = roundUp(Math.max(10, last.at + last.toMs - last.fromMs));
  const pixelsPerMs = Math.max(1, width - 2 * PADDING) / totalMs;
  const toX = (at: number): number => Math.round((PADDING + at * pixelsPerMs) * 10) / 10;

  const x = (ms: number): number => {
    const index = Math.max(0, stretches.filter(({ fromMs }) => fromMs <= ms).length - 1);
    const { fromMs, toMs, at } = stretches[index] ?? last;
    const next = stretches[index + 1];
    if (!next || ms <= toMs) return toX(at + ms - fromMs);
    return toX(next.at - foldMs * (1 - (ms - toMs) / (next.fromMs - toMs)));
  };

  return {
    width,
    x,
    ticks: placeTicks(stretches, last.fromMs + totalMs - last.at, roundUp(LABEL_WIDTH / pixelsPerMs, [1, 2, 5, 10]), x),
    folds: stretches.slice(1).map(({ at }) => toX(at - foldMs / 2)),
    msPerPixel: 1 / pixelsPerMs,
    key: [width, totalMs, foldMs, ...stretches.flatMap(({ fromMs, at }) => [fromMs, at])].join(),
  };
};
