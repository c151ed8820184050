import type { TokenGrant } from 'renewal';
import type { GrantKind, User } from './plan';

/** What one sign-in has led to: its tokens are named after it, so that each shows whose it is. */
interface Family {
  readonly name: string;
  accessToken: string;
  refreshToken: string;
  /** Whether the server has declared the access token dead ahead of its time. */
  isDead: boolean;
  expiresAtMs: number;
}

/** The family that a token belongs to, by its name. */
export const familyOf = (token: string | undefined): string | undefined => token?.split('.')[0];

/** What looks like a token of ours, wherever it turns up. */
export const TOKEN = /[AB]\d+\.[tr]\d+/;

/** The server of the model: rotates refresh tokens, and takes each once. */
export interface Server {
  /** Begins a family. */
  signIn(user: User): TokenGrant;
  /** Hands out new tokens of the family that the refresh token belongs to. */
  renew(refreshToken: string | undefined, kind: GrantKind): TokenGrant;
  /** Declares the family's access token dead. */
  expire(family: string | null | undefined): void;
  takes(accessToken: string | undefined): boolean;
  /** Whether a newer refresh token has taken its place. */
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
