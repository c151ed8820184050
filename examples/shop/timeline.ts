import type { ApiEvent, RefreshEvent, RequestEvent } from 'renewal';

/** One thing that happened to a request, in ms after the first event. */
export interface Step {
  readonly phase: RequestEvent['phase'];
  readonly atMs: number;
}

/** What became of one request. */
export interface RequestLane {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly steps: readonly Step[];
  /** Of the answer that reached the caller. */
  readonly status?: number;
  /** The code of the error that reached the caller. */
  readonly error?: string;
}

/** What became of one refresh. */
export interface RefreshLane {
  readonly id: number;
  readonly phase: RefreshEvent['phase'];
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly error?: string;
  /** Whether its failure ended the session. */
  readonly final?: boolean;
  /** The request whose answer was the last to say 1002 before this refresh started. */
  readonly startedBy?: number;
}

export interface Timeline {
  readonly requests: readonly RequestLane[];
  readonly refreshes: readonly RefreshLane[];
  readonly durationMs: number;
}

/** Sorts a stream of events into one lane a request and one a refresh. */
export function createTimeline(events: readonly ApiEvent[]): Timeline {
  const zeroMs = events[0]?.atMs ?? 0;
  const requests = new Map<number, RequestLane>();
  const refreshes = new Map<number, RefreshLane>();
  let lastExpired: number | undefined;
  for (const event of events) {
    if (event.type === 'request') {
      requests.set(event.requestId, extendRequest(requests.get(event.requestId), event, zeroMs));
      if (event.phase === 'expired') lastExpired = event.requestId;
    }
    if (event.type === 'refresh') {
      refreshes.set(event.refreshId, extendRefresh(refreshes.get(event.refreshId), event, zeroMs, lastExpired));
    }
  }
  const durationMs = (events.at(-1)?.atMs ?? zeroMs) - zeroMs;
  return { requests: [...requests.values()], refreshes: [...refreshes.values()], durationMs };
}

function extendRequest(lane: RequestLane | undefined, event: RequestEvent, zeroMs: number): RequestLane {
  const step = { phase: event.phase, atMs: event.atMs - zeroMs };
  return {
    id: event.requestId,
    method: event.method,
    path: pathOf(event.url),
    steps: [...(lane?.steps ?? []), step],
    ...(event.phase === 'settled' && event.status !== undefined && { status: event.status }),
    ...(event.phase === 'settled' && event.error !== undefined && { error: event.error }),
  };
}

function extendRefresh(
  lane: RefreshLane | undefined,
  event: RefreshEvent,
  zeroMs: number,
  startedBy: number | undefined,
): RefreshLane {
  const atMs = event.atMs - zeroMs;
  const start = lane ?? { startedMs: atMs, ...(startedBy !== undefined && { startedBy }) };
  return {
    ...start,
    id: event.refreshId,
    phase: event.phase,
    ...(event.phase !== 'started' && { endedMs: atMs }),
    ...(event.kind !== undefined && { error: event.kind }),
    ...(event.final !== undefined && { final: event.final }),
  };
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}
