import type { Lane } from './lane';

/** The selected lane, and the index of its selected marble: -1 for the lane itself. */
export interface Selection {
  readonly lane: Lane;
  readonly marble: number;
}

const PAGE_SIZE = 10;

/** Moves up and down over the lanes, left and right over the marbles of one; `undefined` for any other key. */
export const moveSelection = (
  lanes: readonly Lane[],
  { lane, marble }: Selection,
  key: string,
): Selection | undefined => {
  const index = lanes.indexOf(lane);
  const last = lanes.length - 1;
  const toLane = (next: number): Selection => {
    const target = lanes[Math.min(Math.max(next, 0), last)] ?? lane;
    return { lane: target, marble: target === lane ? marble : Math.min(marble, target.marbles.length - 1) };
  };
  const toMarble = (next: number): Selection => ({
    lane,
    marble: Math.min(Math.max(next, -1), lane.marbles.length - 1),
  });
  switch (key) {
    case 'ArrowDown':
      return toLane(index + 1);
    case 'ArrowUp':
      return toLane(index - 1);
    case 'PageDown':
      return toLane(index + PAGE_SIZE);
    case 'PageUp':
      return toLane(index - PAGE_SIZE);
    case 'Home':
      return toLane(0);
    case 'End':
      return toLane(last);
    case 'ArrowRight':
      return toMarble(marble + 1);
    case 'ArrowLeft':
      return toMarble(marble - 1);
    default:
      return undefined;
  }
};
