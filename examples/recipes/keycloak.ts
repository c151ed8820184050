import type { default as Keycloak, KeycloakInitOptions } from 'keycloak-js';
import { anyOf, isRefusal, SessionExpiredError, type SessionOptions, type TokenGrant } from 'renewal';

/** What the recipe needs of a `Keycloak`. */
export type KeycloakClient = Pick<
  Keycloak,
  'init' | 'updateToken' | 'logout' | 'token' | 'tokenParsed' | 'idToken' | 'refreshToken' | 'timeSkew'
>;

/** The options of a session whose tokens Keycloak's adapter gets and keeps. Nothing else calls `updateToken`. */
export function keycloakSession(
  keycloak: KeycloakClient,
  initOptions: KeycloakInitOptions = { onLoad: 'check-sso' },
): SessionOptions {
  let ready: Promise<boolean> | undefined;

  const currentGrant = (): TokenGrant => {
    const { token, tokenParsed, idToken, timeSkew } = keycloak;
    if (!token) throw new SessionExpiredError('nobody is signed in');
    return {
      accessToken: token,
      expiresInMs: tokenParsed?.exp && (tokenParsed.exp + (timeSkew ?? 0)) * 1000 - Date.now(),
      extras: { idToken },
    };
  };
  return {
    restore: async () => {
      // It can be initialised only once: if that has failed with tokens at hand, these are renewed.
      if (ready && keycloak.refreshToken) {
        await keycloak.updateToken(-1);
      } else {
        ready ??= keycloak.init(initOptions);
        await ready;
      }
      return currentGrant();
    },
    refresh: async ({ accessToken }) => {
      if (!keycloak.refreshToken) throw new SessionExpiredError('the refresh token is gone');
      // -1: also if the token has not expired, because the API has rejected it.
      if (keycloak.token === accessToken) await keycloak.updateToken(-1);
      return currentGrant();
    },
    // The adapter deletes its tokens after a 400; the body of that response is unread.
    isRefused: anyOf(isRefusal, (error: unknown) => Object(error).response?.status === 400),
    onSignOut: () => keycloak.logout(),
  };
}
