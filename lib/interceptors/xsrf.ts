import { HTTP_TOKEN } from '../http/headers';
import { check, checkOptions } from '../http/options';
import { beforeEachAttempt } from '../http/per-attempt';
import type { HttpRequest, Interceptor } from '../http/request';
import { originOf, RELATIVE_ORIGIN } from '../http/url';

/** The options of {@link xsrf}. */
export interface XsrfOptions {
  /** The cookie that the server has set the token in. @defaultValue `'XSRF-TOKEN'` */
  readonly cookieName?: string | undefined;
  /** The header that the server looks for it in. @defaultValue `'X-XSRF-TOKEN'` */
  readonly headerName?: string | undefined;
}

/** Cookies and headers are named alike. */
const checkName = (option: string, name: unknown): void =>
  check(typeof name === 'string' && HTTP_TOKEN.test(name), option, 'a name of letters, digits and hyphens');

/** The value of the page's cookie; empty where there is none, or no page that has cookies. */
const cookieOf = (name: string): string => {
  let value = '';
  try {
    const pairs = globalThis.document.cookie.split(';').map((pair) => pair.trim());
    value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
    return decodeURIComponent(value);
  } catch {
    // No document, one in a sandbox, or a value that was never encoded.
    return value;
  }
};

/** Whether the url lies at the page's own origin, or is relative to the page. */
const isOfPage = (url: string): boolean => {
  const page = originOf(globalThis.location?.href ?? '');
  const origin = originOf(url);
  if (origin !== RELATIVE_ORIGIN) return !!origin && origin === page;
  // A `<base>` may lead a relative url elsewhere.
  const base = originOf(globalThis.document?.baseURI ?? '');
  return base === RELATIVE_ORIGIN || base === page;
};

/**
 * Copies the token against forged requests from its cookie to a header, as Angular does: for all methods but GET and HEAD, and only to the
 * origin of the page. A header that the caller has set stays. The cookie is read for each attempt, so that what is sent again after a refresh carries
 * the one that came with that. Does nothing where there is no document.
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
        // One that stands further inside may have had its own say.
        return carried === first.headers[header] ? withToken({ ...sent, headers }) : sent;
      }),
    );
  };
};
