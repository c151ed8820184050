import { type ApiErrorCode, codeOf, isApiError } from '../../http/errors';
import type { RequestEvent, StreamEvent } from '../../http/trace';
import { MalformedGrantError } from './grants';
import type { RefreshOutcome } from './session-state';

interface Timed {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Why a refresh failed. */
export type RefreshFailure = ApiErrorCode | 'malformed' | 'unknown';

/** One step of a refresh, or of a `restore`. Each refresh has one `started`, then one `succeeded` or `failed`. */
export interface RefreshEvent extends Timed {
  readonly type: 'refresh';
  readonly phase: 'started' | 'succeeded' | 'failed';
  /** Counts the refreshes of one session object, from 1. */
  readonly refreshId: number;
  /** The generation of the tokens that are replaced. */
  readonly generation: number;
  /** How many waiters there are: requests, and subscribers of `refresh$`, `accessToken$` or `keepFresh$`. */
  readonly waiting: number;
  /**
   * With `failed`: the `code` of its error; `'timeout'` also if `refreshTimeoutMs` ended it, `'malformed'` if its value
   * is no grant, `'signed-out'` if a sign-in or sign-out ended it, `'unknown'` for an error that is not renewal's.
   */
  readonly kind?: RefreshFailure;
  /** With `failed`: the HTTP status of the response, if there was one. */
  readonly status?: number;
  /** With `failed`: whether that ended the session. */
  readonly final?: boolean;
}

/** The session began, ended, was updated, or adopted tokens that another writer had put into the store. */
export interface SessionEvent extends Timed {
  readonly type: 'session';
  readonly phase: 'signed-in' | 'signed-out' | 'session-expired' | 'updated' | 'adopted';
  readonly generation: number;
}

/**
 * A fault that reaches no caller, such as a store that throws, or a token that is withheld from an origin.
 */
export interface WarningEvent extends Timed {
  readonly type: 'warning';
  /** What failed, and the name of the error. The error's own message is left out, because it may quote a token. */
  readonly message: string;
}

/** An event, for logs and tools. Holds no token. */
export type ApiEvent = RequestEvent | StreamEvent | RefreshEvent | SessionEvent | WarningEvent;

/** The part of a refresh event that its outcome decides. */
export const toRefreshEvent = (outcome: RefreshOutcome): Pick<RefreshEvent, 'phase' | 'kind' | 'status' | 'final'> => {
  if ('tokens' in outcome) return { phase: 'succeeded' };
  if (!('error' in outcome)) return { phase: 'failed', kind: 'signed-out', final: true };
  const { cause } = outcome.error;
  const kind = !cause ? 'timeout' : cause instanceof MalformedGrantError ? 'malformed' : codeOf(cause);
  const status = isApiError(cause) && cause.response?.status;
  return { phase: 'failed', kind, ...(status && { status }), final: outcome.type === 'refused' };
};
