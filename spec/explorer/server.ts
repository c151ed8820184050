import type { TokenGrant } from 'renewal';
import type { GrantKind, User } from './plan';

/** A sign-in and its tokens, which are named after it. */
interface Family {
  readonly name: string;
  accessToken: string;
  refreshToken: string;
  /** Whether the server rejects the access token before its expiry. */
  isDead: boolean;
  expiresAtMs: number;
}

/** The family that a token belongs to, by its name. */
export const familyOf = (token: string | undefined): string | undefined => token?.split('.')[0];

/** Matches the tokens of the model in any text. */
export const TOKEN = /[AB]\d+\.[tr]\d+/;

/**
 * The server of the model. It is not the issuer of `renewal/testing`: the plan of a run decides what a refresh is
 * granted, the same tokens included and also for a spent one. Invariants read the sign-in in the name of a token.
 */
export interface Server {
  /** Begins a family. */
  signIn(user: User): TokenGrant;
  /** Grants new tokens of the family of the refresh token. */
  renew(refreshToken: string | undefined, kind: GrantKind): TokenGrant;
  /** Rejects the access token of the family from now on. */
  expire(family: string | null | undefined): void;
  takes(accessToken: string | undefined): boolean;
  /** Whether a newer refresh token has replaced it. */
  isSpent(refreshToken: string | undefined): boolean;
}

export const createServer = (lifeMs: number | undefined, elapsedMs: () => number): Server => {
  const families = new Map<string, Family>();
  let tokens = 0;

  const find = (token: string | undefined): Family | undefined => families.get(familyOf(token) ?? '');

  const renewed = (family: Family, kind: GrantKind): TokenGrant => {
    tokens++;
    if (kind !== 'same') family.accessToken = `${family.name}.t${tokens}`;
    if (kind === 'rotated') family.refreshToken = `${family.name}.r${tokens}`;
    family.isDead = false;
    family.expiresAtMs = elapsedMs() + (lifeMs ?? Infinity);
    const { accessToken, refreshToken } = family;
    return { accessToken, ...(kind === 'rotated' && { refreshToken }), ...(lifeMs && { expiresInMs: lifeMs }) };
  };

  return {
    signIn: (user) => {
      const name = `${user}${families.size + 1}`;
      const family = { name, accessToken: '', refreshToken: '', isDead: false, expiresAtMs: 0 };
      families.set(name, family);
      return renewed(family, 'rotated');
    },
    renew: (refreshToken, kind) => {
      const family = find(refreshToken);
      if (!family) throw new Error(`the server knows no ${refreshToken}`);
      return renewed(family, kind);
    },
    expire: (name) => {
      const family = families.get(name ?? '');
      if (family) family.isDead = true;
    },
    takes: (accessToken) => {
      const family = find(accessToken);
      return family?.accessToken === accessToken && !family?.isDead && elapsedMs() < (family?.expiresAtMs ?? 0);
    },
    isSpent: (refreshToken) => find(refreshToken)?.refreshToken !== refreshToken,
  };
};
