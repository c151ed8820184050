import { jwtDecode } from 'jwt-decode';
import { digestOf } from './precedence';
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
const tokensOf = (
  accessToken: string,
  { refreshToken, expiresAtMs, sessionId, revision }: { readonly [Key in keyof Omit<Tokens, 'accessToken'>]: unknown },
): Tokens => ({
  accessToken,
  ...(refreshToken != null && refreshToken !== '' && { refreshToken: token(refreshToken) }),
  ...(known(expiresAtMs) && { expiresAtMs: Number(expiresAtMs) }),
  sessionId: `${sessionId}`,
  ...(Number.isSafeInteger(revision) && { revision: Number(revision) }),
});

/**
 * Tokens from a grant received at `atMs`, which replaces those of `previous`. Throws a `TypeError`, which quotes nothing, for a grant that is malformed.
 */
export const toTokens = (
  grant: unknown,
  previous: Pick<Tokens, 'sessionId'> & Partial<Tokens>,
  atMs: number,
): Tokens => {
  const { accessToken, refreshToken, expiresInMs } = Object(grant);
  const lifeMs = known(expiresInMs) ?? known(jwtLifeMs(accessToken));
  return tokensOf(token(accessToken), {
    refreshToken: refreshToken || previous.refreshToken,
    expiresAtMs: lifeMs && atMs + lifeMs,
    sessionId: previous.sessionId,
    revision: (previous.revision ?? 0) + 1,
  });
};

/**
 * What a store returned, checked. Throws as {@link toTokens}. Tokens without a session id are a session of their own, named after the access token, so
 * that all who read them take them for the same one. Without an access token, only the refresh token could be kept, or what there is of a session is elsewhere.
 */
export const toStored = (stored: Tokens): Tokens => {
  const { accessToken, sessionId } = stored;
  if (!accessToken && sessionId) return { ...tokensOf('', stored), expiresAtMs: 1 };
  return tokensOf(token(accessToken), { ...stored, sessionId: sessionId || digestOf(accessToken) });
};
