import type { Api, ApiEvent, RefreshEvent, RequestEvent, StreamEvent } from 'renewal';
import { type Observable, Subject } from 'rxjs';
import { createBoundedMap } from './bounded-map';
import type {
  Marble,
  MarbleKind,
  RefreshBand,
  RequestLane,
  SessionChange,
  StreamLane,
  StreamMarble,
  Timeline,
  TimelineWarning,
} from './timeline';

/** Options of {@link recordTimeline}. */
export interface RecordTimelineOptions {
  /**
   * Maximum number of requests kept, and of streams, refreshes, session changes and warnings as many each. The entry
   * that settled first is dropped first. Requests in flight and streams that have not ended are never dropped, even
   * above the maximum. @defaultValue 500
   */
  readonly maxLanes?: number | undefined;
}

/** The result of {@link recordTimeline}. */
export interface TimelineRecorder {
  /**
   * The events so far. Each event leads to a new object, created when it is read. Its unchanged parts are the same
   * objects as before.
   */
  readonly timeline: Timeline;
  /** Emits after each event, once `timeline` includes it; completes with `stop()`. Hot. */
  readonly changes$: Observable<void>;
  /** Unsubscribes from the client. The recording can still be read. */
  stop(): void;
}

const KINDS: { readonly [Phase in RequestEvent['phase']]?: MarbleKind } = {
  sent: 'sent',
  waiting: 'waiting',
  'token-expired': 'expired',
  resent: 'sent-again',
  cancelled: 'cancelled',
};

const MAX_MARBLES = 100;

const toMarble = ({ phase, generation, refreshId, status, error }: RequestEvent, atMs: number): Marble | undefined => {
  const kind = phase === 'settled' ? (error ? 'error' : 'answer') : KINDS[phase];
  return (
    kind && {
      kind,
      atMs,
      ...(generation !== undefined && { generation }),
      ...(refreshId !== undefined && { refreshId }),
      ...(status !== undefined && { status }),
      ...(error && { error }),
    }
  );
};

const extendLane = (lane: RequestLane | undefined, event: RequestEvent, atMs: number): RequestLane => {
  const { requestId: id, method, url, phase } = event;
  const marble = toMarble(event, atMs);
  const marbles = [...(lane?.marbles ?? []), ...(marble ? [marble] : [])];
  if (marbles.length > MAX_MARBLES) marbles.splice(1, 1);
  const isSettled = phase === 'settled' || phase === 'cancelled';
  return { id, method, url, startedMs: lane?.startedMs ?? atMs, ...(isSettled && { endedMs: atMs }), marbles };
};

const toStreamMarble = (event: StreamEvent, atMs: number): StreamMarble | undefined => {
  const { phase, connection, events, delayMs, error } = event;
  if (phase === 'events') return undefined;
  return {
    kind: phase === 'ended' && error ? 'error' : phase,
    atMs,
    connection,
    events,
    ...(delayMs !== undefined && { delayMs }),
    ...(error && { error }),
  };
};

const extendStream = (lane: StreamLane | undefined, event: StreamEvent, atMs: number): StreamLane => {
  const { streamId: id, method, url, phase, connection: connections, events } = event;
  const marble = toStreamMarble(event, atMs);
  const marbles = lane?.marbles ?? [];
  return {
    id,
    method,
    url,
    startedMs: lane?.startedMs ?? atMs,
    ...(phase === 'ended' && { endedMs: atMs }),
    connections,
    events,
    marbles: marble ? [...marbles, marble].slice(-MAX_MARBLES) : marbles,
  };
};

const extendBand = (band: RefreshBand | undefined, event: RefreshEvent, atMs: number): RefreshBand => {
  const { refreshId: id, phase, waiting, kind, status, final } = event;
  return {
    id,
    startedMs: band?.startedMs ?? atMs,
    ...(phase !== 'started' && { endedMs: atMs }),
    phase,
    waiting,
    ...(kind && { kind }),
    ...(status !== undefined && { status }),
    ...(final !== undefined && { final }),
  };
};

/** Throws a `TypeError` that names a wrong option. */
const assertOption = (isValid: boolean, name: string, expected: string): void => {
  if (!isValid) throw new TypeError(`${name}: expected ${expected}`);
};

/**
 * Records the events of a client from now on, in bounded memory: see {@link Timeline}. The cost of an event does not
 * depend on the size of the recording. Only requests made after this call are recorded: without a subscriber, a client
 * emits no events.
 *
 * @param api - A client, or any object with its `events$`.
 * @throws TypeError if an option is wrong; the message names it.
 *
 * @example
 * ```ts
 * import { recordTimeline } from 'renewal/devtools';
 * import { createApi } from 'renewal';
 *
 * const recorder = recordTimeline(createApi());
 * // later, for a report of what went wrong
 * logger.debug(recorder.timeline);
 * ```
 */
export const recordTimeline = (api: Pick<Api, 'events$'>, options: RecordTimelineOptions = {}): TimelineRecorder => {
  const { events$ } = Object(api) as typeof api;
  assertOption(typeof events$?.subscribe === 'function', 'api', 'a client, or an object with its events$');
  assertOption(typeof options === 'object' && options !== null, 'options', 'an object');
  const { maxLanes = 500 } = options;
  assertOption(Number.isInteger(maxLanes) && maxLanes > 0, 'maxLanes', 'a whole number, 1 or more');
  const requests = createBoundedMap<RequestLane>(maxLanes);
  const streams = createBoundedMap<StreamLane>(maxLanes);
  const refreshes = createBoundedMap<RefreshBand>(maxLanes);
  const sessionChanges = createBoundedMap<SessionChange>(maxLanes);
  const warnings = createBoundedMap<TimelineWarning>(maxLanes);
  const changes = new Subject<void>();
  let startedAtMs: number | undefined;
  let durationMs = 0;
  let timeline: Timeline | undefined;

  const record = (event: ApiEvent): void => {
    startedAtMs ??= event.atMs;
    const atMs = event.atMs - startedAtMs;
    durationMs = Math.max(durationMs, atMs);
    switch (event.type) {
      case 'request': {
        const lane = extendLane(requests.get(event.requestId), event, atMs);
        requests.set(lane.id, lane, lane.endedMs !== undefined);
        break;
      }
      case 'stream': {
        const lane = extendStream(streams.get(event.streamId), event, atMs);
        streams.set(lane.id, lane, lane.endedMs !== undefined);
        break;
      }
      case 'refresh': {
        const band = extendBand(refreshes.get(event.refreshId), event, atMs);
        refreshes.set(band.id, band, band.endedMs !== undefined);
        break;
      }
      case 'session':
        sessionChanges.add({ phase: event.phase, atMs, generation: event.generation });
        break;
      case 'warning':
        warnings.add({ message: event.message, atMs });
    }
  };

  const toTimeline = (): Timeline => ({
    startedAtMs: startedAtMs ?? 0,
    durationMs,
    requests: requests.toArray(),
    streams: streams.toArray(),
    refreshes: refreshes.toArray(),
    sessionChanges: sessionChanges.toArray(),
    warnings: warnings.toArray(),
    dropped: requests.dropped + streams.dropped,
  });

  const subscription = events$.subscribe((event) => {
    record(event);
    timeline = undefined;
    changes.next();
  });
  return {
    get timeline() {
      timeline ??= toTimeline();
      return timeline;
    },
    changes$: changes.asObservable(),
    stop: () => {
      subscription.unsubscribe();
      changes.complete();
    },
  };
};
