import { HttpContext, HttpContextToken } from '@angular/common/http';

/** Whether a request of `HttpClient` is none of the session's business. */
export const WITHOUT_SESSION = new HttpContextToken<boolean>(() => false);

/**
 * Opts a request of `HttpClient` out, as `auth: false` does for one of an api: no token, no refresh, no wait. For login, for public pages, and for the refresh itself.
 *
 * @param context - What is added to. @defaultValue a new one
 * @example
 * ```ts
 * httpClient.post<TokenGrant>('/login', { user, password }, { context: withoutSession() });
 * ```
 */
export const withoutSession = (context: HttpContext = new HttpContext()): HttpContext =>
  context.set(WITHOUT_SESSION, true);
