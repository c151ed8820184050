import { html, svg } from './dom';
import type { AnyMarble } from './lane';
import { drawMarble, MARBLE_LOOKS } from './marbles';

const HEIGHT = 22;

const item = (name: string, width: number, ...drawn: readonly SVGElement[]): HTMLElement =>
  html('li', {}, svg('svg', { width, height: HEIGHT, 'aria-hidden': 'true' }, ...drawn), name);

/** Draws the legend of the marbles, bands and lines. */
export const drawLegend = (): HTMLElement => {
  const kinds = Object.keys(MARBLE_LOOKS) as AnyMarble['kind'][]; // all of them, by the type of the object
  return html(
    'ul',
    { 'aria-label': 'Legend' },
    ...kinds.map((kind) => {
      const { half, name } = MARBLE_LOOKS[kind];
      return item(name, 2 * half + 2, drawMarble({ kind }, half + 1, HEIGHT / 2));
    }),
    item('refresh', 18, svg('g', { class: 'refresh' }, svg('rect', { x: 1, y: 4, width: 16, height: 14, rx: 4 }))),
    item('session', 4, svg('line', { x1: 2, x2: 2, y1: 3, y2: 19, class: 'session' })),
  );
};
