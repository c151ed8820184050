import { parseChallenges } from '../../http/challenges';
import { check, checkFunctions, checkList, hasMethod } from '../../http/options';
import type { HttpRequest } from '../../http/request';
import type { HttpResponse } from '../../http/response';

/**
 * Whether a response says that the access token has expired. `response.body` is the parsed JSON if there is any (of a
 * download: up to 64 kB), otherwise the body as the transport has read it, such as the text of a login page.
 */
export type ExpiryPredicate = (response: HttpResponse, request: HttpRequest) => boolean;

/** Whether a code is one of these; `1002` and `'1002'` are the same. */
export const codesMatcher = (codes: readonly (number | string)[]): ((code: unknown) => boolean) => {
  const isCode = (code: unknown): boolean => typeof code === 'number' || typeof code === 'string';
  checkList('numbers or strings', isCode)('codes', codes);
  return (code) => isCode(code) && codes.some((each) => `${each}` === `${code}`);
};

/**
 * Matches a JSON body whose top-level `code` is one of these; `1002` and `'1002'` are the same. Nested codes do not
 * count.
 *
 * @example
 * ```ts
 * createSession({ refresh, isExpired: anyOf(bodyCode(40101, 40102), statusCode(401)) });
 * ```
 */
export const bodyCode = (...codes: (number | string)[]): ((response: HttpResponse) => boolean) => {
  const matches = codesMatcher(codes);
  return ({ body }) => matches(Object(body).code);
};

/** Matches these HTTP status codes. */
export const statusCode = (...codes: number[]): ((response: HttpResponse) => boolean) => {
  checkList('whole numbers', Number.isInteger)('codes', codes);
  return (response) => codes.includes(response.status);
};

/**
 * The result of a predicate of the caller. Throws a `TypeError` for a promise or an observable, which would always
 * count as true.
 */
export const resultOf = (name: string, result: unknown): boolean => {
  check(!hasMethod(result, 'then') && !hasMethod(result, 'subscribe'), name, 'true or false, and no promise');
  return !!result;
};

/**
 * Whether an error of a refresh is final. `isExpired` is that of the session; call it with the response of that
 * refresh.
 */
export type RefusalPredicate = (error: unknown, isExpired: (response: HttpResponse) => boolean) => boolean;

/**
 * Matches if one of the predicates does: of `isExpired`, or of `isRefused`. They are called in their order, with all
 * arguments, until one matches. Throws a `TypeError` for a predicate that is no function.
 *
 * @example
 * ```ts
 * createSession({ refresh, isRefused: anyOf(isRefusal, businessCode(1003)) });
 * ```
 */
export function anyOf(...predicates: ExpiryPredicate[]): ExpiryPredicate;
export function anyOf(...predicates: RefusalPredicate[]): RefusalPredicate;
export function anyOf(...predicates: ((...args: never) => boolean)[]): (...args: never) => boolean {
  checkFunctions('predicates', predicates);
  return (...args) => predicates.some((matches) => matches(...args));
}

/**
 * Demands that no fresh token can meet: a nonce (RFC 9449 section 8), a stronger login (RFC 9470 section 3), more scope
 * (RFC 6750 section 3.1).
 */
const ANOTHER_DEMAND = /^(use_dpop_nonce|insufficient_user_authentication|insufficient_scope)$/i;

/** Whether a challenge of a 401 (RFC 9110 section 11.6.1) demands something other than a fresh token. */
export const demandsMore = ({ headers }: HttpResponse): boolean =>
  parseChallenges(headers?.['www-authenticate']).some(({ params }) => ANOTHER_DEMAND.test(params.error ?? ''));

const isExpiredCode = bodyCode(1002);

/** The default of `isExpired`. */
export const isExpiredByDefault = (response: HttpResponse): boolean =>
  isExpiredCode(response) || (response.status === 401 && !demandsMore(response));
