/** One request in a chain of redirects. */
export interface Hop {
  readonly method: string;
  /** Absolute, without user info. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isSameOrigin: boolean;
  readonly keepsBody: boolean;
}

/** The limit of `fetch`. */
export const MAX_REDIRECTS = 20;

/** The headers that may follow a redirect to another origin; any other header may be a secret. */
const SAFE_CROSS_ORIGIN =
  /^(accept|accept-language|content-(type|length|encoding|language)|range|transfer-encoding|user-agent)$/;

/** The headers about a body. */
const BODY_HEADERS = /^(content-.*|transfer-encoding)$/;

export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** From http to https on the same host: the host has received the body already, and readable on the way. */
const isUpgrade = (from: URL, to: URL): boolean => to.origin === `https${from.origin.slice(4)}` && !from.port;

const pickHeaders = (headers: Hop['headers'], isKept: (name: string) => boolean): Hop['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name)));

/**
 * The target of a redirect. Throws a `TypeError` for no valid url, for another scheme than http(s), and for https to
 * http.
 */
const targetOf = (location: string | undefined, from: URL): URL => {
  // Node decodes headers as Latin-1; non-ASCII characters in them are UTF-8.
  const target = new URL(Buffer.from(location ?? 'no:where', 'latin1').toString(), from);
  if (!/^https?:$/.test(target.protocol)) throw new TypeError('redirect to a URL that is not http(s)');
  if (from.protocol === 'https:' && target.protocol === 'http:') throw new TypeError('redirect from https to http');
  target.username = '';
  target.password = '';
  return target;
};

/**
 * The request that follows a redirect (RFC 9110 section 15.4, and as `fetch` does if that leaves a choice; but no body
 * goes to another origin). Throws an error that says why the redirect must not be followed, and quotes nothing.
 */
export const nextHop = (
  status: number | undefined,
  location: string | undefined,
  { method, url, headers }: Pick<Hop, 'method' | 'url' | 'headers'>,
  { canReplay, hasBody }: { readonly canReplay: boolean; readonly hasBody: boolean },
): Hop => {
  const from = new URL(url);
  let target: URL;
  try {
    target = targetOf(location, from);
  } catch (error) {
    throw Object(error).code === 'ERR_INVALID_URL' ? new TypeError('redirect without a valid location') : error;
  }
  const isSameOrigin = target.origin === from.origin;
  const turnsToGet = status === 303 ? method !== 'HEAD' : method === 'POST' && (status === 301 || status === 302);
  if (!turnsToGet && !canReplay) throw new TypeError('redirect of a stream, which cannot be sent twice');
  // The body may hold a refresh token, a client secret or a password, and the owner of the other origin is unknown.
  if (!turnsToGet && hasBody && !isSameOrigin && !isUpgrade(from, target))
    throw new TypeError('redirect of a body to another origin');
  return {
    method: turnsToGet ? 'GET' : method,
    url: target.href,
    headers: pickHeaders(
      headers,
      (name) => (isSameOrigin || SAFE_CROSS_ORIGIN.test(name)) && !(turnsToGet && BODY_HEADERS.test(name)),
    ),
    isSameOrigin,
    keepsBody: !turnsToGet,
  };
};
