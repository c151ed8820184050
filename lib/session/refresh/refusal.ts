import { tagOf } from '../../http/body';
import { HttpContext } from '../../http/context';
import { isApiError, SessionExpiredError } from '../../http/errors';
import { hasMethod } from '../../http/options';
import type { HttpRequest } from '../../http/request';
import { type HttpResponse, isJson } from '../../http/response';
import { retryAfterMs as ofResponse } from '../../http/retry-after';
import { MalformedGrantError } from '../state/grants';
import type { RefreshOutcome } from '../state/session-state';
import { codesMatcher, demandsMore, type ExpiryPredicate, isExpiredByDefault, resultOf } from './expiry';

/**
 * Matches a JSON body that names another reason than the refresh token: an OAuth error (RFC 6749 sections
 * 4.1.2.1 and 5.2, RFC 8707 section 2, RFC 9449) or throttling, as AWS, Google, Firebase, Auth0, GitHub, Meta, Slack
 * and RFC 8628 name it in a value.
 */
const NOT_THE_TOKEN =
  /"error":"(invalid_(request|client|scope|target|dpop_proof)"|unauthorized_client|unsupported_|use_dpop|server_error|temporarily_)|(too.?many.{0,20}(request|attempt)|slow.?down|throttl|rate.?(limit|exceed)|(request|attempt).?limit|("limit|quota).?exceed)(?![^"]*":)/i;

/** The headers of a response to a refresh that are read. */
const NAMES = ['www-authenticate', 'retry-after'];

const toResponse = (status: number, body: unknown, headers = {}): HttpResponse => ({
  type: 'response',
  status,
  statusText: '',
  headers,
  url: '',
  body,
});

/**
 * Reads the response from an error of another client: axios, ofetch, Angular, RxJS, or a `Response`, as of ky.
 */
const foreignResponse = (error: unknown): HttpResponse | undefined => {
  try {
    const outer = Object(error);
    const { response } = outer;
    // Otherwise `response` is the body, as in RxJS.
    const isWhole = response?.headers || !outer.status;
    const { status, headers } = isWhole ? response : outer;
    const json = [outer.data, outer.error, isWhole ? response.data : response].find((body) => tagOf(body) === 'Object');
    // Copied, because its getters may throw later.
    const body = json && JSON.parse(JSON.stringify(json));
    const counting = NAMES.map((name) => [
      name,
      `${(hasMethod(headers, 'get') ? headers.get(name) : headers?.[name]) ?? ''}`,
    ]);
    return status > 0 ? toResponse(status, body, Object.fromEntries(counting)) : undefined;
  } catch {
    return undefined;
  }
};

/** The cause of a failure that `refresh` itself has called transient; otherwise the error. */
export const causeOf = (error: unknown): unknown => (isApiError(error, 'refresh') ? error.cause : error);

const responseOf = (error: unknown): HttpResponse | undefined =>
  isApiError(error) ? error.response : foreignResponse(error);

/** Whether a response of a refresh refuses the refresh token, and names no other reason. */
const isRefusing = (response: HttpResponse, isExpired: (response: HttpResponse) => boolean): boolean => {
  const { status, body } = response;
  return (
    !demandsMore(response) &&
    (isExpired(response) ||
      status === 401 ||
      ([400, 403].includes(status) && (Object(body) === body || isJson(response)))) &&
    !NOT_THE_TOKEN.test(JSON.stringify(body))
  );
};

/**
 * The default of `isRefused`: whether a failed refresh is final. It is if `isExpired` matches the response, whatever
 * its status, and for 401, or 400 and 403 with a JSON body; but not if that body names throttling or an OAuth error
 * other than `invalid_grant`, nor for a challenge that no fresh token meets, such as `use_dpop_nonce`. An error of
 * another client is understood by its `status` or `response.status`. A `SessionExpiredError` is final.
 *
 * @param isExpired - The session's own.
 * @defaultValue the default of `isExpired`
 *
 * @example
 * ```ts
 * const isGone = (error: unknown) => isApiError(error, 'status') && error.status === 410;
 * createSession({ refresh, isRefused: anyOf(isRefusal, isGone) });
 * ```
 */
export const isRefusal = (
  error: unknown,
  isExpired: (response: HttpResponse) => boolean = isExpiredByDefault,
): boolean => {
  if (isApiError(error, 'session-expired')) return true;
  const response = responseOf(error);
  return !!response && isRefusing(response, isExpired);
};

/**
 * Matches a `BusinessError` with one of these codes, which `envelope` has found; `1003` and `'1003'` are the same.
 *
 * @example
 * ```ts
 * createSession({ refresh, isRefused: anyOf(isRefusal, businessCode(1003)) });
 * ```
 */
export const businessCode = (...codes: (number | string)[]): ((error: unknown) => boolean) => {
  const matches = codesMatcher(codes);
  return (error) => isApiError(error, 'business') && matches(error.businessCode);
};

/** `isExpired` for a response of the refresh. The request of another client is not known. */
export const ofRefresh =
  (isExpired: ExpiryPredicate, error?: unknown): ((response: HttpResponse) => boolean) =>
  (response) => {
    // The members of a request that a predicate may read.
    const unknown = { method: 'POST', url: 'about:blank', headers: {}, context: new HttpContext() } as HttpRequest;
    return resultOf('isExpired', isExpired(response, (isApiError(error) && error.request) || unknown));
  };

/**
 * Throws a `SessionExpiredError` if what `refresh` emitted is no grant, and expired as a body or as the response of
 * another client.
 */
export const endIfExpired = (emitted: unknown, isExpired: ExpiryPredicate): void => {
  const { accessToken, headers } = Object(emitted);
  if (accessToken) return;
  if (isRefusing((headers && foreignResponse(emitted)) || toResponse(200, emitted), ofRefresh(isExpired)))
    throw new SessionExpiredError('what it emitted is an expired response');
};

/**
 * A warning about a transient failure, for developers: the grant is malformed, or `isRefused` does not know its
 * business code.
 */
export const warningOf = (outcome: RefreshOutcome, name: string): string | undefined => {
  if (outcome.type !== 'failed') return undefined;
  const { cause } = outcome.error;
  if (cause instanceof MalformedGrantError) return cause.message;
  if (!isApiError(cause, 'business')) return undefined;
  const code = `${cause.businessCode}`;
  return `${name}: isRefused does not know the code ${/^[\w.-]{1,32}$/.test(code) ? code : '…'}`;
};

/** A server that asks for more than an hour means something else, such as a Unix time. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** How long the response of an error asks to wait (`Retry-After`), in milliseconds from `nowMs`; at most an hour. */
export const retryAfterMs = (error: unknown, nowMs: number): number | undefined => {
  const ms = ofResponse(responseOf(causeOf(error)), nowMs);
  return ms && Math.min(ms, MAX_RETRY_AFTER_MS);
};
