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

/** Parses what `name` holds. Throws a `TypeError` that quotes nothing: what the platform throws may show a secret in a query. */
const parse = (name: string, url: string, base = NO_BASE): URL => {
  try {
    const parsed = new URL(url, base);
    if (/^https?:/.test(parsed.href)) return parsed;
  } catch {}
  throw new TypeError(`${name}: not a url of http or https`);
};

/** The origin of a url, by parsing and never by prefix; all relative urls have the same. */
export const originOf = (url = '', name = 'url'): string => parse(name, url).origin;

/**
 * What relative urls are resolved against: the page, or a url whose path is taken as a folder. Throws a `TypeError` for one that is
 * no absolute url, and not relative to a page.
 */
export const toBaseUrl = (url: string | undefined, page: string | undefined): string | undefined => {
  if (url === undefined) return page;
  const base = parse('baseUrl', url, page ?? 'about:blank');
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base.href;
};

/**
 * Resolves `url` against `base` (RFC 3986 section 5) and adds `params` to its query. Without a base a relative url stays one.
 * Throws a `TypeError` for what is no url of http or https.
 */
export const resolveUrl = (url: string, base: string | undefined, params: Params = {}): string => {
  const { origin, href } = parse('url', url, base);
  return withParams(origin === NO_BASE ? url : href, params);
};
