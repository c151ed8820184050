import type { Backdrop } from './axis';
import { createScale, type Span } from './scale';
import type { RequestLane, Timeline } from './timeline';

/** The lanes in view, and their backdrop. */
export interface View extends Backdrop {
  readonly lanes: readonly RequestLane[];
}

const overlaps = ([from, to]: Span, fromMs: number, toMs: number): boolean => from <= toMs && to >= fromMs;

/** Creates the view. Only the lanes in view determine its scale. */
export const createView = (timeline: Timeline, first: number, count: number, width: number, nowMs: number): View => {
  const { requests } = timeline;
  const lanes = requests.slice(first, first + count);
  const spans = lanes.map(({ startedMs, endedMs = nowMs }): Span => [startedMs, endedMs]);
  const isAtEnd = first + count >= requests.length;
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
  );
  return { lanes, scale, refreshes, sessionChanges, nowMs };
};

/** Whether the picture changes with time alone. */
export const changesWithTime = ({ lanes, refreshes }: View): boolean =>
  [...lanes, ...refreshes].some(({ endedMs }) => endedMs === undefined);

/** Everything that the picture of a lane depends on, except the lane. */
export const cacheKey = (
  { scale, refreshes, nowMs }: View,
  { endedMs }: RequestLane,
  marble: number | undefined,
): string =>
  [scale.key, marble, endedMs ?? nowMs, ...refreshes.map(({ id, endedMs: end = nowMs }) => `${id} ${end}`)].join();
