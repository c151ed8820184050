import { asyncScheduler } from 'rxjs';

/** The tokens of all users of a backend. */
export interface TokenIssuer {
  /** Signs a user in: `ann.access.1` and `ann.refresh.1` the first time. */
  issue(user: string): Issued;
  /** The user of an access token, if it is alive. */
  userOf(accessToken: string): string | undefined;
  /** The next tokens for a refresh token, or why it is refused. */
  rotate(refreshToken: string): Issued | RefreshRefusal;
  /** Ends the life of an access token, or of each. */
  expire(accessToken?: string): void;
  /** Ends all sign-ins of a user, or of everyone. */
  revoke(user?: string): void;
}

/** A grant with both tokens. */
export interface Issued {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInMs?: number;
}

/** Why a refresh token is refused: never issued, its sign-in has ended, or used before. */
export type RefreshRefusal = 'unknown' | 'revoked' | 'spent';

/** The tokens of one sign-in. */
interface Family {
  readonly user: string;
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

/** The name of a user as a part of a token: a header carries ASCII. */
const nameOf = (user: string): string => user.replace(/[^\x21-\x7e]/gu, encodeURIComponent);

/** Rotation and reuse detection by RFC 9700 section 4.14.2. A refresh ends the life of the access token before it. */
export const createTokenIssuer = ({ tokenLifeMs, rotate, reuseDetection }: IssuerOptions): TokenIssuer => {
  const families = new Set<Family>();
  const byAccessToken = new Map<string, Family>();
  /** Spent tokens too. */
  const byRefreshToken = new Map<string, Family>();
  const counts = new Map<string, number>();

  const renew = (family: Family, isRotated: boolean): Issued => {
    const { user } = family;
    const count = (counts.get(user) ?? 0) + 1;
    counts.set(user, count);
    byAccessToken.delete(family.accessToken);
    family.accessToken = `${nameOf(user)}.access.${count}`;
    if (isRotated) family.refreshToken = `${nameOf(user)}.refresh.${count}`;
    family.expiresAtMs = asyncScheduler.now() + tokenLifeMs;
    byAccessToken.set(family.accessToken, family);
    byRefreshToken.set(family.refreshToken, family);
    const { accessToken, refreshToken } = family;
    return { accessToken, refreshToken, ...(Number.isFinite(tokenLifeMs) && { expiresInMs: tokenLifeMs }) };
  };

  return {
    issue: (user) => {
      const family = { user, accessToken: '', refreshToken: '', expiresAtMs: 0, isRevoked: false };
      families.add(family);
      return renew(family, true);
    },
    userOf: (token) => {
      const family = byAccessToken.get(token);
      return family && !family.isRevoked && asyncScheduler.now() < family.expiresAtMs ? family.user : undefined;
    },
    rotate: (token) => {
      const family = byRefreshToken.get(token);
      if (!family) return 'unknown';
      if (family.isRevoked) return 'revoked';
      if (family.refreshToken === token) return renew(family, rotate);
      family.isRevoked = reuseDetection;
      return 'spent';
    },
    expire: (token) => {
      for (const family of families)
        if (token === undefined || token === family.accessToken) family.expiresAtMs = -Infinity;
    },
    revoke: (user) => {
      for (const family of families) family.isRevoked ||= user === undefined || family.user === user;
    },
  };
};
