import { svg } from './dom';
import { formatMs, SESSION_LABELS } from './labels';
import type { Scale } from './scale';
import type { RefreshBand, SessionChange } from './timeline';

export const HEAD_HEIGHT = 60;
const TICKS_Y = 16;
const SESSION_Y = 34;
const REFRESH_Y = 48;

/** The parts above and behind the lanes, at one scale. */
export interface Backdrop {
  readonly scale: Scale;
  readonly refreshes: readonly RefreshBand[];
  readonly sessionChanges: readonly SessionChange[];
  readonly nowMs: number;
}

const label = (x: number, y: number, name: string, text: string): SVGElement =>
  svg('text', { x, y, class: name }, text);

const line = (x: number, name: string, y1: number, y2: number): SVGElement =>
  svg('line', { x1: x, x2: x, y1, y2, class: name });

/** A refresh as a bar, with its name if that fits. */
const drawRefresh = (band: RefreshBand, { scale, nowMs }: Backdrop): SVGElement => {
  const x = scale.x(band.startedMs);
  const width = Math.max(4, scale.x(band.endedMs ?? nowMs) - x);
  const mark = { started: '…', succeeded: '✓', failed: '✕' }[band.phase];
  return svg(
    'g',
    { class: `refresh ${band.phase}` },
    svg('rect', { x, y: REFRESH_Y - 7, width, height: 14, rx: 4 }),
    label(x + 6, REFRESH_Y + 0.5, 'refresh-name', `${mark} ${width > 72 ? 'refresh ' : ''}${band.id}`),
  );
};

/** The mark of a fold: left of the next label, and omitted if it would overlap the previous label. */
const drawFold = (x: number, { ticks, x: toX }: Scale): SVGElement[] => {
  const at = Math.min(x, ...ticks.map((ms) => toX(ms) - 36).filter((left) => left > x - 36));
  const overlapsLabel = ticks.some((ms) => Math.abs(toX(ms) - at) < formatMs(ms).length * 3 + 4);
  return overlapsLabel ? [] : [label(at, TICKS_Y, 'tick', '//')];
};

/** Draws the axis, the refreshes and the labels of session changes. */
export const drawHead = (backdrop: Backdrop): SVGElement[] => {
  const { scale, refreshes, sessionChanges } = backdrop;
  let freeX = 0;
  return [
    ...scale.ticks.map((ms) => label(scale.x(ms), TICKS_Y, 'tick', formatMs(ms))),
    ...scale.folds.flatMap((x) => drawFold(x, scale)),
    ...sessionChanges.flatMap(({ phase, atMs }) => {
      const x = scale.x(atMs);
      const name = SESSION_LABELS[phase];
      const width = name.length * 5.8 + 12;
      // Left of its line if it does not fit on the right.
      const left = x + width > scale.width ? x - width : x;
      if (left < freeX) return [];
      freeX = left + width;
      return label(left + 4, SESSION_Y, 'session-name', name);
    }),
    ...sessionChanges.map(({ atMs }) => line(scale.x(atMs), 'session', SESSION_Y - 8, HEAD_HEIGHT + 1)),
    ...refreshes.map((band) => drawRefresh(band, backdrop)),
  ];
};

/** Draws the lines behind the lanes. */
export const drawLines = ({ scale, sessionChanges }: Backdrop, height: number): SVGElement[] => {
  return [
    ...scale.ticks.map((ms) => line(scale.x(ms), 'grid', 0, height)),
    ...scale.folds.map((x) => line(x, 'fold', 0, height)),
    ...sessionChanges.map(({ atMs }) => line(scale.x(atMs), 'session', 0, height)),
  ];
};
