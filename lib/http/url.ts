/** Query parameters: an array repeats its name; `null` and `undefined` are left out. */
export type Params =
  | Readonly<Record<string, string | number | boolean | null | undefined | readonly (string | number | boolean)[]>>
  | URLSearchParams;

const toQuery = (params: Params): string => {
  if (params instanceof URLSearchParams) return `${params}`;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const item of Array.isArray(value) ? value : [value]) if (item != null) search.append(name, `${item}`);
  }
  return `${search}`;
};

/** Appends to the query and leaves what the caller wrote as it is. */
const withParams = (url: string, params: Params): string => {
  const query = toQuery(params);
  const hashAt = url.indexOf('#');
  const [head, hash] = hashAt < 0 ? [url, ''] : [url.slice(0, hashAt), url.slice(hashAt)];
  return query ? `${head}${head.includes('?') ? '&' : '?'}${query}${hash}` : url;
};

/** A url with a scheme or a host of its own, which only an absolute url can be. */
const NOT_RELATIVE = /^\s*([a-z][a-z\d+.-]*:|[\\/]{2})/i;

const parse = (url: string, base?: string): URL => {
  try {
    return new URL(url, base);
  } catch {
    // What the platform throws may quote the url, and with it a secret in its query.
    throw new TypeError('its url is not valid');
  }
};

/**
 * A base to resolve urls against: its path is taken as a folder. Throws a `TypeError` for one that is no url of http or https.
 */
export const toBaseUrl = (url: string, page?: string): string => {
  const base = parse(url, page);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base.href;
};

/**
 * Resolves `url` against `base` (RFC 3986 section 5) and adds `params` to its query. Without a base a relative url stays one.
 * Throws a `TypeError` for what is no url of http or https.
 */
export const resolveUrl = (url: string, base: string | undefined, params: Params = {}): string => {
  if (base === undefined && !NOT_RELATIVE.test(url)) return withParams(url, params);
  const { protocol, href } = parse(url, base);
  if (!/^https?:$/.test(protocol)) throw new TypeError('its url is not one of http or https');
  return withParams(href, params);
};

/** The origin of an absolute url, by parsing and never by prefix; empty for a relative one. */
export const originOf = (url: string): string => (NOT_RELATIVE.test(url) ? parse(url).origin : '');
