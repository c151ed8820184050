import { HttpContext, HttpContextToken } from '@angular/common/http';

/** Whether the session ignores a request of `HttpClient`. */
export const WITHOUT_SESSION = new HttpContextToken<boolean>(() => false);

/**
 * Excludes a request of `HttpClient` from the session, as `auth: false` does for a request of an api: no token, no
 * refresh, no wait. For the login, for public pages, and for the refresh itself.
 *
 * @param context - The context to extend. @defaultValue a new one
 * @example
 * ```ts
 * httpClient.post<TokenGrant>('/login', { user, password }, { context: withoutSession() });
 * ```
 */
export const withoutSession = (context: HttpContext = new HttpContext()): HttpContext =>
  context.set(WITHOUT_SESSION, true);
