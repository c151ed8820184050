import type { ApiEvent, RefreshEvent, RequestEvent, SessionEvent, StreamEvent } from 'renewal';

export const START_MS = Date.UTC(2030, 0, 1);

/** An event of a request, `atMs` after the start. */
export const request = (
  requestId: number,
  atMs: number,
  phase: RequestEvent['phase'],
  rest: Partial<RequestEvent> = {},
): RequestEvent => ({
  type: 'request',
  method: 'GET',
  url: `https://shop.test/orders/${requestId}`,
  attempt: 1,
  requestId,
  phase,
  atMs: START_MS + atMs,
  ...rest,
});

export const refresh = (
  atMs: number,
  phase: RefreshEvent['phase'],
  rest: Partial<RefreshEvent> = {},
): RefreshEvent => ({
  type: 'refresh',
  refreshId: 1,
  generation: 1,
  waiting: 0,
  phase,
  atMs: START_MS + atMs,
  ...rest,
});

export const session = (atMs: number, phase: SessionEvent['phase'], generation = 1): SessionEvent => ({
  type: 'session',
  phase,
  generation,
  atMs: START_MS + atMs,
});

/** An event of a stream, `atMs` after the start. */
export const stream = (
  streamId: number,
  atMs: number,
  phase: StreamEvent['phase'],
  rest: Partial<StreamEvent> = {},
): StreamEvent => ({
  type: 'stream',
  method: 'GET',
  url: 'https://shop.test/orders/live',
  connection: 1,
  events: 0,
  streamId,
  phase,
  atMs: START_MS + atMs,
  ...rest,
});

/** A stream that is cut after 4 events, fails to reconnect once, delivers 8 more, and is closed a minute later. */
export const streamed = (streamId: number, atMs: number): StreamEvent[] => [
  stream(streamId, atMs, 'opened'),
  stream(streamId, atMs + 50, 'events', { events: 4 }),
  stream(streamId, atMs + 100, 'reconnecting', { events: 4, delayMs: 40, error: 'network' }),
  stream(streamId, atMs + 140, 'reconnecting', { connection: 2, events: 4, delayMs: 80, error: 'status' }),
  stream(streamId, atMs + 220, 'opened', { connection: 3, events: 4 }),
  stream(streamId, atMs + 30_000, 'events', { connection: 3, events: 12 }),
  stream(streamId, atMs + 60_000, 'ended', { connection: 3, events: 12 }),
];

/** A request that is sent at `atMs` and gets its response 20 ms later. */
export const succeeded = (requestId: number, atMs: number): ApiEvent[] => [
  request(requestId, atMs, 'queued'),
  request(requestId, atMs, 'sent', { generation: 1 }),
  request(requestId, atMs + 20, 'settled', { generation: 1, status: 200 }),
];

/** A request with an expired token that waits for a refresh until `wokenMs`, and gets its response. */
const renewed = (id: number, sentMs: number, expiredMs: number, releasedMs: number, endMs: number): ApiEvent[] => [
  request(id, sentMs, 'queued'),
  request(id, sentMs, 'sent', { generation: 1 }),
  request(id, expiredMs, 'token-expired', { generation: 1 }),
  ...(expiredMs < releasedMs ? [request(id, expiredMs, 'waiting', { generation: 1, refreshId: 1 })] : []),
  request(id, Math.max(expiredMs, releasedMs), 'resent', { generation: 2, attempt: 2 }),
  request(id, endMs, 'settled', {
    generation: 2,
    attempt: 2,
    ...(id % 7 === 3 ? { error: 'status', status: 404 } : { status: 200 }),
  }),
];

/**
 * All kinds of events: a storm with an expired token, a cancelled request, a network error, and a refusal much later.
 */
export const story = (requests: number): ApiEvent[] => {
  const uneven = (seed: number, room: number): number => (seed * 37) % room;
  const storm = Array.from({ length: requests }, (_, index) =>
    renewed(index + 1, 40 + index, 90 + index + uneven(index, 90), 190, 215 + index + uneven(index, 70)),
  );
  const next = requests + 1;
  const events: ApiEvent[] = [
    session(0, 'signed-in'),
    ...storm.flat(),
    refresh(90, 'started', { waiting: 1 }),
    refresh(190, 'succeeded', { waiting: requests }),
    request(next, 60, 'queued', { method: 'DELETE' }),
    request(next, 60, 'sent', { method: 'DELETE', generation: 1 }),
    request(next, 150, 'cancelled', { method: 'DELETE', generation: 1 }),
    request(next + 1, 110, 'queued', { method: 'POST' }),
    request(next + 1, 110, 'waiting', { method: 'POST', refreshId: 1 }),
    request(next + 1, 190, 'sent', { method: 'POST', generation: 2 }),
    request(next + 1, 270, 'settled', { method: 'POST', generation: 2, error: 'network' }),
    request(next + 2, 60_000, 'queued'),
    request(next + 2, 60_000, 'sent', { generation: 2 }),
    request(next + 2, 60_030, 'token-expired', { generation: 2 }),
    request(next + 2, 60_030, 'waiting', { generation: 2, refreshId: 2 }),
    refresh(60_030, 'started', { refreshId: 2, waiting: 1 }),
    refresh(60_090, 'failed', { refreshId: 2, waiting: 1, kind: 'status', status: 400, final: true }),
    session(60_090, 'session-expired', 3),
    request(next + 2, 60_090, 'settled', { generation: 2, error: 'session-expired' }),
    { type: 'warning', message: 'save of the store: QuotaExceededError', atMs: START_MS + 60_100 },
  ];
  return events.sort((a, b) => a.atMs - b.atMs);
};
