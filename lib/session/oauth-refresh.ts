import { map, type Observable } from 'rxjs';
import { SessionExpiredError } from '../http/errors';
import { check, checkOptions, checkText } from '../http/options';
import type { Body } from '../http/request';
import { searchOf, textOf } from '../http/url';
import type { TokenGrant } from './grants';
import type { Tokens } from './state';

/** The options of {@link oauthRefresh}. */
export interface OAuthRefreshOptions {
  /** The token endpoint. */
  readonly url: string | URL;
  readonly clientId: string;
  /** Of a confidential client, sent in the body (RFC 6749 section 2.3.1); not for browsers. */
  readonly clientSecret?: string | undefined;
  /** Space-separated; not more than was granted. @defaultValue as granted */
  readonly scope?: string | undefined;
}

/** The one thing that is asked of a client, so that an `Api` of any kind will do. */
interface Poster {
  post$<T>(url: string | URL, body?: Body, options?: { auth?: boolean }): Observable<T>;
}

interface OAuthGrant {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in?: number | string;
}

/** A secret that is empty may be left out (RFC 6749 section 2.3.1); an environment variable that is not set leads to one. */
const orNone = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/**
 * The `refresh` of an OAuth 2.0 session (RFC 6749 section 6): form-encoded, without a token; some servers send `expires_in` as a text. Without a refresh token
 * the session ends.
 *
 * @example
 * ```ts
 * createSession({ refresh: oauthRefresh(http, { url: '/oauth/token', clientId: 'shop' }) });
 * ```
 */
export const oauthRefresh = (
  http: Poster,
  options: OAuthRefreshOptions,
): ((tokens: Tokens) => Observable<TokenGrant>) => {
  check(typeof Object(http).post$ === 'function', 'http', 'a client that createApi has made');
  const { url, clientId, ...confidential } = checkOptions(options);
  const [clientSecret, scope] = [confidential.clientSecret, confidential.scope].map(orNone);
  textOf('url', url);
  check(clientId !== undefined, 'clientId', 'a string that is not empty');
  for (const [name, text] of Object.entries({ clientId, clientSecret, scope })) checkText(name, text);

  return ({ refreshToken }) => {
    if (!refreshToken) throw new SessionExpiredError('there is no refresh token');
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId };
    return http
      .post$<OAuthGrant>(url, searchOf(Object.entries({ ...form, client_secret: clientSecret, scope })), {
        auth: false,
      })
      .pipe(
        map((grant) => ({
          accessToken: grant?.access_token,
          refreshToken: grant?.refresh_token,
          expiresInMs: Number(grant?.expires_in) * 1000,
        })),
      );
  };
};
