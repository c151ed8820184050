import type { Marble, MarbleKind, RefreshBand, RequestLane, SessionChange, Timeline } from './timeline';

export const formatMs = (ms: number): string => `${Math.round(ms).toLocaleString('en')} ms`;

/** A url without its origin. */
export const pathOf = (url: string): string => url.replace(/^[^/?#]+:\/\/[^/?#]*(?=.)/, '');

const OUTCOME_LABELS: { readonly [Kind in MarbleKind]: string } = {
  sent: 'on the wire',
  expired: 'token expired',
  waiting: 'waits',
  'sent-again': 'replay on the wire',
  answer: 'response',
  error: 'error',
  cancelled: 'cancelled',
};

const joinDefined = (...parts: readonly unknown[]): string => parts.filter((part) => part !== undefined).join(' ');

/** The outcome or the current step of a request: `response 200`. */
export const outcomeOf = ({ marbles }: RequestLane): string => {
  const last = marbles.at(-1);
  return last ? joinDefined(OUTCOME_LABELS[last.kind], last.error, last.status) : 'made';
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
  const { kind, generation, error, status, atMs } = marble;
  const what = {
    ...OUTCOME_LABELS,
    sent: 'sent',
    waiting: `waits ${waitsFor(marble)}${refreshDetailsOf(marble, timeline)}`,
    'sent-again': 'replayed',
  }[kind];
  const tokens = generation !== undefined && /sent|expired/.test(kind) ? `, generation ${generation}` : '';
  return `${joinDefined(what, error, status)}${tokens}, at ${formatMs(atMs)}`;
};

/** A text for the selected request, or for its selected marble. */
export const describeSelection = (lane: RequestLane, index: number, timeline: Timeline): string => {
  const { id, method, url, startedMs, endedMs, marbles } = lane;
  const marble = marbles[index];
  const request = `Request ${id}, ${method} ${url}: `;
  if (marble) return `${request}${index + 1} of ${marbles.length}, ${describeMarble(marble, timeline)}`;
  const took = endedMs === undefined ? '' : ` after ${formatMs(endedMs - startedMs)}`;
  return `${request}made at ${formatMs(startedMs)}, ${outcomeOf(lane)}${took}`;
};
