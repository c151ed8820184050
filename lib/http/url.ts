import { tagOf } from './body';
import { check, isScalar, OptionError } from './options';

/** One value of a query parameter; `null` and `undefined` are left out. */
export type Param = string | number | boolean | null | undefined;

/** An object that an interface describes, which has no index signature. A literal is held to the other members of {@link ParamsInput}. */
interface InterfaceObject {
  toString(): string;
}

/**
 * Query parameters: an array repeats its name; `null` and `undefined` are left out. A value of any other kind, such as a nested object, is an
 * `InvalidRequestError` that names the parameter. `URLSearchParams`, a `Map` and other pairs may come from any realm.
 */
export type ParamsInput =
  | Readonly<Record<string, Param | readonly Param[]>>
  | URLSearchParams
  | Iterable<readonly [string, string]>
  | (object & InterfaceObject);

/** What a name looks like that may be shown; a longer or a stranger one may be a value. */
const PLAIN_NAME = /^[\w$.[\]-]{1,32}$/;

/** The pairs that an iterable or an object of values holds. Throws a `TypeError` for anything else, which would be lost in silence. */
export const pairsOf = (name: string, input: unknown): readonly (readonly [unknown, unknown])[] => {
  const isPairs = typeof input === 'object' && Symbol.iterator in Object(input);
  // An iterator is used up by the first subscription.
  check(!isPairs || Object(input)[Symbol.iterator]() !== input, name, 'pairs that can be read more than once');
  // Of a date, a promise or a file, no entry would be found.
  const isRight = isPairs || tagOf(input) === 'Object';
  const pairs: unknown[] = isRight ? (isPairs ? [...(input as Iterable<unknown>)] : Object.entries(Object(input))) : [];
  check(
    isRight && pairs.every((pair) => Array.isArray(pair) && pair.length === 2),
    name,
    'an object, or pairs of a name and a value',
  );
  return pairs as [unknown, unknown][]; // as checked
};

/** The pairs as a form or a query has them, without those that hold nothing. Throws a `TypeError` if this platform can make none. */
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

/** Appends to the query and leaves what the caller wrote as it is. */
const withParams = (url: string, params: ParamsInput): string => {
  const query = toQuery(params);
  const joint = /^[^#]*\?/.test(url) ? '&' : '?';
  return query ? url.replace(/#.*|$/s, (hash) => joint + query + hash) : url;
};

/** A url with its query, and the origin that parsing it has shown. */
export interface ResolvedUrl {
  readonly url: string;
  readonly origin: string;
}

/** What relative urls belong to. */
export interface Base {
  readonly href: string;
  /** Whether they are appended to its path, as to a `baseUrl`; to a page they are relative (RFC 3986 section 5). */
  readonly isFolder: boolean;
  /** Where the token may go by default; missing where there is no such place. */
  readonly origin: string | undefined;
}

/** Where a page is, and what its relative urls are resolved against: a `<base>` may make that another place. */
export interface Page {
  readonly href: string;
  readonly baseHref: string;
}

/** What all relative urls have for an origin while there is nothing that they are relative to: no parsed url has this one. */
export const RELATIVE_ORIGIN = 'a relative url';

/** Why no url is understood, if it is the platform that lacks something. */
const missingFeature = (name: string): string =>
  `${name} is missing or incomplete here; load a polyfill first, such as react-native-url-polyfill or core-js`;

/** Whether this platform can parse urls: mini programs have no `URL`, and that of React Native throws `not implemented`. */
const canParse = (): boolean => parse('https://h.invalid/a')?.origin === 'https://h.invalid';

/** The url of http or https that this is, if it is one. */
const parse = (url: string, base?: string): ResolvedUrl | undefined => {
  try {
    const { href, origin } = new URL(url, base);
    return /^https?:/.test(href) ? { url: href, origin } : undefined;
  } catch {
    return undefined;
  }
};

/** As the platform reads it: without white space around it, tabs and line breaks (WHATWG URL section 4.4). */
const trimUrl = (url: string): string => url.replace(/^[\0- ]+|[\t\n\r]/g, '');

const SCHEME = /^[a-z][a-z\d+.-]*:/i;

/** A scheme, or a host without one; a backslash is a slash to the platform. */
const namesHost = (plain: string): boolean => SCHEME.test(plain) || /^[\\/]{2}/.test(plain);

/** Whether the platform would resolve it against whatever there is. */
const isRelative = (plain: string): boolean => !namesHost(plain) && canParse();

/** A url or a `TypeError` that names where it was given, but does not quote it: there may be a secret in it. */
const requireUrl = <T>(name: string, parsed: T | undefined): T => {
  if (parsed) return parsed;
  throw new OptionError(`${name}: ${canParse() ? 'expected an http(s) URL' : missingFeature('URL')}`);
};

/** The text of a url, or of a `URL` of any realm. Throws a `TypeError` that names where it was given. */
export const urlText = (name: string, url: unknown): string => {
  const text = typeof url === 'string' ? url : Object(url).href;
  check(typeof text === 'string', name, 'a string or a URL');
  return text as string; // as checked
};

/** The origin of a url, by parsing and never by prefix: all relative urls have the same, and what is no url has none. */
export const originOf = (url: string): string | undefined =>
  parse(url)?.origin ?? (isRelative(trimUrl(url)) ? RELATIVE_ORIGIN : undefined);

/** The origins of absolute urls. Throws a `TypeError` that names the option. */
export const toOrigins = (urls: readonly string[]): readonly string[] => {
  check(Array.isArray(urls), 'allowedOrigins', 'an array of urls');
  return urls.map((url) => requireUrl('allowedOrigins', parse(urlText('allowedOrigins', url))).origin);
};

/**
 * What relative urls belong to: a `baseUrl`, or else the page. Throws a `TypeError` for a `baseUrl` that is not absolute, and not relative to a page, or has a
 * query or a hash.
 */
export const toBase = (url: unknown, page: Page | undefined): Base | undefined => {
  const base = page && parse(page.baseHref)?.url;
  // A page from a file or a blob is nothing to resolve against, but the platform may know what is relative to it.
  const pageOrigin = page && (parse(page.href)?.origin ?? RELATIVE_ORIGIN);
  const text = url === undefined ? '' : trimUrl(urlText('baseUrl', url));
  // An empty one is none, as of a variable that is not set.
  if (!text && (page || url === undefined)) return page && { href: base ?? '', isFolder: false, origin: pageOrigin };
  check(!/[?#]/.test(text), 'baseUrl', 'a URL without a query or a hash');
  // One with a scheme and no host is not for a `<base>` to complete.
  const { url: href, origin } = requireUrl(
    'baseUrl',
    parse(text, namesHost(text) && SCHEME.test(text) ? undefined : base),
  );
  // What names no host belongs to the page, whatever `<base>` says.
  return { href, isFolder: true, origin: namesHost(text) ? origin : pageOrigin };
};

/** Appends a relative url to the path of a `baseUrl`; one that is empty, or only a query, leaves that path as it is. */
const join = (href: string, plain: string): string =>
  /^([?#]|$)/.test(plain) ? href + plain : href.replace(/\/?$/, '/') + plain.replace(/^[\\/]/, '');

/**
 * Resolves `url` against `base` and adds `params` to its query. A url with a scheme or a host of its own is absolute. `..` climbs as it does in
 * every url, above the path of a `baseUrl` too, but never to another origin. Without a base a relative url stays one. Throws a `TypeError`
 * for what is no url of http or https.
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
