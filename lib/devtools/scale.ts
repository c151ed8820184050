/** The start and the end of an event, in milliseconds. */
export type Span = readonly [fromMs: number, toMs: number];

/** The positions of moments on an axis. */
export interface Scale {
  /** In pixels. */
  readonly width: number;
  /** In pixels. A moment beyond the axis is at its end. */
  x(ms: number): number;
  /** The moments with a label, in milliseconds. */
  readonly ticks: readonly number[];
  /** The positions of the folds, in pixels. A fold shortens a time without events. */
  readonly folds: readonly number[];
  /** Milliseconds per pixel: a running event grows by one pixel in this time. */
  readonly msPerPixel: number;
  /** Scales with the same key have the same positions. */
  readonly key: string;
}

const PADDING = 20;
const LABEL_WIDTH = 80;

const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The next number with few digits. An axis that ends there grows in steps, and not with each frame. */
const roundUp = (ms: number, steps = STEPS): number => {
  const power = 10 ** Math.floor(Math.log10(ms));
  return (steps.find((step) => step * power >= ms) ?? 10) * power;
};

/** Merges spans with gaps of up to `gapMs`. */
const mergeSpans = (spans: readonly Span[], gapMs: number): Span[] => {
  const joined: Span[] = [];
  for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && from <= last[1] + gapMs) joined[joined.length - 1] = [last[0], Math.max(last[1], to)];
    else joined.push([from, to]);
  }
  return joined;
};

/** A linear part of the axis. `at` is its distance from the start of the axis, in milliseconds. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly at: number;
}

/** Lays out the times with events side by side, `foldMs` apart. */
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
  // The start of each stretch comes first: after a fold, the previous tick does not tell the time.
  for (const ms of [...ticks, ...steps]) {
    if (placed.every((other) => Math.abs(x(other) - x(ms)) >= LABEL_WIDTH)) placed.push(ms);
  }
  return placed;
};

/**
 * Creates an axis of `width` pixels for `spans`. It is linear, but long times without events are folded. All folds
 * together take less than half of it.
 *
 * @param isOpenEnded - Leaves room after the last span, for a connection that stays open.
 */
export const createScale = (spans: readonly Span[], width: number, isOpenEnded = false): Scale => {
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
  const tailMs = isOpenEnded ? 2 * foldMs : 0;
  const totalMs = roundUp(Math.max(10, last.at + last.toMs - last.fromMs + tailMs));
  const pixelsPerMs = Math.max(1, width - 2 * PADDING) / totalMs;
  const toX = (at: number): number => Math.round((PADDING + at * pixelsPerMs) * 10) / 10;

  const x = (ms: number): number => {
    const index = Math.max(0, stretches.filter(({ fromMs }) => fromMs <= ms).length - 1);
    const { fromMs, toMs, at } = stretches[index] ?? last;
    const next = stretches[index + 1];
    if (!next || ms <= toMs) return toX(Math.min(at + ms - fromMs, totalMs));
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
