import type { TokenGrant } from 'renewal';
import { asyncScheduler } from 'rxjs';

/** The tokens of all users of a backend. */
export interface TokenIssuer {
  /** Signs a user in: `ann.access.1` and `ann.refresh.1` the first time. */
  issue(user: string): TokenGrant;
  /** The user of an access token, if it is alive. */
  userOf(accessToken: string): string | undefined;
  /** The next tokens for a refresh token, or why it is refused. */
  rotate(refreshToken: string): TokenGrant | Refusal;
  /** Ends the life of each access token. */
  expire(): void;
  /** Ends all sign-ins of a user, or of everyone. */
  revoke(user?: string): void;
}

/** Why a refresh token is refused: never issued, its sign-in has ended, or used before. */
export type Refusal = 'unknown' | 'revoked' | 'spent';

/** The tokens of one sign-in. */
interface Family {
  readonly user: string;
  /** All refresh tokens, spent ones included. */
  readonly refreshTokens: Set<string>;
  accessToken: string;
  refreshToken: string;
  expiresAtMs: number;
  isRevoked: boolean;
}

export interface IssuerOptions {
  readonly tokenLifeMs: number;
  readonly rotate: boolean;
  readonly reuseDetection: boolean;
}

/** Rotation and reuse detection by RFC 9700 section 4.14.2. A refresh ends the life of the access token before it. */
export const createTokenIssuer = ({ tokenLifeMs, rotate, reuseDetection }: IssuerOptions): TokenIssuer => {
  const families: Family[] = [];
  const counts = new Map<string, number>();

  const renew = (family: Family, isRotated: boolean): TokenGrant => {
    const { user } = family;
    const count = (counts.get(user) ?? 0) + 1;
    counts.set(user, count);
    family.accessToken = `${user}.access.${count}`;
    if (isRotated) family.refreshToken = `${user}.refresh.${count}`;
    family.refreshTokens.add(family.refreshToken);
    family.expiresAtMs = asyncScheduler.now() + tokenLifeMs;
    const { accessToken, refreshToken } = family;
    return { accessToken, refreshToken, ...(Number.isFinite(tokenLifeMs) && { expiresInMs: tokenLifeMs }) };
  };

  return {
    issue: (user) => {
      const family: Family = {
        user,
        refreshTokens: new Set(),
        accessToken: '',
        refreshToken: '',
        expiresAtMs: 0,
        isRevoked: false,
      };
      families.push(family);
      return renew(family, true);
    },
    userOf: (token) =>
      families.find(
        ({ accessToken, expiresAtMs, isRevoked }) =>
          accessToken === token && !isRevoked && asyncScheduler.now() < expiresAtMs,
      )?.user,
    rotate: (token) => {
      const family = families.find(({ refreshTokens }) => refreshTokens.has(token));
      if (!family) return 'unknown';
      if (family.isRevoked) return 'revoked';
      if (family.refreshToken === token) return renew(family, rotate);
      family.isRevoked = reuseDetection;
      return 'spent';
    },
    expire: () => {
      for (const family of families) family.expiresAtMs = -Infinity;
    },
    revoke: (user) => {
      for (const family of families) family.isRevoked ||= user === undefined || family.user === user;
    },
  };
};
