import { asyncScheduler, type Subject } from 'rxjs';
import { emit } from './emit';
import { type ApiErrorCode, redactUrl } from './errors';
import type { HttpRequest } from './request';

/** One step of one request, in this order; the middle may repeat or be missing. */
export interface RequestEvent {
  readonly type: 'request';
  /**
   * `queued`: subscribed. `held`: waits for a refresh. `sent`, `resent`: an attempt leaves. `expired`: an answer said that the token is
   * dead. `settled`: an answer or an error has reached the caller. `cancelled`: unsubscribed.
   */
  readonly phase: 'queued' | 'waiting' | 'sent' | 'token-expired' | 'resent' | 'settled' | 'cancelled';
  /** Counts the requests of one client, from 1. */
  readonly requestId: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  /** How often the request has been sent so far. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Of the tokens that the newest attempt carried; missing where it carried none. */
  readonly generation?: number;
  /** With `held`: the refresh that it waits for; missing while the session is being loaded. */
  readonly refreshId?: number | undefined;
  /** With `settled`: the status of the answer. */
  readonly status?: number;
  /** With `settled`: the `code` of the error; `'unknown'` for one that is not renewal's. */
  readonly error?: ApiErrorCode | 'unknown';
}

/**
 * Reports a step of one request. `attempt` stands for `sent` or `resent`; `carries` is told before it and is no step: it says which tokens
 * the next attempt carries.
 */
export type Trace = (
  step: RequestEvent['phase'] | 'attempt' | 'set-generation',
  details?: Pick<RequestEvent, 'generation' | 'refreshId' | 'status' | 'error'>,
) => void;

export const noTrace: Trace = () => {};

/** Reports the steps of one request to `events`, up to its end. Each `attempt` is `sent` the first time, and `resent` from then on. */
export const createTrace = (
  events: Pick<Subject<RequestEvent>, 'next'>,
  requestId: number,
  { method, url }: HttpRequest,
): Trace => {
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
    const atMs = asyncScheduler.now();
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
    });
  };
};
