import { type AnyMarble, isStream, type Lane } from './lane';
import type { Marble, RefreshBand, SessionChange, StreamMarble, Timeline } from './timeline';

export const formatMs = (ms: number): string => `${Math.round(ms).toLocaleString('en')} ms`;

const countOf = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

export const countEvents = (events: number): string => countOf(events, 'event');

/** A url without its origin. */
export const pathOf = (url: string): string => url.replace(/^[^/?#]+:\/\/[^/?#]*(?=.)/, '');

const OUTCOME_LABELS: { readonly [Kind in AnyMarble['kind']]: string } = {
  sent: 'on the wire',
  expired: 'token expired',
  waiting: 'waits',
  'sent-again': 'replay on the wire',
  answer: 'response',
  error: 'error',
  cancelled: 'cancelled',
  opened: 'open',
  reconnecting: 'reconnects',
  ended: 'ended',
};

const joinDefined = (...parts: readonly unknown[]): string => parts.filter((part) => part !== undefined).join(' ');

/** The outcome or the current step of a lane: `response 200`. */
export const outcomeOf = (lane: Lane): string => {
  const last = lane.marbles.at(-1);
  if (!last) return isStream(lane) ? OUTCOME_LABELS.opened : 'made';
  const { kind, error } = last;
  return joinDefined(
    OUTCOME_LABELS[kind],
    kind === 'error' ? error : undefined,
    'status' in last ? last.status : undefined,
  );
};

/** The outcome of a refresh. */
export const refreshOutcomeOf = ({ phase, kind, status, final }: RefreshBand): string => {
  if (phase === 'started') return 'running';
  return phase === 'succeeded'
    ? 'new tokens'
    : joinDefined('failed,', kind, status, final ? 'and the session expired' : 'and can be retried');
};

export const SESSION_LABELS: { readonly [Phase in SessionChange['phase']]: string } = {
  'signed-in': 'signed in',
  'signed-out': 'signed out',
  'session-expired': 'session expired',
  updated: 'tokens updated',
  adopted: 'tokens adopted',
};

/** What a request waits for. */
export const waitsFor = ({ refreshId }: Marble): string =>
  refreshId === undefined ? 'until the session is loaded' : `for refresh ${refreshId}`;

const refreshDetailsOf = ({ refreshId }: Marble, { refreshes }: Timeline): string => {
  const band = refreshes.find(({ id }) => id === refreshId);
  if (!band) return '';
  const took = band.endedMs === undefined ? '' : ` after ${formatMs(band.endedMs - band.startedMs)}`;
  return ` (${refreshOutcomeOf(band)}${took})`;
};

const describeMarble = (marble: Marble, timeline: Timeline): string => {
  const { kind, generation, error, status } = marble;
  const what = {
    ...OUTCOME_LABELS,
    sent: 'sent',
    waiting: `waits ${waitsFor(marble)}${refreshDetailsOf(marble, timeline)}`,
    'sent-again': 'replayed',
  }[kind];
  const tokens = generation !== undefined && /sent|expired/.test(kind) ? `, generation ${generation}` : '';
  return `${joinDefined(what, error, status)}${tokens}`;
};

const describeStreamMarble = ({ kind, connection, events, delayMs = 0, error }: StreamMarble): string => {
  const what = {
    ...OUTCOME_LABELS,
    opened: `connection ${connection} opened`,
    reconnecting: `reconnects within ${formatMs(delayMs)}${error ? ',' : ''}`,
  }[kind];
  return `${joinDefined(what, error)}, after ${countEvents(events)}`;
};

const describeLane = (lane: Lane): string => {
  const { startedMs, endedMs } = lane;
  const took = endedMs === undefined ? '' : ` after ${formatMs(endedMs - startedMs)}`;
  // Without the events of an open stream: a screen reader would read this text with each of them.
  const counts = !isStream(lane)
    ? ''
    : `${countOf(lane.connections, 'connection')}, ${endedMs === undefined ? '' : `${countEvents(lane.events)}, `}`;
  return `${isStream(lane) ? 'began' : 'made'} at ${formatMs(startedMs)}, ${counts}${outcomeOf(lane)}${took}`;
};

/** A text for the selected lane, or for its selected marble. */
export const describeSelection = (lane: Lane, index: number, timeline: Timeline): string => {
  const { id, method, url, marbles } = lane;
  const marble = marbles[index];
  const name = `${isStream(lane) ? 'Stream' : 'Request'} ${id}, ${method} ${url}: `;
  if (!marble) return name + describeLane(lane);
  const step = 'connection' in marble ? describeStreamMarble(marble) : describeMarble(marble, timeline);
  return `${name}${index + 1} of ${marbles.length}, ${step}, at ${formatMs(marble.atMs)}`;
};
