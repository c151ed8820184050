import { randomUUID } from 'node:crypto';
import type { TokenPair } from './protocol';

/** Why a refresh token was refused. */
export type Refusal = 'unknown' | 'reused';

export interface TokenFamilies {
  /** Starts a family: the tokens of one sign-in and of all its renewals. */
  open(user: string): TokenPair;
  /** The user of an access token, if it has not expired. */
  userOf(accessToken: string): string | undefined;
  /** Exchanges a refresh token for a new pair. A token that was already spent revokes its whole family. */
  rotate(refreshToken: string): TokenPair | Refusal;
  /** Expires every access token now. Refresh tokens stay valid. */
  expireAccessTokens(): void;
}

interface Family {
  readonly user: string;
  readonly refreshTokens: Set<string>;
  readonly accessTokens: Set<string>;
  pair: TokenPair;
  expiresAtMs: number;
}

/**
 * Keeps the tokens of all sessions, with rotation and reuse detection by RFC 9700 section 4.14.2.
 * Two holders of one refresh token cannot be told apart, so the second use ends the session of both.
 *
 * @param keepsAccess - Whether an access token stays valid after the rotation of its refresh token, as a JWT does.
 */
export function createTokenFamilies(lifeMs: number, now: () => number, keepsAccess = false): TokenFamilies {
  const byAccessToken = new Map<string, Family>();
  const byRefreshToken = new Map<string, Family>();

  const issue = (family: Family): TokenPair => {
    family.refreshTokens.add(family.pair.refreshToken);
    family.accessTokens.add(family.pair.token);
    byAccessToken.set(family.pair.token, family);
    byRefreshToken.set(family.pair.refreshToken, family);
    return family.pair;
  };

  const renew = (family: Family): TokenPair => {
    if (!keepsAccess) byAccessToken.delete(family.pair.token);
    family.pair = newPair();
    family.expiresAtMs = now() + lifeMs;
    return issue(family);
  };

  const revoke = (family: Family): void => {
    for (const token of family.accessTokens) byAccessToken.delete(token);
    for (const token of family.refreshTokens) byRefreshToken.delete(token);
  };

  return {
    open: (user) =>
      issue({
        user,
        refreshTokens: new Set(),
        accessTokens: new Set(),
        pair: newPair(),
        expiresAtMs: now() + lifeMs,
      }),
    userOf: (accessToken) => {
      const family = byAccessToken.get(accessToken);
      return family && now() < family.expiresAtMs ? family.user : undefined;
    },
    rotate: (refreshToken) => {
      const family = byRefreshToken.get(refreshToken);
      if (family === undefined) return 'unknown';
      if (family.pair.refreshToken === refreshToken) return renew(family);
      revoke(family);
      return 'reused';
    },
    expireAccessTokens: () => byAccessToken.clear(),
  };
}

// The prefixes let a log filter or a spec find a leaked token.
function newPair(): TokenPair {
  return { token: `at_${randomUUID()}`, refreshToken: `rt_${randomUUID()}` };
}
