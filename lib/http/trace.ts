import { asyncScheduler, type Subject } from 'rxjs';
import { emit } from './emit';
import { type ApiErrorCode, redactUrl } from './errors';
import type { NotJson } from './json-text';
import type { HttpRequest } from './request';
import { originOf } from './url';

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

/** What the client that made a request tells the steps of the pipeline. */
export interface RequestScope extends NotJson {
  /** Where the session's token may go. */
  readonly allowedOrigins: readonly (string | undefined)[];
  readonly trace: Trace;
  /** Closed once no one wants the answer any more. */
  readonly caller: { readonly closed: boolean };
  /** The origin of a url, which need not be parsed again where it is the one that the request was made with. */
  readonly originOf: (url: string) => string | undefined;
  /** The token does not go to this origin. */
  readonly withhold: (origin: string) => void;
}

const SCOPE = Symbol('renewal.scope');

type ScopedRequest = HttpRequest & { [SCOPE]?: () => RequestScope };

export const noTrace: Trace = () => {};

/** The token of a request that no client made may go nowhere. */
const noScope = (): RequestScope => ({
  allowedOrigins: [],
  trace: noTrace,
  caller: { closed: false },
  originOf,
  withhold: () => {},
});

/**
 * Adds the scope to a request; copies that interceptors make keep it. A function, because a logger that walks the request would otherwise
 * reach the caller and, through its subscribers, the session's tokens.
 */
export const addScope = (request: ScopedRequest, scope: RequestScope): void => {
  request[SCOPE] = () => scope;
};

export const scopeOf = (request: ScopedRequest): RequestScope => request[SCOPE]?.() ?? noScope();

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
