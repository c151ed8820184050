import { map } from 'rxjs';
import type { SessionOptions } from './options';
import { oauthGrant } from './refresh/oauth-grant';
import { createTokenEndpoint, type OAuthRefreshOptions, type Poster } from './refresh/token-endpoint';

/**
 * The options of a session for a service that signs itself in by the client credentials grant (RFC 6749 section 4.4),
 * to be spread into `createSession`. The first request, and each refresh, requests an access token with the id and the
 * secret of the client; see `oauthGrant`.
 *
 * No error ends such a session, because no user could sign in again: also a refused grant (`invalid_client`) is
 * transient. Requests fail with `RefreshError`, and after the cool-down the next one asks again. Throws a `TypeError`
 * for an option that is wrong.
 *
 * @example
 * ```ts
 * const billing = { url: '/oauth/token', clientId: 'billing', clientSecret: process.env.BILLING_SECRET };
 * const session = createSession(clientCredentials(http, billing));
 * ```
 */
export const clientCredentials = (
  http: Poster,
  options: OAuthRefreshOptions,
): Pick<SessionOptions, 'refresh' | 'restore' | 'isRefused'> => {
  const request$ = createTokenEndpoint(http, options, 'client_credentials');
  const grant$ = () => request$().pipe(map(oauthGrant));
  return { refresh: grant$, restore: grant$, isRefused: () => false };
};
