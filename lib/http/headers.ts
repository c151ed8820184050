import { check, isScalar } from './options';
import { pairsOf } from './url';

/**
 * Headers as a caller gives them, names in any case; `null` and `undefined` take one away that was there. `Headers` may come from any realm; of
 * pairs, those with the same name are joined by `, `.
 */
export type HeadersInput =
  | Readonly<Record<string, string | null | undefined>>
  | Headers
  | Iterable<readonly [string, string]>;

/** What a name consists of (RFC 9110 section 5.6.2). */
export const HTTP_TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** What a value consists of (RFC 9110 section 5.5). */
const VALUE = /^[\t -~\x80-\xff]*$/;

/** A name that looks like one; of pairs the wrong way round, it is a value. */
const shownName = (name: string): string => (/^[a-z-]{1,32}$/i.test(name) ? name.toLowerCase() : '…');

/**
 * Joins headers, the later ones winning, under names in lower case. Throws a `TypeError`, which names the header and does not quote its value, for
 * what is no header (RFC 9110 section 5), or no headers at all.
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
