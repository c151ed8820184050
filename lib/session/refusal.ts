import { isApiError } from '../http/errors';
import { isJson } from '../http/response';
import { retryAfterMs as ofResponse } from '../http/retry-after';
import { demandsMore, type ExpiryPredicate } from './expiry';

/** What a server answers when something other than the refresh token is wrong (RFC 6749 sections 4.1.2.1 and 5.2, RFC 9449 section 8). */
const NOT_THE_TOKEN =
  /^(invalid_(request|client|scope)|unauthorized_client|unsupported_grant_type|use_dpop_nonce|server_error|temporarily_unavailable)$/;

/**
 * Whether a failed refresh is final, by default: 400, 401 or 403 with a JSON body, 401 without any, or an answer below 400 that is
 * expired itself; but not one whose `error` is an OAuth code that does not speak of the refresh token. A `refresh` that knows better, such as one that has
 * nothing to ask with, throws a `SessionExpiredError`.
 */
export const isRefusal = (error: unknown, isExpired: ExpiryPredicate): boolean => {
  if (isApiError(error, 'session-expired')) return true;
  if (!isApiError(error) || !error.response || !error.request) return false;
  const { status, body } = error.response;
  if (status < 400) return isExpired(error.response, error.request);
  if (demandsMore(error.response)) return false;
  if (status === 401 && !body) return true;
  const isJsonBody = Object(body) === body || isJson(error.response);
  return isJsonBody && [400, 401, 403].includes(status) && !NOT_THE_TOKEN.test(Object(body).error);
};

/** A server that asks for more than an hour means something else, such as a Unix time. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** How long the response of an error asks to wait (`Retry-After`), in milliseconds from `nowMs`; at most an hour. */
export const retryAfterMs = (error: unknown, nowMs: number): number | undefined => {
  const ms = isApiError(error) ? ofResponse(error.response, nowMs) : undefined;
  return ms && Math.min(ms, MAX_RETRY_AFTER_MS);
};
