import type { RefreshEvent, RequestEvent, SessionEvent, StreamEvent } from 'renewal';

/**
 * The events of a client as plain data, which survives `JSON.stringify` and `JSON.parse` unchanged. Times are
 * milliseconds since `startedAtMs`. Holds no token.
 */
export interface Timeline {
  /** The time of the first event, in milliseconds since the epoch; 0 before it. */
  readonly startedAtMs: number;
  /** From the first event to the newest. */
  readonly durationMs: number;
  /** In the order of their subscription. */
  readonly requests: readonly RequestLane[];
  /** The streams of `renewal/stream`, in the order of their first event. */
  readonly streams: readonly StreamLane[];
  /** In the order of their start. */
  readonly refreshes: readonly RefreshBand[];
  readonly sessionChanges: readonly SessionChange[];
  readonly warnings: readonly TimelineWarning[];
  /** Number of requests and streams that were dropped: see `maxLanes`. */
  readonly dropped: number;
}

/** One request, from its subscription to its end. */
export interface RequestLane {
  /** The `requestId` of its events. */
  readonly id: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  readonly startedMs: number;
  /** Omitted while it is in flight. */
  readonly endedMs?: number;
  /**
   * In the order of time. At most 100: the first and the newest, as for a request that an interceptor repeats many
   * times.
   */
  readonly marbles: readonly Marble[];
}

/**
 * `sent`, `sent-again`: an attempt or its replay is sent. `expired`: a response said that the token has expired.
 * `waiting`: the request waits for a refresh or for the session to load. `answer`, `error`: the caller got a response
 * or an error. `cancelled`: the caller unsubscribed.
 */
export type MarbleKind = 'sent' | 'expired' | 'waiting' | 'sent-again' | 'answer' | 'error' | 'cancelled';

/** One event of a request. */
export interface Marble {
  readonly kind: MarbleKind;
  readonly atMs: number;
  /** The generation of the tokens that the newest attempt carried; omitted if it carried none. */
  readonly generation?: number;
  /** With `waiting`: the refresh that it waits for; omitted while the session is loading. */
  readonly refreshId?: number;
  /** With `answer` and `error`: the HTTP status, if there was one. */
  readonly status?: number;
  /** With `error`: the code of the error. */
  readonly error?: NonNullable<RequestEvent['error']>;
}

/** One stream, from its first event to its end. Each of its connections is a request too, with a lane of its own. */
export interface StreamLane {
  /** The `streamId` of its events. */
  readonly id: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  readonly startedMs: number;
  /** Omitted while it is open or reconnects. */
  readonly endedMs?: number;
  /** How many connections it has begun so far. */
  readonly connections: number;
  /** How many events or lines were delivered so far, over all connections. */
  readonly events: number;
  /** In the order of time. At most 100: the newest. */
  readonly marbles: readonly StreamMarble[];
}

/**
 * `opened`: a connection has its response. `reconnecting`: a connection has ended or failed, and another one follows.
 * `ended`: completed or unsubscribed. `error`: the subscriber got an error.
 */
export type StreamMarbleKind = 'opened' | 'reconnecting' | 'ended' | 'error';

/** One step of a stream. */
export interface StreamMarble {
  readonly kind: StreamMarbleKind;
  readonly atMs: number;
  /** How many connections the stream had begun. */
  readonly connection: number;
  /** How many events or lines were delivered before. */
  readonly events: number;
  /** With `reconnecting`: milliseconds until the next connection, at the latest. */
  readonly delayMs?: number;
  /** With `error`, and with `reconnecting` after a failure: the code of the error. */
  readonly error?: NonNullable<StreamEvent['error']>;
}

/** One refresh. */
export interface RefreshBand {
  /** The `refreshId` of its events. */
  readonly id: number;
  readonly startedMs: number;
  /** Omitted while it runs. */
  readonly endedMs?: number;
  readonly phase: RefreshEvent['phase'];
  /** Number of waiting requests: at its end, or at its start while it runs. */
  readonly waiting: number;
  /** With `failed`: the reason. */
  readonly kind?: NonNullable<RefreshEvent['kind']>;
  /** With `failed`: the HTTP status, if there was one. */
  readonly status?: number;
  /** With `failed`: whether the failure ended the session. */
  readonly final?: boolean;
}

/** The session started, ended, or adopted external tokens. */
export interface SessionChange {
  readonly phase: SessionEvent['phase'];
  readonly atMs: number;
  readonly generation: number;
}

/** A problem that no caller got as an error. */
export interface TimelineWarning {
  readonly message: string;
  readonly atMs: number;
}
