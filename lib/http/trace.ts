import type { Subject } from 'rxjs';
import { nowMs } from './clock';
import { emit } from './emit';
import { type ApiErrorCode, redactUrl } from './errors';
import type { HttpRequest } from './request';

/** One step of one request. The phases come in this order; those in the middle may repeat or be missing. */
export interface RequestEvent {
  readonly type: 'request';
  /**
   * `queued`: subscribed. `waiting`: waits for a refresh. `sent`, `resent`: an attempt is sent. `token-expired`: the
   * response reported an expired token. `settled`: a response or an error is about to reach the caller. `cancelled`:
   * unsubscribed, or its `signal` was aborted.
   */
  readonly phase: 'queued' | 'waiting' | 'sent' | 'token-expired' | 'resent' | 'settled' | 'cancelled';
  /** Counts the requests of one client, from 1. All steps of one request have the same number. */
  readonly requestId: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  /** How often the request has been sent so far. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** The generation of the newest attempt's tokens; missing if it had none. */
  readonly generation?: number;
  /** With `waiting`: the refresh that the request waits for; missing while the session is loading. */
  readonly refreshId?: number | undefined;
  /** With `settled`: the status of the response. */
  readonly status?: number;
  /** With `settled`: the `code` of the error; `'unknown'` if it is not an `ApiError`. */
  readonly error?: ApiErrorCode | 'unknown';
  /** With `settled` and `cancelled`: milliseconds since `queued`, waiting included; 0 if the clock was set back. */
  readonly durationMs?: number;
}

/** One step of a stream of `renewal/stream`. Each of its connections is a request, with events of its own. */
export interface StreamEvent {
  readonly type: 'stream';
  /**
   * `opened`: a connection has its response. `events`: some were delivered; at most ten of these in a second.
   * `reconnecting`: a connection has ended or failed, and another one follows after `delayMs`. `ended`: completed,
   * failed or unsubscribed.
   */
  readonly phase: 'opened' | 'events' | 'reconnecting' | 'ended';
  /** Counts the streams of one client, from 1. All steps of one stream have the same number. */
  readonly streamId: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  /** How many connections the stream has begun so far. */
  readonly connection: number;
  /** How many events or lines were delivered so far, over all connections. */
  readonly events: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** With `reconnecting`: milliseconds until the next connection, at the latest. */
  readonly delayMs?: number;
  /** With `reconnecting` and `ended`: the `code` of the error, if there was one; `'unknown'` if it is no `ApiError`. */
  readonly error?: ApiErrorCode | 'unknown';
}

/**
 * Reports a step of one request. `attempt` becomes `sent` or `resent`. `set-generation` comes before it and emits no
 * event: it sets the generation of the next attempt's tokens.
 */
export type Trace = (
  step: RequestEvent['phase'] | 'attempt' | 'set-generation',
  details?: Pick<RequestEvent, 'generation' | 'refreshId' | 'status' | 'error'>,
) => void;

export const noTrace: Trace = () => {};

/**
 * Emits the steps of one request to `events`, up to its end. The first `attempt` is `sent`, each later one `resent`.
 */
export const createTrace = (
  events: Pick<Subject<RequestEvent>, 'next'>,
  requestId: number,
  { method, url }: HttpRequest,
): Trace => {
  let startedAtMs: number | undefined;
  let attempt = 0;
  let isOver = false;
  let carried: Pick<RequestEvent, 'generation'> | undefined;
  return (step, details) => {
    if (isOver) return;
    isOver = step === 'settled' || step === 'cancelled';
    if (step === 'set-generation') {
      carried = details;
      return;
    }
    if (step === 'attempt') attempt++;
    const phase = step !== 'attempt' ? step : attempt === 1 ? 'sent' : 'resent';
    const atMs = nowMs();
    startedAtMs ??= atMs;
    emit(events, {
      type: 'request',
      phase,
      requestId,
      method,
      url: redactUrl(url),
      attempt,
      atMs,
      ...carried,
      ...details,
      ...(isOver && { durationMs: Math.max(0, atMs - startedAtMs) }),
    });
  };
};
