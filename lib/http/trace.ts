import { asyncScheduler, type Subject } from 'rxjs';
import { HttpContextToken } from './context';
import { type ApiErrorCode, bareUrl } from './errors';
import type { HttpRequest } from './request';

/** One step of one request, in this order; the middle may repeat or be missing. */
export interface RequestEvent {
  readonly type: 'request';
  /**
   * `queued`: subscribed. `held`: waits for a refresh. `sent`, `resent`: an attempt leaves. `expired`: an answer said that the token is
   * dead. `settled`: an answer or an error has reached the caller. `cancelled`: unsubscribed.
   */
  readonly phase: 'queued' | 'held' | 'sent' | 'expired' | 'resent' | 'settled' | 'cancelled';
  /** Counts the requests of one client, from 1. */
  readonly requestId: number;
  readonly method: string;
  /** Without the query. */
  readonly url: string;
  /** How often the request has been sent so far. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** With `expired`: of the tokens that were refused. */
  readonly generation?: number;
  /** With `settled`: the status of the answer. */
  readonly status?: number;
  /** With `settled`: the `code` of the error; `'unknown'` for one that is not renewal's. */
  readonly error?: ApiErrorCode | 'unknown';
}

/** Reports a step of one request, with the generation of its tokens, the status of its answer, or its error. */
export type Trace = (
  phase: RequestEvent['phase'] | 'attempt',
  details?: Pick<RequestEvent, 'generation' | 'status' | 'error'>,
) => void;

/** What the client that made a request tells the steps of the pipeline. */
export interface RequestScope {
  /** Where the session's token may go. */
  readonly allowedOrigins: readonly (string | undefined)[];
  readonly trace: Trace;
}

export const silent: Trace = () => {};

/** Travels in the context of each request; the token of one that no client made may go nowhere. */
export const SCOPE = new HttpContextToken<RequestScope>(() => ({ allowedOrigins: [], trace: silent }));

/** Reports the steps of one request to `events`. Each `attempt` is `sent` the first time, and `resent` from then on. */
export const createTrace = (events: Subject<RequestEvent>, requestId: number, { method, url }: HttpRequest): Trace => {
  let attempt = 0;
  return (step, details) => {
    if (step === 'attempt') attempt++;
    const phase = step !== 'attempt' ? step : attempt === 1 ? 'sent' : 'resent';
    const atMs = asyncScheduler.now();
    events.next({ type: 'request', phase, requestId, method, url: bareUrl(url), attempt, atMs, ...details });
  };
};
