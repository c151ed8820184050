import type { Backdrop } from './axis';
import { isOpen, isStream, type Lane } from './lane';
import { createScale, type Span } from './scale';
import type { Timeline } from './timeline';

/** The lanes in view, and their backdrop. */
export interface View extends Backdrop {
  readonly lanes: readonly Lane[];
}

const overlaps = ([from, to]: Span, fromMs: number, toMs: number): boolean => from <= toMs && to >= fromMs;

/** The times of a lane that the axis shows to scale. The time of an open connection may be folded. */
const spansOf = (lane: Lane, nowMs: number): Span[] => {
  const { startedMs, endedMs = nowMs } = lane;
  if (!isStream(lane)) return [[startedMs, endedMs]];
  const ends = [...lane.marbles.slice(1).map(({ atMs }) => atMs), endedMs];
  return [
    [startedMs, startedMs],
    ...lane.marbles.map(({ kind, atMs }, index): Span => [atMs, (kind === 'reconnecting' && ends[index]) || atMs]),
  ];
};

/** Creates the view. Only the lanes in view determine its scale. */
export const createView = (
  timeline: Timeline,
  all: readonly Lane[],
  first: number,
  count: number,
  width: number,
  nowMs: number,
): View => {
  const lanes = all.slice(first, first + count);
  const spans = lanes.flatMap((lane) => spansOf(lane, nowMs));
  const isAtEnd = first + count >= all.length;
  const fromMs = first === 0 ? 0 : Math.min(...spans.map(([from]) => from));
  const toMs = isAtEnd ? nowMs : Math.max(...spans.map(([, to]) => to));
  const refreshes = timeline.refreshes.filter(({ startedMs, endedMs = nowMs }) =>
    overlaps([startedMs, endedMs], fromMs, toMs),
  );
  const sessionChanges = timeline.sessionChanges.filter(({ atMs }) => overlaps([atMs, atMs], fromMs, toMs));
  const scale = createScale(
    [
      ...spans,
      ...refreshes.map(({ startedMs, endedMs = nowMs }): Span => [startedMs, endedMs]),
      ...sessionChanges.map(({ atMs }): Span => [atMs, atMs]),
    ],
    width,
    lanes.some(isOpen),
  );
  return { lanes, scale, refreshes, sessionChanges, nowMs };
};

/** Whether the picture changes with time alone. */
export const changesWithTime = ({ lanes, refreshes, scale, nowMs }: View): boolean => {
  const isAxisFull = scale.x(nowMs) === scale.x(Infinity);
  return (
    lanes.some((lane) => lane.endedMs === undefined && !(isAxisFull && isOpen(lane))) ||
    refreshes.some(({ endedMs }) => endedMs === undefined)
  );
};

/** Everything that the picture of a lane depends on, except the lane. */
export const cacheKey = ({ scale, refreshes, nowMs }: View, { endedMs }: Lane, marble: number | undefined): string =>
  [
    scale.key,
    marble,
    scale.x(endedMs ?? nowMs),
    ...refreshes.map(({ id, endedMs: end = nowMs }) => `${id} ${end}`),
  ].join();
