import type { FetchOptions } from '../http/fetch-options';
import { check, omitUndefined } from '../http/options';

/**
 * The values of each member; none are listed for a string. Platforms ignore unknown members, and refuse unknown values
 * each in its own way.
 */
const VALUES: { readonly [Name in keyof FetchOptions]-?: readonly (FetchOptions[Name] & {})[] } = {
  cache: ['default', 'force-cache', 'no-cache', 'no-store', 'only-if-cached', 'reload'],
  credentials: ['include', 'omit', 'same-origin'],
  integrity: [],
  keepalive: [true, false],
  mode: ['cors', 'no-cors', 'same-origin'],
  priority: ['auto', 'high', 'low'],
  redirect: ['error', 'follow', 'manual'],
  referrer: [],
  referrerPolicy: [],
};

const isName = (name: string): name is keyof FetchOptions => Object.hasOwn(VALUES, name);

/** The caller's options for `fetch`, checked. Throws an `OptionError`. */
export const checkFetchOptions = (options: FetchOptions): RequestInit => {
  for (const [name, value] of Object.entries(options)) {
    check(isName(name), 'fetch', `no members but ${Object.keys(VALUES).join(', ')}`);
    const values: readonly unknown[] = VALUES[name];
    const isRight = values.length > 0 ? values.includes(value) : typeof value === 'string';
    check(value === undefined || isRight, `fetch.${name}`, values.join(', ') || 'a string');
  }
  return omitUndefined(options);
};
