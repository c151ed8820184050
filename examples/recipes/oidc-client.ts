import { ErrorResponse, type User, type UserManager } from 'oidc-client-ts';
import { anyOf, isRefusal, SessionExpiredError, type SessionOptions, type TokenGrant } from 'renewal';

/** What the recipe needs of a `UserManager`, whose `automaticSilentRenew` has to be false. */
export type OidcManager = Pick<UserManager, 'getUser' | 'signinSilent' | 'signoutRedirect'>;

/** The errors by which a user has to sign in again (RFC 6749 section 5.2, OpenID Connect Core 1.0 section 3.1.2.6). */
const REFUSALS = /^(invalid_grant|(login|interaction|consent|account_selection)_required)$/;

const toGrant = (user: User | null): TokenGrant => {
  if (!user) throw new SessionExpiredError('nobody is signed in');
  const { access_token, expires_in, id_token, profile } = user;
  return {
    accessToken: access_token,
    expiresInMs: expires_in && expires_in * 1000,
    extras: { idToken: id_token, profile },
  };
};

/**
 * The options of a session whose tokens `oidc-client-ts` gets and keeps. Use it after `signinCallback()` has resolved.
 */
export function oidcClientSession(manager: OidcManager): SessionOptions {
  return {
    restore: async () => {
      const user = await manager.getUser();
      return toGrant(user?.expired ? await manager.signinSilent() : user);
    },
    refresh: async ({ accessToken }) => {
      const user = await manager.getUser();
      // Another tab may have renewed the user of a shared store.
      const isSame = !user || user.expired || user.access_token === accessToken;
      return toGrant(isSame ? await manager.signinSilent() : user);
    },
    isRefused: anyOf(isRefusal, (error: unknown) => error instanceof ErrorResponse && REFUSALS.test(error.error ?? '')),
    onSignOut: () => manager.signoutRedirect(),
  };
}
