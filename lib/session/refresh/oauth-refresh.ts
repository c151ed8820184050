import { catchError, map, type Observable } from 'rxjs';
import { isApiError, RefreshError, SessionExpiredError } from '../../http/errors';
import type { TokenGrant } from '../state/grants';
import type { Tokens } from '../state/session-state';
import { oauthGrant } from './oauth-grant';
import { createTokenEndpoint, type OAuthRefreshOptions, type Poster } from './token-endpoint';

const INVALID_GRANT = 'invalid_grant';

/** The grant of a response. A refresh may leave out what has not changed, such as the id token. */
const toGrant = (body: unknown, previous: Tokens['extras']): TokenGrant => {
  if (Object(body).error === INVALID_GRANT) throw new SessionExpiredError(INVALID_GRANT);
  const grant = oauthGrant(body);
  return grant?.extras ? { ...grant, extras: { ...previous, ...grant.extras } } : grant;
};

/** A response with `invalid_grant` ends the session; any other, such as the 403 of a firewall, is transient. */
const judge = (error: unknown): never => {
  const isTransient = isApiError(error, 'status') && Object(error.response.body).error !== INVALID_GRANT;
  throw isTransient ? new RefreshError(error) : error;
};

/**
 * The `refresh` of an OAuth 2.0 session (RFC 6749 section 6): form-encoded, without a token. It emits one grant and
 * completes; see `oauthGrant`. Extras that the response leaves out are kept, such as an id token. Without a refresh
 * token the session ends. Throws a `TypeError` for an option that is wrong.
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
  const request$ = createTokenEndpoint(http, options, 'refresh_token');
  return ({ refreshToken, extras }) => {
    if (!refreshToken) throw new SessionExpiredError('there is no refresh token');
    return request$(refreshToken).pipe(
      map((body) => toGrant(body, extras)),
      catchError(judge),
    );
  };
};
