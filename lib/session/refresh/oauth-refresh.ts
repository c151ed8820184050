import { catchError, map, type Observable } from 'rxjs';
import { isApiError, RefreshError, SessionExpiredError } from '../../http/errors';
import { check, checkOptions, checkText } from '../../http/options';
import type { Body } from '../../http/request';
import { toSearchParams, urlText } from '../../http/url';
import type { TokenGrant } from '../state/grants';
import type { Tokens } from '../state/session-state';

/** The options of {@link oauthRefresh}. */
export interface OAuthRefreshOptions {
  /** The token endpoint. */
  readonly url: string | URL;
  readonly clientId: string;
  /** The secret of a confidential client, sent in the body (RFC 6749 section 2.3.1). Not for browsers. */
  readonly clientSecret?: string | undefined;
  /** Scopes, separated by spaces; no more than were granted. @defaultValue as granted */
  readonly scope?: string | undefined;
  /**
   * More parameters, such as `resource` (RFC 8707) or `organization`; but none that `oauthRefresh` itself sends.
   */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

/** The part of an `Api` that `oauthRefresh` uses. */
interface Poster {
  post$<T>(url: string | URL, body?: Body, options?: { auth?: boolean }): Observable<T>;
}

interface OAuthGrant {
  readonly error?: string;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in?: number | string;
}

/**
 * An empty secret may be left out (RFC 6749 section 2.3.1). It may come from an environment variable that is not set.
 */
const orNone = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

const INVALID_GRANT = 'invalid_grant';

/** A value that is no grant is returned unchanged, so that the session can describe it. */
const toGrant = (body: OAuthGrant): TokenGrant => {
  if (body?.error === INVALID_GRANT) throw new SessionExpiredError(INVALID_GRANT);
  if (!body?.access_token) return body as never; // refused by the session
  const { access_token, refresh_token, expires_in } = body;
  return { accessToken: access_token, refreshToken: refresh_token, expiresInMs: Number(expires_in) * 1000 };
};

/** A response with `invalid_grant` ends the session; any other, such as the 403 of a firewall, is transient. */
const judge = (error: unknown): never => {
  const isTransient = isApiError(error, 'status') && Object(error.response.body).error !== INVALID_GRANT;
  throw isTransient ? new RefreshError(error) : error;
};

/** The parameters that `oauthRefresh` itself sends. */
const RESERVED_PARAMS = ['grant_type', 'refresh_token', 'client_id', 'client_secret', 'scope'];

/**
 * The `refresh` of an OAuth 2.0 session (RFC 6749 section 6): form-encoded, without a token. It emits one grant and
 * completes; `expires_in`, in seconds, may be a number or a text. Without a refresh token the session ends. Throws a
 * `TypeError` for an option that is wrong.
 *
 * Of the errors of the token endpoint only `invalid_grant` ends the session (RFC 6749 section 5.2). Another
 * `HttpStatusError` is transient: it is the `cause` of the `RefreshError` that `isRefused` is called with.
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
  const { url, clientId, params = {}, ...confidential } = checkOptions(options);
  const [clientSecret, scope] = [confidential.clientSecret, confidential.scope].map(orNone);
  urlText('url', url);
  check(clientId !== undefined, 'clientId', 'a string that is not empty');
  for (const [name, text] of Object.entries({ clientId, clientSecret, scope })) checkText(name, text);

  for (const [name, value] of Object.entries(checkOptions(params, {}, 'params'))) {
    check(
      typeof value === 'string' && !RESERVED_PARAMS.includes(name),
      'params',
      `strings, and none of ${RESERVED_PARAMS.join(', ')}`,
    );
  }

  return ({ refreshToken }) => {
    if (!refreshToken) throw new SessionExpiredError('there is no refresh token');
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId };
    const all = { ...form, client_secret: clientSecret, scope, ...params };
    return http
      .post$<OAuthGrant>(url, toSearchParams(Object.entries(all)), { auth: false })
      .pipe(map(toGrant), catchError(judge));
  };
};
