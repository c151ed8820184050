import { check, checkList } from '../http/options';
import type { HttpRequest } from '../http/request';
import type { HttpResponse } from '../http/response';

/** Whether an answer says that the access token is dead. `response.body` is the decoded JSON wherever there is any. */
export type ExpiryPredicate = (response: HttpResponse, request: HttpRequest) => boolean;

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
  return ({ body }) => {
    const { code: found } = Object(body);
    return found === `${code}` || found === Number(code);
  };
};

/** Matches these HTTP status codes. */
export const status = (...codes: number[]): ((response: HttpResponse) => boolean) => {
  checkList('codes', codes, Number.isInteger, 'whole numbers');
  return (response) => codes.includes(response.status);
};

/** Matches what any of the predicates matches. */
export const anyOf = (...predicates: ExpiryPredicate[]): ExpiryPredicate => {
  checkList('predicates', predicates, (each) => typeof each === 'function', 'functions');
  return (response, request) => predicates.some((matches) => matches(response, request));
};
