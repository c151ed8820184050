import { randomUUID } from 'node:crypto';
import { fakeBackend, type RefreshRefusal } from 'renewal/testing';
import type { TokenPair } from './protocol';

export interface TokenFamilies {
  /** Starts a family: the tokens of one sign-in and of all its renewals. */
  open(user: string): TokenPair;
  /** The user of an access token, if it has not expired. */
  userOf(accessToken: string): string | undefined;
  /** Exchanges a refresh token for a new pair. A token that was already spent revokes its whole family. */
  rotate(refreshToken: string): TokenPair | RefreshRefusal;
  /** Expires every access token now. Refresh tokens stay valid. */
  expireAccessTokens(): void;
}

/**
 * Keeps the tokens of all sessions, with the rotation and reuse detection of `fakeBackend` (RFC 9700 section 4.14.2).
 * Two holders of one refresh token cannot be told apart, so the second use ends the session of both.
 *
 * @param keepsAccess - Whether an access token stays valid after the rotation of its refresh token, as a JWT does.
 */
export function createTokenFamilies(lifeMs: number, keepsAccess = false): TokenFamilies {
  const backend = fakeBackend({ tokenLifeMs: lifeMs });
  // A page may keep tokens of a shop that ran before: they have another name.
  const run = `.${randomUUID()}`;
  const accessTokens = new Map<string, string>();
  /** The next access token of one that stays valid. */
  const successors = new Map<string, string>();

  const toPair = ({ accessToken, refreshToken = '' }: ReturnType<typeof backend.issue>): TokenPair => {
    accessTokens.set(refreshToken, accessToken);
    return { token: accessToken, refreshToken };
  };

  const userOf = (accessToken: string): string | undefined => {
    let newest = accessToken;
    for (let next = successors.get(newest); next !== undefined; next = successors.get(newest)) newest = next;
    return backend.userOf(newest)?.slice(0, -run.length);
  };

  return {
    open: (user) => toPair(backend.issue(user + run)),
    userOf,
    rotate: (refreshToken) => {
      const old = accessTokens.get(refreshToken) ?? '';
      const isAlive = userOf(old) !== undefined;
      const grant = backend.rotate(refreshToken);
      if (typeof grant === 'string') return grant;
      if (keepsAccess && isAlive) successors.set(old, grant.accessToken);
      return toPair(grant);
    },
    expireAccessTokens: backend.expireTokens,
  };
}
