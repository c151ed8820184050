import { html, svg } from './dom';
import { formatMs, outcomeOf, pathOf } from './labels';
import { drawMarble, MARBLE_LOOKS, spreadMarbles } from './marbles';
import type { Scale } from './scale';
import type { RefreshBand, RequestLane } from './timeline';

export const ROW_HEIGHT = 28;
const MIDDLE = ROW_HEIGHT / 2;

const line = (from: number, to: number, name: string): SVGElement =>
  svg('line', { x1: from, x2: to, y1: MIDDLE, y2: MIDDLE, class: name });

/** Draws the refreshes that a request waits for: its parts of the bands across the lanes. */
const drawBands = (lane: RequestLane, refreshes: readonly RefreshBand[], scale: Scale, nowMs: number): SVGElement[] => {
  const awaited = new Set(lane.marbles.map(({ refreshId }) => refreshId));
  return refreshes
    .filter(({ id }) => awaited.has(id))
    .map(({ startedMs, endedMs = nowMs, phase }) => {
      const x = scale.x(startedMs);
      return svg('rect', { x, width: Math.max(1, scale.x(endedMs) - x), height: ROW_HEIGHT, class: `band ${phase}` });
    });
};

/** Draws one request: the bands that it waits for, the lines between its marbles, and the marbles. */
export const drawLane = (
  lane: RequestLane,
  refreshes: readonly RefreshBand[],
  scale: Scale,
  width: number,
  nowMs: number,
  selected: number | undefined,
): SVGElement[] => {
  const { marbles, startedMs, endedMs } = lane;
  const xs = spreadMarbles(
    marbles,
    marbles.map(({ atMs }) => scale.x(atMs)),
    width,
  );
  const now = endedMs === undefined ? scale.x(nowMs) : 0;
  const lines = marbles.flatMap(({ kind }, index) => {
    const x = xs[index] ?? 0;
    const name = MARBLE_LOOKS[kind].line;
    return name ? line(x, Math.max(x, xs[index + 1] ?? now), name) : [];
  });
  const ringX = xs[selected ?? -1];
  return [
    ...drawBands(lane, refreshes, scale, nowMs),
    line(scale.x(startedMs), xs[0] ?? now, 'wait'),
    ...lines,
    ...(ringX === undefined ? [] : [svg('circle', { cx: ringX, cy: MIDDLE, r: 12.5, class: 'ring' })]),
    ...marbles.map((marble, index) => drawMarble(marble, xs[index] ?? 0, MIDDLE)),
  ];
};

/** One row of the picture. It shows different lanes over time. */
export interface Row {
  readonly element: HTMLElement;
  /**
   * Shows a lane. Draws it only if the lane or `key` has changed: `key` covers everything else that the picture depends
   * on.
   */
  update(lane: RequestLane, key: string, picture: () => readonly SVGElement[]): void;
}

export const createRow = (): Row => {
  const id = html('b');
  const method = html('i');
  const path = html('span');
  const plot = svg('svg', { height: ROW_HEIGHT });
  const outcome = html('span');
  const took = html('span');
  const end = html('span', { class: 'end' }, outcome, took);
  const element = html('div', { class: 'row' }, html('span', { class: 'name' }, id, method, path), plot, end);
  let drawnLane: RequestLane | undefined;
  let drawnKey = '';
  return {
    element,
    update: (lane, key, picture) => {
      if (lane === drawnLane && key === drawnKey) return;
      if (lane !== drawnLane) {
        const { endedMs, startedMs, marbles, url } = lane;
        id.textContent = `${lane.id}`;
        method.textContent = lane.method;
        path.textContent = pathOf(url);
        path.title = url;
        const last = marbles.at(-1);
        // The marble shows the status.
        outcome.textContent = last?.status ? '' : (last?.error ?? outcomeOf(lane));
        took.textContent = endedMs === undefined ? '' : formatMs(endedMs - startedMs);
      }
      drawnLane = lane;
      drawnKey = key;
      plot.replaceChildren(...picture());
    },
  };
};
