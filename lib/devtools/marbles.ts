import { svg } from './dom';
import type { AnyMarble } from './lane';
import type { MarbleKind, StreamMarbleKind } from './timeline';

interface MarbleLook {
  /** A path around the origin. */
  readonly shape: string;
  /** Half of its width, in pixels. */
  readonly half: number;
  readonly letter: string;
  /** The label in the legend. */
  readonly name: string;
  /** The style of the line from this marble to the next. */
  readonly line?: 'wire' | 'wait' | 'open';
}

const circle = (r: number): string => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;

/** The look of each kind. Shape and letter are unique, so that nothing depends on the colour. */
export const MARBLE_LOOKS: { readonly [Kind in MarbleKind | StreamMarbleKind]: MarbleLook } = {
  sent: { shape: circle(8), half: 8, letter: 'S', name: 'sent', line: 'wire' },
  expired: { shape: 'M0-10L10 0L0 10L-10 0z', half: 10, letter: 'E', name: 'token expired', line: 'wait' },
  waiting: { shape: 'M-7-7h14v14h-14z', half: 7, letter: 'W', name: 'waits', line: 'wait' },
  'sent-again': { shape: circle(9) + circle(6.5), half: 9, letter: 'R', name: 'replayed', line: 'wire' },
  answer: { shape: 'M-8-8h16a8 8 0 0 1 0 16h-16a8 8 0 0 1 0-16z', half: 16, letter: '200', name: 'response' },
  error: { shape: 'M-16 0l5-8h22l5 8l-5 8h-22z', half: 16, letter: '✕', name: 'error' },
  cancelled: { shape: 'M-5-8h10l3 3v10l-3 3h-10l-3-3v-10z', half: 8, letter: 'C', name: 'cancelled' },
  opened: { shape: 'M-9-8h10l8 8l-8 8h-10z', half: 9, letter: 'O', name: 'stream opened', line: 'open' },
  reconnecting: { shape: 'M-9-8h18l-4 8l4 8h-18l4-8z', half: 9, letter: '…', name: 'reconnects', line: 'wait' },
  ended: { shape: 'M0-10l9 5v10l-9 5l-9-5v-10z', half: 9, letter: '■', name: 'stream ended' },
};

/** Draws a marble. The status of a response replaces its letter. */
export const drawMarble = (
  { kind, status }: { readonly kind: AnyMarble['kind']; readonly status?: number },
  x: number,
  y: number,
): SVGElement => {
  const { shape, letter } = MARBLE_LOOKS[kind];
  return svg(
    'g',
    { class: `marble ${kind}`, transform: `translate(${x},${y})` },
    svg('path', { d: shape }),
    svg('text', {}, `${status ?? letter}`),
  );
};

/**
 * Places marbles at `xs`, and side by side if they would overlap: in their order, and between 0 and `width` if they
 * fit.
 */
export const spreadMarbles = (marbles: readonly AnyMarble[], xs: readonly number[], width: number): number[] => {
  const places = [...xs];
  const half = (index: number): number => {
    const marble = marbles[index];
    return marble ? MARBLE_LOOKS[marble.kind].half : 0;
  };
  let freeX = 0;
  for (const [index, x] of xs.entries()) {
    places[index] = Math.max(x, freeX + half(index));
    freeX = (places[index] ?? 0) + half(index) + 1;
  }
  let endX = width;
  for (let index = xs.length - 1; index >= 0; index--) {
    places[index] = Math.min(places[index] ?? 0, endX - half(index));
    endX = (places[index] ?? 0) - half(index) - 1;
  }
  return places;
};
