import { HTTP_TOKEN } from '../http/headers';
import { check, checkOptions } from '../http/options';
import { beforeEachAttempt } from '../http/per-attempt';
import type { HttpRequest, Interceptor } from '../http/request';
import { originOf, RELATIVE_ORIGIN } from '../http/url';

/** The options of {@link xsrf}. */
export interface XsrfOptions {
  /** The cookie with the server's token. @defaultValue `'XSRF-TOKEN'` */
  readonly cookieName?: string | undefined;
  /** The header that the server expects the token in. @defaultValue `'X-XSRF-TOKEN'` */
  readonly headerName?: string | undefined;
}

/** Names of cookies and of headers have the same syntax. */
const checkName = (option: string, name: unknown): void =>
  check(typeof name === 'string' && HTTP_TOKEN.test(name), option, 'a name of letters, digits and hyphens');

/** The value of the page's cookie; empty without the cookie, and without a page that has cookies. */
const cookieOf = (name: string): string => {
  let value = '';
  try {
    const pairs = globalThis.document.cookie.split(';').map((pair) => pair.trim());
    value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
    return decodeURIComponent(value);
  } catch {
    // There is no document, it is sandboxed, or the value was never encoded.
    return value;
  }
};

/** Whether the url has the page's origin, or is relative to the page. */
const isOfPage = (url: string): boolean => {
  const page = originOf(globalThis.location?.href ?? '');
  const origin = originOf(url);
  if (origin !== RELATIVE_ORIGIN) return !!origin && origin === page;
  // A `<base>` may resolve a relative url to another origin.
  const base = originOf(globalThis.document?.baseURI ?? '');
  return base === RELATIVE_ORIGIN || base === page;
};

/**
 * Copies the XSRF token from its cookie to a header, as Angular does: for all methods but GET and HEAD, and only to the
 * origin of the page. A header that the caller has set is kept. The cookie is read for each attempt, so a replay after
 * a refresh has the refreshed token. Does nothing without a document.
 *
 * @example
 * ```ts
 * createApi({ interceptors: [renewal.xsrf()] });
 * ```
 */
export const xsrf = (options: XsrfOptions = {}): Interceptor => {
  const { cookieName = 'XSRF-TOKEN', headerName = 'X-XSRF-TOKEN' } = checkOptions(options);
  checkName('cookieName', cookieName);
  checkName('headerName', headerName);
  const header = headerName.toLowerCase();

  const withToken = (request: HttpRequest): HttpRequest => {
    const token = isOfPage(request.url) && cookieOf(cookieName);
    return token ? { ...request, headers: { ...request.headers, [header]: token } } : request;
  };

  return (request, next) => {
    if (/^(GET|HEAD)$/.test(request.method) || header in request.headers) return next(request);
    const first = withToken(request);
    return next(
      beforeEachAttempt(first, (sent) => {
        const { [header]: carried, ...headers } = sent.headers;
        // A later interceptor may have changed the header.
        return carried === first.headers[header] ? withToken({ ...sent, headers }) : sent;
      }),
    );
  };
};
