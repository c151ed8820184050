import { jwtDecode } from 'jwt-decode';
import { tagOf } from '../../http/body';
import { digestOf } from './session-id';
import type { Tokens } from './session-state';

/** Tokens from a server. */
export interface TokenGrant {
  readonly accessToken: string;
  /** Missing if the server does not rotate it: the session keeps the current one. */
  readonly refreshToken?: string | undefined;
  /** Milliseconds from now. Any value except a finite number above 0 means unknown. */
  readonly expiresInMs?: number | undefined;
  /**
   * What else came with the tokens and belongs to the session, as JSON: an id token, a user. A grant without extras
   * keeps the previous ones.
   */
  readonly extras?: Readonly<Record<string, unknown>> | undefined;
}

/** A value is no grant. The message says what is missing, and quotes no value. */
export class MalformedGrantError extends TypeError {}

/** Shows a key if it can be no token: a key with a digit is replaced by an ellipsis. */
const shown = (name: string): string => (/^[a-z_$-]{1,40}$/i.test(name) ? name : '…');

/** Describes a value that is no grant by its first ten keys, without values. */
const shapeOf = (value: unknown): string => {
  const tag = tagOf(value);
  if (tag !== 'Object') return shown(tag);
  return `keys: ${Object.keys(Object(value)).slice(0, 10).map(shown).join(', ') || 'none'}`;
};

/**
 * Returns a text of printable ASCII (RFC 6749 appendix A.12); throws a `TypeError` for anything else, which cannot be
 * sent in a header.
 */
const token = (value: unknown, name = 'tokens'): string => {
  if (typeof value === 'string' && /^[ -~]+$/.test(value)) return value;
  throw new MalformedGrantError(`${name}: expected a string of printable ASCII`);
};

/**
 * The lifetime of a token by its claims (RFC 7519): from `iat` or `nbf` to `exp`, because the server's clock may
 * differ; with `exp` alone, from now. 0 or less means unknown: by this clock, the next token might be expired as well.
 */
const jwtLifeMs = (accessToken: string, atMs: number): number => {
  try {
    const { exp, iat, nbf } = jwtDecode(accessToken);
    return (Number(exp) - Number(iat ?? nbf ?? atMs / 1000)) * 1000;
  } catch {
    return 0;
  }
};

/** Any value except a finite number above 0 means unknown. */
const positive = (ms: unknown): number | undefined =>
  typeof ms === 'number' && ms > 0 && ms < Infinity ? ms : undefined;

/** Checks each field. No key of the result holds `undefined`. */
const tokensOf = (
  accessToken: string,
  {
    refreshToken,
    expiresAtMs,
    sessionId,
    revision,
    extras,
  }: { readonly [Key in keyof Omit<Tokens, 'accessToken'>]: unknown },
  name?: string,
): Tokens => ({
  accessToken,
  ...(refreshToken != null &&
    refreshToken !== '' && { refreshToken: token(refreshToken, name && `${name}: refreshToken`) }),
  ...(positive(expiresAtMs) && { expiresAtMs: Number(expiresAtMs) }),
  sessionId: `${sessionId}`,
  ...(Number.isSafeInteger(revision) && { revision: Number(revision) }),
  ...(tagOf(extras) === 'Object' && { extras: Object(extras) }),
});

/**
 * Makes tokens from a grant received at `atMs`, which replaces the tokens of `previous`. Throws a `TypeError` that
 * quotes no value for a malformed grant.
 *
 * @param name - The function that emitted the grant, or was given it; named in that error.
 */
export const toTokens = (
  grant: unknown,
  previous: Pick<Tokens, 'sessionId'> & Partial<Tokens>,
  atMs: number,
  name = 'initial',
): Tokens => {
  const { accessToken, refreshToken, expiresInMs, extras } = Object(grant);
  if (accessToken == null || accessToken === '') {
    const verb = /^re/.test(name) ? 'emitted' : 'was given';
    throw new MalformedGrantError(`${name}: no accessToken in what it ${verb} (${shapeOf(grant)})`);
  }
  if (extras != null && tagOf(extras) !== 'Object') {
    throw new MalformedGrantError(`${name}: extras: expected an object`);
  }
  const lifeMs = positive(expiresInMs) ?? positive(jwtLifeMs(accessToken, atMs));
  const fields = {
    refreshToken: refreshToken || previous.refreshToken,
    expiresAtMs: lifeMs && atMs + lifeMs,
    sessionId: previous.sessionId,
    revision: (previous.revision ?? 0) + 1,
    extras: extras ?? previous.extras,
  };
  return tokensOf(token(accessToken, `${name}: accessToken`), fields, name);
};

/**
 * Checks the tokens that a store returned. Throws as {@link toTokens}. Tokens without a session id get one from the
 * access token, so that all readers agree on it. Without an access token, only the refresh token could be stored, or
 * the tokens of the session are elsewhere.
 */
export const toStored = (stored: Tokens): Tokens => {
  const { accessToken, sessionId } = stored;
  if (!accessToken && sessionId) return { ...tokensOf('', stored), expiresAtMs: 1 };
  return tokensOf(token(accessToken), { ...stored, sessionId: sessionId || digestOf(accessToken) });
};
