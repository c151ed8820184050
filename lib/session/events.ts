import type { ApiErrorCode } from '../http/errors';
import type { RequestEvent } from '../http/trace';

interface Timed {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** One step of a refresh. Each has one `started`, then one `succeeded` or `failed`, unless a sign-in or sign-out ends it. */
export interface RefreshEvent extends Timed {
  readonly type: 'refresh';
  readonly phase: 'started' | 'succeeded' | 'failed';
  /** Counts the refreshes of one session, from 1. */
  readonly refreshId: number;
  /** Of the tokens that are being replaced. */
  readonly generation: number;
  /** With `failed`: whether it ended the session. */
  readonly final?: boolean;
  /** With `failed`: the `code` of the error that it failed with; `'unknown'` for one that is not renewal's. */
  readonly error?: ApiErrorCode | 'unknown';
}

/** The session began, ended, or took over tokens that someone else had put into the store. */
export interface SessionEvent extends Timed {
  readonly type: 'session';
  readonly phase: 'signed-in' | 'signed-out' | 'expired' | 'adopted';
  readonly generation: number;
}

/** Something is wrong that no caller was told of, such as a store that throws. */
export interface WarningEvent extends Timed {
  readonly type: 'warning';
  /** What failed, and the name of the error: its own message is left out, as it may quote a token. */
  readonly message: string;
}

/** What happens, for logs and tools. Holds no token. */
export type ApiEvent = RequestEvent | RefreshEvent | SessionEvent | WarningEvent;
