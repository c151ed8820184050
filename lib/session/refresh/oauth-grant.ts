import type { TokenGrant } from '../state/grants';

/** A successful response of a token endpoint (RFC 6749 section 5.1). */
interface TokenResponse {
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly expires_in?: number | string;
}

/**
 * Converts the response of an OAuth 2.0 token endpoint (RFC 6749 section 5.1) to a grant: `access_token`,
 * `refresh_token` and `expires_in`, in seconds, a number or a text. All other members become `extras`, such as `scope`
 * and `id_token`. A body without an `access_token` is returned unchanged: `signIn` and the session reject it and list
 * its keys.
 *
 * @example
 * ```ts
 * const form = new URLSearchParams({ grant_type: 'authorization_code', code, client_id: 'shop' });
 * http.post$('/oauth/token', form).subscribe((body) => session.signIn(oauthGrant(body)));
 * ```
 */
export const oauthGrant = (body: unknown): TokenGrant => {
  const { access_token, refresh_token, expires_in, ...extras }: TokenResponse = Object(body);
  if (!access_token) return body as never; // refused by the session
  const expiresInMs = Number(expires_in) * 1000;
  return {
    accessToken: access_token,
    ...(refresh_token && { refreshToken: refresh_token }),
    ...(expiresInMs > 0 && { expiresInMs }),
    ...(Object.keys(extras).length > 0 && { extras }),
  };
};
