import { tagOf } from './body';
import { check, isScalar, OptionError } from './options';

/** One value of a query parameter; `null` and `undefined` are omitted. */
export type Param = string | number | boolean | null | undefined;

/**
 * An object typed by an interface, which has no index signature. Literals have to match another member of {@link
 * ParamsInput}.
 */
interface InterfaceObject {
  toString(): string;
}

/**
 * Query parameters: an array repeats its name; `null` and `undefined` are omitted. A value of any other kind, such as a
 * nested object, is an `InvalidRequestError` that names the parameter. `URLSearchParams`, a `Map` and other pairs may
 * come from any realm.
 */
export type ParamsInput =
  | Readonly<Record<string, Param | readonly Param[]>>
  | URLSearchParams
  | Iterable<readonly [string, string]>
  | (object & InterfaceObject);

/** A name that a message may show. A longer or unusual name may be a value. */
const PLAIN_NAME = /^[\w$.[\]-]{1,32}$/;

/** The pairs of an iterable or of an object. Throws a `TypeError` for any other input, which would be lost silently. */
export const pairsOf = (name: string, input: unknown): readonly (readonly [unknown, unknown])[] => {
  const isPairs = typeof input === 'object' && Symbol.iterator in Object(input);
  // The first subscription would use up an iterator.
  check(!isPairs || Object(input)[Symbol.iterator]() !== input, name, 'pairs that can be read more than once');
  // A date, a promise or a file has no entries.
  const isRight = isPairs || tagOf(input) === 'Object';
  const pairs: unknown[] = isRight ? (isPairs ? [...(input as Iterable<unknown>)] : Object.entries(Object(input))) : [];
  check(
    isRight && pairs.every((pair) => Array.isArray(pair) && pair.length === 2),
    name,
    'an object, or pairs of a name and a value',
  );
  return pairs as [unknown, unknown][]; // as checked
};

/**
 * The pairs as a form or a query, without `null` and `undefined`. Throws a `TypeError` on a platform without
 * `URLSearchParams`.
 */
export const toSearchParams = (pairs: Iterable<readonly [string, Param]>): URLSearchParams => {
  try {
    const search = new URLSearchParams();
    for (const [name, value] of pairs) if (value != null) search.append(name, `${value}`);
    return search;
  } catch {
    throw new OptionError(missingFeature('URLSearchParams'));
  }
};

const toQuery = (params: ParamsInput): string => {
  const pairs: (readonly [string, Param])[] = [];
  for (const [name, value] of pairsOf('params', params)) {
    check(isScalar(name), 'params', 'names that are strings');
    for (const item of [value].flat()) {
      if (item == null) continue;
      check(
        isScalar(item),
        `params.${PLAIN_NAME.test(`${name}`) ? name : '…'}`,
        'a string, a number, a boolean, or an array of those',
      );
      pairs.push([`${name}`, item]);
    }
  }
  return `${toSearchParams(pairs)}`;
};

