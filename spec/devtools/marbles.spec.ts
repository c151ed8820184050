import type { Marble, MarbleKind } from 'renewal/devtools';
import { describe, expect, it } from 'vitest';
import { spreadMarbles } from '../../lib/devtools/marbles';

const marbles = (...kinds: MarbleKind[]): Marble[] => kinds.map((kind) => ({ kind, atMs: 0 }));

describe('spreadMarbles', () => {
  it('keeps marbles in place if they do not overlap', () => {
    expect(spreadMarbles(marbles('sent', 'expired', 'answer'), [20, 100, 200], 300)).toEqual([20, 100, 200]);
  });

  it('sets simultaneous marbles side by side, in their order', () => {
    expect(spreadMarbles(marbles('sent', 'expired', 'waiting'), [50, 50, 50], 300)).toEqual([50, 69, 87]);
  });

  it('stays within its width', () => {
    expect(spreadMarbles(marbles('sent', 'answer'), [295, 299], 300)).toEqual([259, 284]);
    expect(spreadMarbles(marbles('answer'), [2], 300)).toEqual([16]);
  });

  it('keeps the order of marbles that do not fit at all', () => {
    const places = spreadMarbles(marbles('sent', 'error', 'sent-again', 'answer'), [0, 0, 0, 0], 20);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});
