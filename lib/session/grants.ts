import { jwtDecode } from 'jwt-decode';
import { tagOf } from '../http/body';
import type { Tokens } from './state';

/** What a server hands out. */
export interface TokenGrant {
  readonly accessToken: string;
  /** Left out where the server does not rotate it: the old one stays. */
  readonly refreshToken?: string | undefined;
  /** Milliseconds from now; what is not finite and above 0 means unknown. */
  readonly expiresInMs?: number | undefined;
}

/** What came is no grant. Says what is missing, and quotes no value. */
export class MalformedGrantError extends TypeError {}

/** What a key looks like that may be shown; another one, such as one with a digit, may be a token. */
const shown = (name: string): string => (/^[a-z_$-]{1,40}$/i.test(name) ? name : '…');

/** What there is instead of a grant, without its values: the first ten keys. */
const shapeOf = (value: unknown): string => {
  const tag = tagOf(value);
  if (tag !== 'Object') return shown(tag);
  return `keys: ${Object.keys(Object(value)).slice(0, 10).map(shown).join(', ') || 'none'}`;
};

/** A text of printable ASCII (RFC 6749 appendix A.12), as anything else can't travel in a header; throws a `TypeError` otherwise. */
const token = (value: unknown, name: string): string => {
  if (typeof value === 'string' && /^[ -~]+$/.test(value)) return value;
  throw new MalformedGrantError(`${name}: expected a string of printable ASCII`);
};

/**
 * How long the token lives by its own claims (RFC 7519): from `iat` or `nbf` to `exp`, as the server's clock may not be ours; with `exp` alone, until then. If our
 * clock takes such a token for expired, nothing is known: a refresh might bring the next one that is.
 */
const jwtLifeMs = (accessToken: string, atMs: number): number => {
  try {
    const { exp, iat, nbf } = jwtDecode(accessToken);
    return (Number(exp) - Number(iat ?? nbf ?? atMs / 1000)) * 1000;
  } catch {
    return 0;
  }
};

/** What is not finite and above 0 means unknown. */
const known = (ms: unknown): number | undefined => (typeof ms === 'number' && ms > 0 && ms < Infinity ? ms : undefined);

/** Tokens from what is checked here, field by field; no key holds `undefined`. */
const tokensOf = (
  accessToken: unknown,
  refreshToken: unknown,
  expiresAtMs: unknown,
  sessionId: unknown,
  name = 'store',
): Tokens => ({
  accessToken: token(accessToken, `${name}: accessToken`),
  ...(refreshToken != null && refreshToken !== '' && { refreshToken: token(refreshToken, `${name}: refreshToken`) }),
  ...(known(expiresAtMs) && { expiresAtMs: Number(expiresAtMs) }),
  sessionId: `${sessionId}`,
});

/**
 * Tokens from a grant received at `atMs`. Throws a `TypeError`, which quotes nothing, for a grant that is malformed.
 *
 * @param name - Who brought it, for that error: `refresh` and `restore` emit one, others are given one.
 */
export const toTokens = (grant: unknown, previous: Partial<Tokens>, atMs: number, name = 'initial'): Tokens => {
  const { accessToken, refreshToken, expiresInMs } = Object(grant);
  if (accessToken == null || accessToken === '') {
    const place = /^re/.test(name) ? 'emitted' : 'was given';
    throw new MalformedGrantError(`${name}: no accessToken in what it ${place} (${shapeOf(grant)})`);
  }
  const lifeMs = known(expiresInMs) ?? known(jwtLifeMs(accessToken, atMs));
  // An id tells sessions apart; it protects nothing.
  const { sessionId = Math.random().toString(36).slice(2) } = previous;
  return tokensOf(accessToken, refreshToken || previous.refreshToken, lifeMs && atMs + lifeMs, sessionId, name);
};

/** What a store returned, checked. Tokens that someone else wrote may lack a session id. Throws as {@link toTokens}. */
export const toStored = ({ accessToken, refreshToken, expiresAtMs, sessionId = '' }: Tokens): Tokens =>
  tokensOf(accessToken, refreshToken, expiresAtMs, sessionId);
