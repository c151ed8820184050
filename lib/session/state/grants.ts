import { jwtDecode } from 'jwt-decode';
import { tagOf } from '../../http/body';
import { digestOf } from '../store/precedence';
import type { Tokens } from './session-state';

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
const token = (value: unknown, name = 'tokens'): string => {
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
const positive = (ms: unknown): number | undefined =>
  typeof ms === 'number' && ms > 0 && ms < Infinity ? ms : undefined;

/** Tokens from what is checked here, field by field; no key holds `undefined`. */
const tokensOf = (
  accessToken: string,
  { refreshToken, expiresAtMs, sessionId, revision }: { readonly [Key in keyof Omit<Tokens, 'accessToken'>]: unknown },
  name?: string,
): Tokens => ({
  accessToken,
  ...(refreshToken != null &&
    refreshToken !== '' && { refreshToken: token(refreshToken, name && `${name}: refreshToken`) }),
  ...(positive(expiresAtMs) && { expiresAtMs: Number(expiresAtMs) }),
  sessionId: `${sessionId}`,
  ...(Number.isSafeInteger(revision) && { revision: Number(revision) }),
});

/**
 * Tokens from a grant received at `atMs`, which replaces those of `previous`. Throws a `TypeError`, which quotes nothing, for a grant that is malformed.
 *
 * @param name - Who brought it, for that error: `refresh` and `restore` emit one, others are given one.
 */
export const toTokens = (
  grant: unknown,
  previous: Pick<Tokens, 'sessionId'> & Partial<Tokens>,
  atMs: number,
  name = 'initial',
): Tokens => {
  const { accessToken, refreshToken, expiresInMs } = Object(grant);
  if (accessToken == null || accessToken === '') {
    const verb = /^re/.test(name) ? 'emitted' : 'was given';
    throw new MalformedGrantError(`${name}: no accessToken in what it ${verb} (${shapeOf(grant)})`);
  }
  const lifeMs = positive(expiresInMs) ?? positive(jwtLifeMs(accessToken, atMs));
  const fields = {
    refreshToken: refreshToken || previous.refreshToken,
    expiresAtMs: lifeMs && atMs + lifeMs,
    sessionId: previous.sessionId,
    revision: (previous.revision ?? 0) + 1,
  };
  return tokensOf(token(accessToken, `${name}: accessToken`), fields, name);
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
