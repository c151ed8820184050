/** Query parameters: an array repeats its name; `null` and `undefined` are left out. */
export type Params =
  | Readonly<Record<string, string | number | boolean | null | undefined | readonly (string | number | boolean)[]>>
  | URLSearchParams;

const toQuery = (params: Params): string => {
  if (params instanceof URLSearchParams) return `${params}`;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const item of [value].flat()) if (item != null) search.append(name, `${item}`);
  }
  return `${search}`;
};

/** Appends to the query and leaves what the caller wrote as it is. */
const withParams = (url: string, params: Params): string => {
  const query = toQuery(params);
  const joint = /^[^#]*\?/.test(url) ? '&' : '?';
  return query ? url.replace(/#.*|$/s, (hash) => joint + query + hash) : url;
};

/** Stands in for a missing base (`invalid` resolves nowhere, RFC 2606): what has this origin is a relative url. */
const NO_BASE = 'http://relative.invalid';

/** The url of http or https that this is, if it is one. */
const parse = (url: string, base?: string): URL | undefined => {
  try {
    const parsed = new URL(url, base);
    return /^https?:/.test(parsed.href) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** A relative url; `//host/path` is none, as there is no scheme that it could have from a base. */
const parseRelative = (url: string): URL | undefined => {
  const parsed = parse(url, NO_BASE);
  return parsed?.origin === NO_BASE ? parsed : undefined;
};

/** A url or a `TypeError` that names where it was given, but does not quote it: there may be a secret in it. */
const valid = <T>(name: string, parsed: T | undefined): T => {
  if (parsed) return parsed;
  throw new TypeError(`${name}: not a url of http or https`);
};

/** The origin of a url, by parsing and never by prefix: all relative urls have the same, and what is no url has none. */
export const originOf = (url: string): string | undefined => (parse(url) ?? parseRelative(url))?.origin;

/** The origins of absolute urls. Throws a `TypeError` that names the option. */
export const toOrigins = (urls: readonly string[]): readonly string[] =>
  Array.from(urls, (url) => valid('allowedOrigins', parse(url)).origin);

/**
 * What relative urls are resolved against: the page, or a url whose path is taken as a folder. Throws a `TypeError` for one that is
 * no absolute url, and not relative to a page.
 */
export const toBaseUrl = (url: string | undefined, page: string | undefined): string | undefined => {
  if (url === undefined) return page;
  const base = valid('baseUrl', parse(url, page));
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base.href;
};

/** A url with its query, and the origin that parsing it has shown. */
export interface ResolvedUrl {
  readonly url: string;
  readonly origin: string;
}

/**
 * Resolves `url` against `base` (RFC 3986 section 5) and adds `params` to its query. Without a base a relative url stays one.
 * Throws a `TypeError` for what is no url of http or https.
 */
export const resolveUrl = (url: string, base: string | undefined, params?: Params): ResolvedUrl => {
  const parsed = parse(url, base);
  const { origin } = parsed ?? valid('url', base ? undefined : parseRelative(url));
  const whole = parsed?.href ?? url;
  return { url: params ? withParams(whole, params) : whole, origin };
};
