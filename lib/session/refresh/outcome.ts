import { nowMs } from '../../http/clock';
import { isApiError, RefreshError, ResponseParseError } from '../../http/errors';
import type { RefreshOutcome, Tokens } from '../state/session-state';
import { backoffMs } from './backoff';
import { causeOf, retryAfterMs } from './refusal';

/** Minimum lifetime of new tokens. Otherwise tokens that arrive already expired would be refreshed in a loop. */
const MIN_LIFETIME_MS = 500;

export const withMinLifetime = (tokens: Tokens, atMs: number): Tokens => {
  const { expiresAtMs = Infinity } = tokens;
  return tokens.accessToken && expiresAtMs < atMs + MIN_LIFETIME_MS
    ? { ...tokens, expiresAtMs: atMs + MIN_LIFETIME_MS }
    : tokens;
};

/** Stands for an error that was `undefined` or another falsy value. */
export const NO_CAUSE = new Error('failed without an error');

/** A body that could not be parsed may hold the new token. */
export const redactBody = (error: unknown): unknown => {
  const cause = causeOf(error);
  if (!isApiError(cause, 'parse')) return cause;
  const { request, response } = cause;
  return new ResponseParseError('its body is not JSON', { request, response: { ...response, body: '' } });
};

/**
 * A transient failure after `failures` others in a row; without a cause, a timeout. `response` may say how long to wait
 * (`Retry-After`).
 */
export const failure = (failures: number, cause?: unknown, response = cause): RefreshOutcome => {
  const atMs = nowMs();
  const afterMs = retryAfterMs(response, atMs);
  const error = new RefreshError(redactBody(cause), afterMs, atMs + (afterMs ?? backoffMs(failures + 1)));
  return { type: 'failed', error, atMs };
};
