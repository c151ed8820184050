import { check, checkFunctions, checkList, isAble } from '../http/options';
import type { HttpRequest } from '../http/request';
import type { HttpResponse } from '../http/response';

/**
 * Whether a response says that the access token has expired. `response.body` is the parsed JSON if there is any (of a download: up to 64 kB),
 * otherwise what the transport has read, such as the text of a login page.
 */
export type ExpiryPredicate = (response: HttpResponse, request: HttpRequest) => boolean;

/** Whether the body of a response has this top-level `code`. */
const hasCode = ({ body }: HttpResponse, code: number | string): boolean => {
  const { code: found } = Object(body);
  return found === `${code}` || found === Number(code);
};

/**
 * Matches a JSON body whose top-level `code` is this one; `1002` and `'1002'` are the same. Nested codes do not count.
 *
 * @example
 * ```ts
 * createSession({ refresh, isExpired: anyOf(bodyCode(40101), status(401)) });
 * ```
 */
export const bodyCode = (code: number | string): ((response: HttpResponse) => boolean) => {
  check(typeof code === 'number' || typeof code === 'string', 'code', 'a number or a string');
  return (response) => hasCode(response, code);
};

/** Matches these HTTP status codes. */
export const status = (...codes: number[]): ((response: HttpResponse) => boolean) => {
  checkList('whole numbers', Number.isInteger)('codes', codes);
  return (response) => codes.includes(response.status);
};

/** What a predicate of the caller's says. Throws a `TypeError` for a promise, which would always count as true. */
export const verdictOf = (name: string, verdict: unknown): boolean => {
  check(!isAble(verdict, 'then'), name, 'true or false, and no promise');
  return !!verdict;
};

/** Matches what any of the predicates matches. */
export const anyOf = (...predicates: ExpiryPredicate[]): ExpiryPredicate => {
  checkFunctions('predicates', predicates);
  return (response, request) => predicates.some((matches) => matches(response, request));
};

/** What a fresh token cannot give: a nonce (RFC 9449 section 8), a stronger login (RFC 9470 section 3), more scope (RFC 6750 section 3.1). */
const ANOTHER_DEMAND = /\berror\s*=\s*"?(use_dpop_nonce|insufficient_user_authentication|insufficient_scope)\b/i;

/** Whether the challenge of a 401 (RFC 9110 section 11.6.1) asks for something else than a fresh token. */
export const demandsMore = ({ headers }: HttpResponse): boolean =>
  ANOTHER_DEMAND.test(headers?.['www-authenticate'] ?? '');

/** The default of `isExpired`. */
export const isExpiredByDefault: ExpiryPredicate = (response) =>
  hasCode(response, 1002) || (response.status === 401 && !demandsMore(response));
