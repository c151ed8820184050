import type { RequestLane } from './timeline';

/** Which lane the keyboard is at, and at which of its marbles: -1 stands for the lane itself. */
export interface Selection {
  readonly lane: RequestLane;
  readonly marble: number;
}

const PAGE = 10;

/** Where a key leads to: up and down over the lanes, left and right over the marbles of one; nothing where the key is none of these. */
export const move = (
  requests: readonly RequestLane[],
  { lane, marble }: Selection,
  key: string,
): Selection | undefined => {
  const index = requests.indexOf(lane);
  const last = requests.length - 1;
  const to = (next: number): Selection => {
    const target = requests[Math.min(Math.max(next, 0), last)] ?? lane;
    return { lane: target, marble: target === lane ? marble : Math.min(marble, target.marbles.length - 1) };
  };
  const along = (next: number): Selection => ({ lane, marble: Math.min(Math.max(next, -1), lane.marbles.length - 1) });
  switch (key) {
    case 'ArrowDown':
      return to(index + 1);
    case 'ArrowUp':
      return to(index - 1);
    case 'PageDown':
      return to(index + PAGE);
    case 'PageUp':
      return to(index - PAGE);
    case 'Home':
      return to(0);
    case 'End':
      return to(last);
    case 'ArrowRight':
      return along(marble + 1);
    case 'ArrowLeft':
      return along(marble - 1);
    default:
      return undefined;
  }
};
