import { map, type Observable } from 'rxjs';
import { SessionExpiredError } from '../http/errors';
import { defined } from '../http/options';
import type { Body } from '../http/request';
import type { TokenGrant } from './grants';
import type { Tokens } from './state';

/** The options of {@link oauthRefresh}. */
export interface OAuthRefreshOptions {
  /** The token endpoint. */
  readonly url: string;
  readonly clientId: string;
  /** Of a confidential client, sent in the body (RFC 6749 section 2.3.1); not for browsers. */
  readonly clientSecret?: string;
  /** Space-separated; not more than was granted. @defaultValue as granted */
  readonly scope?: string;
}

/** The one thing that is asked of a client, so that an `Api` of any kind will do. */
interface Poster {
  post$<T>(url: string, body?: Body, options?: { auth?: boolean }): Observable<T>;
}

interface OAuthGrant {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in?: number | string;
}

/**
 * The `refresh` of an OAuth 2.0 session (RFC 6749 section 6): form-encoded, without a token; some servers send `expires_in` as a text. Without a refresh token
 * the session ends.
 *
 * @example
 * ```ts
 * createSession({ refresh: oauthRefresh(http, { url: '/oauth/token', clientId: 'shop' }) });
 * ```
 */
export const oauthRefresh =
  (http: Poster, { url, clientId, clientSecret, scope }: OAuthRefreshOptions) =>
  ({ refreshToken }: Tokens): Observable<TokenGrant> => {
    if (!refreshToken) throw new SessionExpiredError('there is no refresh token');
    return http
      .post$<OAuthGrant>(
        url,
        new URLSearchParams(
          defined({
            grant_type: 'refresh_token',
            refresh_token: refreshToken,
            client_id: clientId,
            client_secret: clientSecret,
            scope,
          }) as Record<string, string>,
        ),
        { auth: false },
      )
      .pipe(
        map((grant) => ({
          accessToken: grant?.access_token,
          refreshToken: grant?.refresh_token,
          expiresInMs: Number(grant?.expires_in) * 1000,
        })),
      );
  };
