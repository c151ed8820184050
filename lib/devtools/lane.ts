import type { Marble, RequestLane, StreamLane, StreamMarble, Timeline } from './timeline';

/** A lane of the picture. */
export type Lane = RequestLane | StreamLane;

export type AnyMarble = Marble | StreamMarble;

export const isStream = (lane: Lane): lane is StreamLane => 'connections' in lane;

/** Whether a connection of a stream is open. */
export const isOpen = (lane: Lane): boolean =>
  isStream(lane) && lane.endedMs === undefined && lane.marbles.at(-1)?.kind !== 'reconnecting';

/** The lanes in the order of their first events. A recording of an older version has no streams. */
export const lanesOf = ({ requests, streams = [] }: Timeline): readonly Lane[] =>
  streams.length === 0 ? requests : [...requests, ...streams].sort((a, b) => a.startedMs - b.startedMs);

/** The number of a lane, unique in a picture: `7` of a request, `~7` of a stream. */
export const numberOf = (lane: Lane): string => `${isStream(lane) ? '~' : ''}${lane.id}`;
