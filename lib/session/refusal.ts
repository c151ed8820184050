import { isApiError } from '../http/errors';
import { type HttpResponse, isJson } from '../http/response';
import type { ExpiryPredicate } from './expiry';

/**
 * Codes by which a token endpoint says that something other than the refresh token is wrong (RFC 6749 sections 4.1.2.1 and 5.2,
 * RFC 8628 section 3.5, RFC 8707 section 2, RFC 9449 sections 5 and 8).
 */
const NOT_THE_TOKEN =
  /^(invalid_(request|client|scope|target|dpop_proof)|unauthorized_client|unsupported_grant_type|server_error|temporarily_unavailable|slow_down|use_dpop_nonce)$/;

const responseOf = (error: unknown): HttpResponse | undefined =>
  // Of the errors that have a response, each has one of this type.
  isApiError(error) && 'response' in error ? (error.response as HttpResponse) : undefined;

/**
 * Whether a failed refresh is final, by default: 400, 401 or 403 with a JSON body, 401 without any, or an answer below 400 that is
 * expired itself; but not one whose `error` is an OAuth code that does not speak of the refresh token.
 */
export const isRefusal = (error: unknown, isExpired: ExpiryPredicate): boolean => {
  const response = responseOf(error);
  if (!response || !isApiError(error) || !error.request) return false;
  const { status, body } = response;
  if (status < 400) return isExpired(response, error.request);
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'error' in body && NOT_THE_TOKEN.test(String(body.error))) return false;
  if (status === 401 && (body === null || body === '')) return true;
  return (status === 400 || status === 401 || status === 403) && (isObject || isJson(response));
};

/** What `Retry-After` asks for (RFC 9110 section 10.2.3: seconds, or a date), in milliseconds from `nowMs`. */
export const retryAfterMs = (error: unknown, nowMs: number): number | undefined => {
  const value = responseOf(error)?.headers['retry-after'];
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return ms >= 0 ? ms : undefined;
};
