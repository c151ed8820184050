import { jwtDecode } from 'jwt-decode';
import { defined } from '../http/options';
import type { Tokens } from './state';

/** What a server hands out. */
export interface TokenGrant {
  readonly accessToken: string;
  /** Left out where the server does not rotate it: the old one stays. */
  readonly refreshToken?: string | undefined;
  /** Milliseconds from now; what is not finite and above 0 means unknown. */
  readonly expiresInMs?: number | undefined;
}

/** Printable ASCII (RFC 6749 appendix A.12): anything else can't travel in a header. */
const isToken = (value: unknown): value is string => typeof value === 'string' && /^[\x20-\x7e]+$/.test(value);

const isFinitePositive = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value < Infinity;

/** How long the token lives by its own `exp` and `iat` (RFC 7519): the difference, as the server's clock may not be ours. */
const jwtLifeMs = (token: string): number => {
  try {
    const { exp, iat } = jwtDecode(token);
    return (Number(exp) - Number(iat)) * 1000;
  } catch {
    return 0;
  }
};

/** A fresh id for a session. It tells sessions apart and protects nothing. */
export const newSessionId = (): string => Math.random().toString(36).slice(2);

/**
 * Tokens from a grant received at `atMs`. Throws a `TypeError`, which quotes nothing, for a grant that is malformed: no object, no
 * access token, or a token that can't travel in a header.
 */
export const toTokens = (grant: unknown, previous: Partial<Tokens>, atMs: number): Tokens => {
  // A grant comes from a server: each field is checked before it is used.
  const { accessToken, refreshToken, expiresInMs } = Object(grant) as Record<keyof TokenGrant, unknown>;
  const kept = refreshToken || previous.refreshToken;
  if (!isToken(accessToken) || !(kept === undefined || isToken(kept))) throw new TypeError('the grant is malformed');
  const lifeMs = isFinitePositive(expiresInMs) ? expiresInMs : jwtLifeMs(accessToken);
  return defined({
    accessToken,
    refreshToken: kept,
    expiresAtMs: isFinitePositive(lifeMs) ? atMs + lifeMs : undefined,
    sessionId: previous.sessionId ?? newSessionId(),
  }) as Tokens;
};

/** What a store returned, checked: tokens, or `null` for anything else. Tokens that someone else wrote may lack a session id. */
export const toStored = (value: unknown): Tokens | null => {
  const { accessToken, refreshToken, expiresAtMs, sessionId } = Object(value) as Record<keyof Tokens, unknown>;
  if (!isToken(accessToken)) return null;
  return defined({
    accessToken,
    refreshToken: isToken(refreshToken) ? refreshToken : undefined,
    expiresAtMs: isFinitePositive(expiresAtMs) ? expiresAtMs : undefined,
    sessionId: typeof sessionId === 'string' ? sessionId : '',
  }) as Tokens;
};
