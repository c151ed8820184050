import { type AccountInfo, InteractionRequiredAuthError } from '@azure/msal-browser';
import { ErrorResponse, User } from 'oidc-client-ts';
import type { SessionOptions } from 'renewal';
import { type KeycloakClient, keycloakSession } from '../../examples/recipes/keycloak';
import { type MsalClient, msalSession } from '../../examples/recipes/msal';
import { type OidcManager, oidcClientSession } from '../../examples/recipes/oidc-client';

/** The server side of a library: which access token is valid, and how the next renewal ends. */
export interface Issuer {
  /** The number of the newest token: `T1` at first. */
  number: number;
  renewals: number;
  logouts: number;
  outcome: 'granted' | 'refused' | 'unreachable';
}

/** The options that a recipe makes of a fake of its library. */
export interface IdentityFake {
  readonly options: SessionOptions;
  /** The library has got a newer token without the session: in another tab, or by a call of its own. */
  readonly renewElsewhere: () => void;
  /** What the library keeps is gone. */
  readonly forget: () => void;
}

/** Gets the next token, or fails as a library fails: with `refusal`, or as `fetch` does without a network. */
const renew = (issuer: Issuer, refusal: () => Error): string => {
  issuer.renewals++;
  if (issuer.outcome === 'refused') throw refusal();
  if (issuer.outcome === 'unreachable') throw new TypeError('Failed to fetch');
  return `T${++issuer.number}`;
};

const fakeMsal = (issuer: Issuer): IdentityFake => {
  const account: AccountInfo = {
    homeAccountId: 'ada',
    localAccountId: 'ada',
    environment: 'login.example',
    tenantId: 'shop',
    username: 'ada',
  };
  let isKnown = true;
  let cached = 'T1';
  const msal: MsalClient = {
    getActiveAccount: () => (isKnown ? account : null),
    acquireTokenSilent: async ({ scopes, forceRefresh }) => {
      if (forceRefresh) cached = renew(issuer, () => new InteractionRequiredAuthError('interaction_required', 'id'));
      return {
        authority: 'https://login.example',
        uniqueId: 'ada',
        tenantId: 'shop',
        scopes,
        account,
        idToken: `id-${cached}`,
        idTokenClaims: {},
        accessToken: cached,
        fromCache: !forceRefresh,
        expiresOn: new Date(Date.now() + 3_600_000),
        tokenType: 'Bearer',
        correlationId: 'id',
      };
    },
    logoutRedirect: async () => {
      issuer.logouts++;
    },
  };
  return {
    options: msalSession(msal, ['orders']),
    renewElsewhere: () => {
      cached = `T${++issuer.number}`;
    },
    forget: () => {
      isKnown = false;
    },
  };
};

const fakeKeycloak = (issuer: Issuer): IdentityFake => {
  const setToken = (token?: string): void => {
    if (token) {
      const tokenParsed = { exp: Math.floor(Date.now() / 1000) + 3_600 };
      Object.assign(keycloak, { token, tokenParsed, idToken: `id-${token}`, refreshToken: `R-${token}` });
      return;
    }
    for (const name of ['token', 'tokenParsed', 'idToken', 'refreshToken'] as const) delete keycloak[name];
  };
  let known: string | undefined = 'T1';
  let isInitialised = false;
  const keycloak: KeycloakClient = {
    timeSkew: 0,
    init: async () => {
      if (isInitialised) throw new Error('it can be initialised only once');
      isInitialised = true;
      setToken(known);
      return known !== undefined;
    },
    updateToken: async (minValidity) => {
      if (minValidity !== -1) return false;
      try {
        setToken(
          renew(issuer, () => Object.assign(new Error('400'), { response: new Response('{}', { status: 400 }) })),
        );
      } catch (error) {
        if (Object(error).response) setToken();
        throw error;
      }
      return true;
    },
    logout: async () => {
      issuer.logouts++;
    },
  };
  return {
    options: keycloakSession(keycloak),
    renewElsewhere: () => setToken(`T${++issuer.number}`),
    forget: () => {
      known = undefined;
    },
  };
};

const fakeOidcClient = (issuer: Issuer): IdentityFake => {
  const userOf = (token: string): User =>
    new User({
      access_token: token,
      id_token: `id-${token}`,
      token_type: 'Bearer',
      profile: { sub: 'ada', iss: 'https://login.example', aud: 'shop', exp: 0, iat: 0 },
      expires_at: Math.floor(Date.now() / 1000) + 3_600,
    });
  let user: User | null = userOf('T1');
  const manager: OidcManager = {
    getUser: async () => user,
    signinSilent: async () => {
      user = userOf(renew(issuer, () => new ErrorResponse({ error: 'invalid_grant' })));
      return user;
    },
    signoutRedirect: async () => {
      issuer.logouts++;
    },
  };
  return {
    options: oidcClientSession(manager),
    renewElsewhere: () => {
      user = userOf(`T${++issuer.number}`);
    },
    forget: () => {
      user = null;
    },
  };
};

/** A fake of each library, by its name. */
export const FAKES: readonly (readonly [name: string, create: (issuer: Issuer) => IdentityFake])[] = [
  ['@azure/msal-browser', fakeMsal],
  ['keycloak-js', fakeKeycloak],
  ['oidc-client-ts', fakeOidcClient],
];
