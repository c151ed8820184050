import type { Observable } from 'rxjs';
import { check, checkOptions, checkText } from '../../http/options';
import type { Body } from '../../http/request';
import { toSearchParams, urlText } from '../../http/url';

/** The options of `oauthRefresh` and `clientCredentials`. */
export interface OAuthRefreshOptions {
  /** The token endpoint. */
  readonly url: string | URL;
  readonly clientId: string;
  /** The secret of a confidential client, sent in the body (RFC 6749 section 2.3.1). Not for browsers. */
  readonly clientSecret?: string | undefined;
  /**
   * Scopes, separated by spaces; of a refresh no more than were granted.
   * @defaultValue as granted, or as the server decides
   */
  readonly scope?: string | undefined;
  /**
   * More parameters, such as `resource` (RFC 8707), `audience` or `organization`; but none of those above, nor
   * `grant_type` or `refresh_token`.
   */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

/** The part of an `Api` that requests tokens. */
export interface Poster {
  post$<T>(url: string | URL, body?: Body, options?: { auth?: boolean }): Observable<T>;
}

/**
 * An empty secret may be left out (RFC 6749 section 2.3.1). It may come from an environment variable that is not set.
 */
const orNone = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** The parameters that this package itself sends. */
const RESERVED_PARAMS = ['grant_type', 'refresh_token', 'client_id', 'client_secret', 'scope'];

/**
 * Checks the options; returns a function that sends a form of this grant type to the token endpoint (RFC 6749 section
 * 3.2), without a token, and emits the body of the response.
 */
export const createTokenEndpoint = (
  http: Poster,
  options: OAuthRefreshOptions,
  grantType: 'refresh_token' | 'client_credentials',
): ((refreshToken?: string) => Observable<unknown>) => {
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

  return (refreshToken) => {
    const form = { grant_type: grantType, refresh_token: refreshToken, client_id: clientId };
    const all = { ...form, client_secret: clientSecret, scope, ...params };
    return http.post$<unknown>(url, toSearchParams(Object.entries(all)), { auth: false });
  };
};
