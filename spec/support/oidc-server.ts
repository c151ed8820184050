import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type Configuration, Provider } from 'oidc-provider';
import { listen } from './listen';

const ACCOUNT = 'ada';
const CLIENT = 'shop';
const REDIRECT_URI = 'https://shop.example/signed-in';
const DAY_S = 86_400;
const VERIFIER = randomBytes(32).toString('base64url');

/** An `oidc-provider` on its own port. */
export interface OidcServer {
  readonly origin: string;
  readonly provider: Provider;
  /** The requests that arrived, as `path status`. */
  readonly hits: string[];
  /** Logs in at the authorization endpoint, with this acr; resolves to the form for the token endpoint. */
  login(acr?: string): Promise<URLSearchParams>;
  close(): Promise<void>;
}

const signingKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

/** One public client, one account that grants everything, a refresh token for each code. */
const configure = (changes: Configuration): Configuration => ({
  clients: [
    {
      client_id: CLIENT,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['a key of this test'] },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  issueRefreshToken: () => true,
  loadExistingGrant: async ({ oidc: { provider } }) => {
    const grant = new provider.Grant({ accountId: ACCOUNT, clientId: CLIENT });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
  ...changes,
  ttl: { AccessToken: DAY_S, Grant: DAY_S, IdToken: DAY_S, Interaction: DAY_S, RefreshToken: DAY_S, Session: DAY_S },
  features: { devInteractions: { enabled: false }, ...changes.features },
});

/** Follows the redirects of a login, with cookies, until the client gets its code. */
const requestCode = async (origin: string, acr: string | undefined): Promise<string> => {
  const cookies = new Map<string, string>();
  const query = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'openid',
    prompt: 'login',
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    ...(acr && { acr_values: acr }),
  });
  let url = new URL(`/auth?${query}`, origin);
  while (url.origin === origin) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url.pathname}: expected a redirect, not ${await response.text()}`);
    url = new URL(location, url);
  }
  return url.searchParams.get('code') ?? '';
};

/**
 * Starts a server. With the `adapter` of another one it knows its tokens, and so is a resource server for them. `serve`
 * adds middleware for more resources.
 */
export const startOidcServer = async (
  configuration: Configuration,
  serve: (provider: Provider) => void = () => {},
): Promise<OidcServer> => {
  let listener: RequestListener = (_request, response) => response.end();
  const { port, close } = await listen(createServer((request, response) => listener(request, response)));
  const origin = `http://127.0.0.1:${port}`;
  const provider = new Provider(origin, configure(configuration));
  const hits: string[] = [];
  serve(provider);
  const respond = provider.callback();
  listener = async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    response.on('finish', () => hits.push(`${path} ${response.statusCode}`));
    if (!path.startsWith('/interaction/')) return respond(request, response);
    const { params } = await provider.interactionDetails(request, response);
    const login = { accountId: ACCOUNT, ...(params.acr_values ? { acr: `${params.acr_values}` } : {}) };
    return provider.interactionFinished(request, response, { login });
  };
  return {
    origin,
    provider,
    hits,
    close,
    login: async (acr) =>
      new URLSearchParams({
        grant_type: 'authorization_code',
        code: await requestCode(origin, acr),
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
        client_id: CLIENT,
      }),
  };
};
