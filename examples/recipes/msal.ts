import { InteractionRequiredAuthError, type IPublicClientApplication } from '@azure/msal-browser';
import { anyOf, isRefusal, SessionExpiredError, type SessionOptions, type TokenGrant } from 'renewal';

/** What the recipe needs of a `PublicClientApplication`. */
export type MsalClient = Pick<IPublicClientApplication, 'acquireTokenSilent' | 'getActiveAccount' | 'logoutRedirect'>;

/**
 * The options of a session whose tokens MSAL gets and keeps. Use it after `initialize()` and `handleRedirectPromise()`
 * have resolved and `setActiveAccount` was called.
 */
export function msalSession(msal: MsalClient, scopes: string[]): SessionOptions {
  const acquire = async (forceRefresh: boolean): Promise<TokenGrant> => {
    const account = msal.getActiveAccount();
    if (!account) throw new SessionExpiredError('no account is active');
    const { accessToken, idToken, expiresOn } = await msal.acquireTokenSilent({ scopes, account, forceRefresh });
    return {
      accessToken,
      expiresInMs: expiresOn ? expiresOn.getTime() - Date.now() : undefined,
      extras: { idToken },
    };
  };
  return {
    restore: () => acquire(false),
    refresh: async ({ accessToken }) => {
      const cached = await acquire(false);
      // MSAL does not know that the API has rejected a token.
      return cached.accessToken === accessToken ? acquire(true) : cached;
    },
    isRefused: anyOf(isRefusal, (error: unknown) => error instanceof InteractionRequiredAuthError),
    onSignOut: () => msal.logoutRedirect({ account: msal.getActiveAccount() }),
  };
}
