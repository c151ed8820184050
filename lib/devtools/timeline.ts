import type { RefreshEvent, RequestEvent, SessionEvent } from 'renewal';

/**
 * What has happened to a client: plain data, which `JSON.stringify` takes and `JSON.parse` gives back as it was. Times are milliseconds since
 * `startedAtMs`. Holds no token.
 */
export interface Timeline {
  /** When the first event came, in milliseconds since the epoch; 0 before. */
  readonly startedAtMs: number;
  /** From the first event to the newest. */
  readonly durationMs: number;
  /** In the order in which they were made. */
  readonly requests: readonly RequestLane[];
  /** In the order in which they began. */
  readonly refreshes: readonly RefreshBand[];
  readonly sessionChanges: readonly SessionChange[];
  readonly warnings: readonly TimelineWarning[];
  /** How many requests have left the timeline to make room. */
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
  /** Left out while it is in flight. */
  readonly endedMs?: number;
  /** In the order in which they happened. Of more than 100, as a request that is sent again and again has them, the first and the newest. */
  readonly marbles: readonly Marble[];
}

/**
 * `sent`, `sent-again`: an attempt leaves. `expired`: an answer said that the token is dead. `waiting`: held, for a refresh or for the session to be
 * loaded. `answer`, `error`: what the caller got. `cancelled`: the caller has unsubscribed.
 */
export type MarbleKind = 'sent' | 'expired' | 'waiting' | 'sent-again' | 'answer' | 'error' | 'cancelled';

/** One thing that happened to a request. */
export interface Marble {
  readonly kind: MarbleKind;
  readonly atMs: number;
  /** Of the tokens that the newest attempt carried; left out where it carried none. */
  readonly generation?: number;
  /** With `waiting`: the refresh that it waits for; left out while the session is being loaded. */
  readonly refreshId?: number;
  /** With `answer` and `error`: the HTTP status, where there was one. */
  readonly status?: number;
  /** With `error`: its code. */
  readonly error?: NonNullable<RequestEvent['error']>;
}

/** One refresh. */
export interface RefreshBand {
  /** The `refreshId` of its events. */
  readonly id: number;
  readonly startedMs: number;
  /** Left out while it runs. */
  readonly endedMs?: number;
  readonly phase: RefreshEvent['phase'];
  /** How many waited for it, when it began or, once it has ended, at its end. */
  readonly waiting: number;
  /** With `failed`: why. */
  readonly kind?: NonNullable<RefreshEvent['kind']>;
  /** With `failed`: the HTTP status, where there was one. */
  readonly status?: number;
  /** With `failed`: whether that ended the session. */
  readonly final?: boolean;
}

/** The session began, ended, or took over tokens of someone else. */
export interface SessionChange {
  readonly phase: SessionEvent['phase'];
  readonly atMs: number;
  readonly generation: number;
}

/** Something was wrong that no caller was told of. */
export interface TimelineWarning {
  readonly message: string;
  readonly atMs: number;
}
