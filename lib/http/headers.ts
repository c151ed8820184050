import { check, isScalar } from './options';
import { pairsOf } from './url';

/**
 * Headers of a request, names in any case; `null` and `undefined` remove a default header. `Headers` may come from any
 * realm. The values of pairs with the same name are joined by `, `.
 */
export type HeadersInput =
  | Readonly<Record<string, string | null | undefined>>
  | Headers
  | Iterable<readonly [string, string]>;

/** The characters of a header name or a method, a `token` in the terms of RFC 9110 section 5.6.2. */
export const HTTP_TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** The characters of a header value (RFC 9110 section 5.5). */
const VALUE = /^[\t -~\x80-\xff]*$/;

/** The name for a message. A name that does not look like one may be a value: the pair may be in the wrong order. */
const shownName = (name: string): string => (/^[a-z-]{1,32}$/i.test(name) ? name.toLowerCase() : '…');

/**
 * Merges headers under names in lower case; `input` wins. Throws a `TypeError` for an invalid header (RFC 9110 section
 * 5) or an invalid `input`. The error names the header and does not quote its value.
 */
export const mergeHeaders = (
  before: Readonly<Record<string, string>>,
  input?: HeadersInput,
): Record<string, string> => {
  const merged = { ...before };
  if (input === undefined) return merged;
  const isPairs = Symbol.iterator in Object(input);
  const added = new Set<string>();
  for (const [name, value] of pairsOf('headers', input)) {
    check(typeof name === 'string', 'headers', 'names that are strings');
    check(HTTP_TOKEN.test(name), `headers.${shownName(name)}`, 'a name of letters, digits and hyphens');
    const key = name.toLowerCase();
    if (value == null) {
      delete merged[key];
      continue;
    }
    check(isScalar(value), `headers.${shownName(name)}`, 'a string');
    const text = `${value}`;
    check(VALUE.test(text), `headers.${shownName(name)}`, 'Latin-1 without line breaks and control characters');
    merged[key] = isPairs && added.has(key) ? `${merged[key]}, ${text}` : text;
    added.add(key);
  }
  return merged;
};
