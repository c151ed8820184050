import { jwtDecode } from 'jwt-decode';
import type { Tokens } from './state';

/** What a server hands out. */
export interface TokenGrant {
  readonly accessToken: string;
  /** Left out where the server does not rotate it: the old one stays. */
  readonly refreshToken?: string | undefined;
  /** Milliseconds from now; what is not finite and above 0 means unknown. */
  readonly expiresInMs?: number | undefined;
}

/** What came is no grant; quotes nothing of it. */
export class MalformedGrantError extends TypeError {}

/** A text of printable ASCII (RFC 6749 appendix A.12), as anything else can't travel in a header; throws a `TypeError` otherwise. */
const token = (value: unknown): string => {
  if (typeof value === 'string' && /^[ -~]+$/.test(value)) return value;
  throw new MalformedGrantError('malformed tokens');
};

/** How long the token lives by its own `exp` and `iat` (RFC 7519): the difference, as the server's clock may not be ours. */
const jwtLifeMs = (accessToken: string): number => {
  try {
    const { exp, iat } = jwtDecode(accessToken);
    return (Number(exp) - Number(iat)) * 1000;
  } catch {
    return 0;
  }
};

/** What is not finite and above 0 means unknown. */
const known = (ms: unknown): number | undefined => (typeof ms === 'number' && ms > 0 && ms < Infinity ? ms : undefined);

/** Tokens from what is checked here, field by field; no key holds `undefined`. */
const tokensOf = (accessToken: unknown, refreshToken: unknown, expiresAtMs: unknown, sessionId: unknown): Tokens => ({
  accessToken: token(accessToken),
  ...(refreshToken != null && refreshToken !== '' && { refreshToken: token(refreshToken) }),
  ...(known(expiresAtMs) && { expiresAtMs: Number(expiresAtMs) }),
  sessionId: `${sessionId}`,
});

/** Tokens from a grant received at `atMs`. Throws a `TypeError`, which quotes nothing, for a grant that is malformed. */
export const toTokens = (grant: unknown, previous: Partial<Tokens>, atMs: number): Tokens => {
  const { accessToken, refreshToken, expiresInMs } = Object(grant);
  const lifeMs = known(expiresInMs) ?? known(jwtLifeMs(accessToken));
  // An id tells sessions apart; it protects nothing.
  const { sessionId = Math.random().toString(36).slice(2) } = previous;
  return tokensOf(accessToken, refreshToken || previous.refreshToken, lifeMs && atMs + lifeMs, sessionId);
};

/** What a store returned, checked. Tokens that someone else wrote may lack a session id. Throws as {@link toTokens}. */
export const toStored = ({ accessToken, refreshToken, expiresAtMs, sessionId = '' }: Tokens): Tokens =>
  tokensOf(accessToken, refreshToken, expiresAtMs, sessionId);