/** Appends `params` to the query; the rest of the url is unchanged. */
const withParams = (url: string, params: ParamsInput): string => {
  const query = toQuery(params);
  const joint = /^[^#]*\?/.test(url) ? '&' : '?';
  return query ? url.replace(/#.*|$/s, (hash) => joint + query + hash) : url;
};

/** A url with its query, and its parsed origin. */
export interface ResolvedUrl {
  readonly url: string;
  readonly origin: string;
}

/** The base of relative urls. */
export interface Base {
  readonly href: string;
  /** Whether urls are appended to its path, as for a `baseUrl`; for a page they are relative (RFC 3986 section 5). */
  readonly isFolder: boolean;
  /** The origin that the token may go to by default, if there is one. */
  readonly origin: string | undefined;
}

/** The url of a page, and the base of its relative urls: a `<base>` may change that. */
export interface Page {
  readonly href: string;
  readonly baseHref: string;
}

/** The origin of relative urls without a base. No parsed url has this origin. */
export const RELATIVE_ORIGIN = 'a relative url';

/** The message for a feature that the platform lacks. */
const missingFeature = (name: string): string =>
  `${name} is missing or incomplete here; load a polyfill first, such as react-native-url-polyfill or core-js`;

/**
 * Whether the platform can parse urls: mini programs have no `URL`, and that of React Native throws `not implemented`.
 */
const canParse = (): boolean => parse('https://h.invalid/a')?.origin === 'https://h.invalid';

/** Parses an http(s) url; `undefined` for any other text. */
const parse = (url: string, base?: string): ResolvedUrl | undefined => {
  try {
    const { href, origin } = new URL(url, base);
    return /^https?:/.test(href) ? { url: href, origin } : undefined;
  } catch {
    return undefined;
  }
};

/** The url without leading white space, tabs and line breaks, which the platform ignores (WHATWG URL section 4.4). */
const trimUrl = (url: string): string => url.replace(/^[\0- ]+|[\t\n\r]/g, '');

const SCHEME = /^[a-z][a-z\d+.-]*:/i;

/** Whether the url has a scheme, or a host without one. The platform reads a backslash as a slash. */
const namesHost = (plain: string): boolean => SCHEME.test(plain) || /^[\\/]{2}/.test(plain);

/** Whether the url is relative; `false` on a platform that cannot parse urls. */
const isRelative = (plain: string): boolean => !namesHost(plain) && canParse();

/** Throws a `TypeError` for a missing url. It names the option and does not quote the url, which may hold a secret. */
const requireUrl = <T>(name: string, parsed: T | undefined): T => {
  if (parsed) return parsed;
  throw new OptionError(`${name}: ${canParse() ? 'expected an http(s) URL' : missingFeature('URL')}`);
};

/** The text of a url, or of a `URL` of any realm. Throws a `TypeError` that names the option. */
export const urlText = (name: string, url: unknown): string => {
  const text = typeof url === 'string' ? url : Object(url).href;
  check(typeof text === 'string', name, 'a string or a URL');
  return text as string; // as checked
};

/**
 * The origin of a url, by parsing and never by prefix. All relative urls have the same origin; `undefined` if it is no
 * url.
 */
export const originOf = (url: string): string | undefined =>
  parse(url)?.origin ?? (isRelative(trimUrl(url)) ? RELATIVE_ORIGIN : undefined);

/** The origins of absolute urls. Throws a `TypeError` that names the option. */
export const toOrigins = (urls: readonly string[]): readonly string[] => {
  check(Array.isArray(urls), 'allowedOrigins', 'an array of urls');
  return urls.map((url) => requireUrl('allowedOrigins', parse(urlText('allowedOrigins', url))).origin);
};

/**
 * The base of relative urls: `baseUrl`, or else the page. Throws a `TypeError` for a `baseUrl` with a query or a hash,
 * and for one that is relative without a page.
 */
export const toBase = (url: unknown, page: Page | undefined): Base | undefined => {
  const base = page && parse(page.baseHref)?.url;
  // A page of a file or a blob is no base, but the platform may resolve urls against it.
  const pageOrigin = page && (parse(page.href)?.origin ?? RELATIVE_ORIGIN);
  const text = url === undefined ? '' : trimUrl(urlText('baseUrl', url));
  // An empty `baseUrl` counts as missing, such as a variable that is not set.
  if (!text && (page || url === undefined)) return page && { href: base ?? '', isFolder: false, origin: pageOrigin };
  check(!/[?#]/.test(text), 'baseUrl', 'a URL without a query or a hash');
  // A `<base>` does not complete a url with a scheme and no host.
  const { url: href, origin } = requireUrl(
    'baseUrl',
    parse(text, namesHost(text) && SCHEME.test(text) ? undefined : base),
  );
  // A `baseUrl` without a host belongs to the page, whatever its `<base>`.
  return { href, isFolder: true, origin: namesHost(text) ? origin : pageOrigin };
};

/** Appends a relative url to the path of a `baseUrl`. An empty url, or a query alone, keeps that path unchanged. */
const join = (href: string, plain: string): string =>
  /^([?#]|$)/.test(plain) ? href + plain : href.replace(/\/?$/, '/') + plain.replace(/^[\\/]/, '');

/**
 * Resolves `url` against `base` and adds `params` to its query. A url with a scheme or a host is absolute. `..` climbs
 * as in each url, above the path of a `baseUrl` too, but never to another origin. Without a base a relative url stays
 * relative. Throws a `TypeError` if the result is no http(s) url.
 */
export const resolveUrl = (url: string, base: Base | undefined, params?: ParamsInput): ResolvedUrl => {
  const plain = trimUrl(url);
  let found: ResolvedUrl | undefined;
  if (SCHEME.test(plain)) found = parse(plain);
  else if (base?.href)
    found = base.isFolder && !namesHost(plain) ? parse(join(base.href, plain)) : parse(plain, base.href);
  else if (isRelative(plain)) found = { url: plain, origin: RELATIVE_ORIGIN };
  const { url: whole, origin } = requireUrl('url', found);
  return { url: params === undefined ? whole : withParams(whole, params), origin };
};
