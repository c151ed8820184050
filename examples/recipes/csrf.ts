import { type Api, createApi, createSession, statusCode, type TokenGrant, type Transport, xsrf } from 'renewal';
import { map, type Observable } from 'rxjs';

/**
 * A client for a server that keeps the login in a cookie and checks a CSRF token, as Laravel does with Sanctum. The
 * session of this client is the CSRF token: whether a user is signed in, the server knows alone.
 */
export function createLaravelClient(baseUrl: string, transport?: Transport): Api {
  // For each attempt, xsrf() copies the newest XSRF-TOKEN cookie to the header X-XSRF-TOKEN.
  const http = createApi({ baseUrl, transport, withCredentials: true, interceptors: [xsrf()] });
  /** The token itself stays in the cookie, which each response of Laravel may replace. */
  const renewCookie = (): Observable<TokenGrant> =>
    http.get$('/sanctum/csrf-cookie').pipe(map(() => ({ accessToken: 'in-the-cookie' })));

  const session = createSession({
    restore: renewCookie,
    refresh: renewCookie,
    isExpired: statusCode(419),
    // Nothing to sign out of: the next request tries again.
    isRefused: () => false,
    authorize: (request) => request,
  });
  return http.extend({ session });
}
