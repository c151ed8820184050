import { html, svg } from './dom';
import { countEvents, formatMs, outcomeOf, pathOf } from './labels';
import { isStream, type Lane, numberOf } from './lane';
import { drawMarble, MARBLE_LOOKS, spreadMarbles } from './marbles';
import type { Scale } from './scale';
import type { RefreshBand, RequestLane } from './timeline';

export const ROW_HEIGHT = 28;
const MIDDLE = ROW_HEIGHT / 2;

const line = (from: number, to: number, name: string): SVGElement =>
  svg('line', { x1: from, x2: to, y1: MIDDLE, y2: MIDDLE, class: name });

/** Draws an open connection as a bar, with the number of its events if that fits. */
const drawBar = (x: number, width: number, events: number): SVGElement[] => {
  const bar = svg('rect', { x, y: MIDDLE - 6, width, height: 12, class: 'open' });
  const text = [countEvents(events), `${events}`].find(({ length }) => width > length * 6 + 24);
  return text ? [bar, svg('text', { x: x + width / 2, y: MIDDLE, class: 'count' }, text)] : [bar];
};

/** Draws the refreshes that a request waits for: its parts of the bands across the lanes. */
const drawBands = (
  { marbles }: RequestLane,
  refreshes: readonly RefreshBand[],
  scale: Scale,
  nowMs: number,
): SVGElement[] => {
  const awaited = new Set(marbles.map(({ refreshId }) => refreshId));
  return refreshes
    .filter(({ id }) => awaited.has(id))
    .map(({ startedMs, endedMs = nowMs, phase }) => {
      const x = scale.x(startedMs);
      return svg('rect', { x, width: Math.max(1, scale.x(endedMs) - x), height: ROW_HEIGHT, class: `band ${phase}` });
    });
};

/** Draws one lane: the bands that it waits for, the lines and bars between its marbles, and the marbles. */
export const drawLane = (
  lane: Lane,
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
  const firstX = scale.x(startedMs);
  const eventsAt = (index: number): number => (isStream(lane) ? (lane.marbles[index]?.events ?? lane.events) : 0);
  // A stream begins with its first marble, unless it is recorded late or has lost its oldest marbles.
  const lead = isStream(lane) ? 'open' : 'wait';
  const lines = [undefined, ...marbles].flatMap((marble, index) => {
    const x = index === 0 ? firstX : (xs[index - 1] ?? 0);
    const endX = Math.max(x, xs[index] ?? now);
    const name = marble ? MARBLE_LOOKS[marble.kind].line : lead;
    if (!name || endX === x) return [];
    if (name !== 'open') return line(x, endX, name);
    return drawBar(x, endX - x, eventsAt(index) - (marble ? eventsAt(index - 1) : 0));
  });
  const ringX = xs[selected ?? -1];
  return [
    ...(isStream(lane) ? [] : drawBands(lane, refreshes, scale, nowMs)),
    ...lines,
    ...(ringX === undefined ? [] : [svg('circle', { cx: ringX, cy: MIDDLE, r: 12.5, class: 'ring' })]),
    ...marbles.map((marble, index) => drawMarble(marble, xs[index] ?? 0, MIDDLE)),
  ];
};

const shortOutcomeOf = (lane: Lane): string => {
  if (isStream(lane)) return lane.marbles.find(({ kind }) => kind === 'error')?.error ?? countEvents(lane.events);
  const last = lane.marbles.at(-1);
  // The marble shows the status.
  return last?.status ? '' : (last?.error ?? outcomeOf(lane));
};

/** One row of the picture. It shows different lanes over time. */
export interface Row {
  readonly element: HTMLElement;
  /**
   * Shows a lane. Draws it only if the lane or `key` has changed: `key` covers everything else that the picture depends
   * on.
   */
  update(lane: Lane, key: string, picture: () => readonly SVGElement[]): void;
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
  let drawnLane: Lane | undefined;
  let drawnKey = '';
  return {
    element,
    update: (lane, key, picture) => {
      if (lane === drawnLane && key === drawnKey) return;
      if (lane !== drawnLane) {
        const { endedMs, startedMs, url } = lane;
        id.textContent = numberOf(lane);
        method.textContent = lane.method;
        path.textContent = pathOf(url);
        path.title = url;
        outcome.textContent = shortOutcomeOf(lane);
        took.textContent = endedMs === undefined ? '' : formatMs(endedMs - startedMs);
      }
      drawnLane = lane;
      drawnKey = key;
      plot.replaceChildren(...picture());
    },
  };
};
