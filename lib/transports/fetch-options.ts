import type { FetchOptions } from '../http/fetch-options';
import { type Check, check, checkBoolean, omitUndefined } from '../http/options';

const checkString: Check = (name, value) => check(value === undefined || typeof value === 'string', name, 'a string');

const checkWord =
  (...words: readonly unknown[]): Check =>
  (name, value) =>
    check(value === undefined || words.includes(value), name, words.join(', '));

/** Platforms ignore unknown members, and refuse unknown values each in its own way. */
const CHECKS: { readonly [Name in keyof FetchOptions]-?: Check } = {
  cache: checkWord('default', 'force-cache', 'no-cache', 'no-store', 'only-if-cached', 'reload'),
  credentials: checkWord('include', 'omit', 'same-origin'),
  integrity: checkString,
  keepalive: checkBoolean,
  mode: checkWord('cors', 'no-cors', 'same-origin'),
  priority: checkWord('auto', 'high', 'low'),
  redirect: checkWord('error', 'follow', 'manual'),
  referrer: checkString,
  referrerPolicy: checkString,
};

const isName = (name: string): name is keyof FetchOptions => Object.hasOwn(CHECKS, name);

/** The caller's options for `fetch`, checked. Throws an `OptionError`. */
export const checkFetchOptions = (options: FetchOptions): RequestInit => {
  for (const [name, value] of Object.entries(options)) {
    check(isName(name), 'fetch', `no members but ${Object.keys(CHECKS).join(', ')}`);
    CHECKS[name](`fetch.${name}`, value);
  }
  return omitUndefined(options);
};
