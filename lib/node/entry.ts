import type { Tokens } from 'renewal';
import { isOrdered, laterId } from '../session/state/session-id';
import { FileStoreError } from './file-store-error';

/** What the file holds: tokens, or the mark of a sign-out. */
export type Entry =
  | { readonly tokens: Tokens }
  | { readonly signedOut: { readonly sessionId: string; readonly atMs: number } };

const FORMAT = 1;

/** How long the mark of a sign-out counts. */
const MARK_LIFE_MS = 86_400_000;

/** The file holds something else. The message quotes nothing of it. */
export class EntryError extends FileStoreError {
  /** @param isLaterFormat - Whether a later version of this package has written it: then it is not overwritten. */
  constructor(readonly isLaterFormat: boolean) {
    const expected = isLaterFormat ? 'this version of fileStore knows' : 'fileStore has written';
    super(isLaterFormat ? 'later-format' : 'unknown-format', `path: expected a file that ${expected}`);
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the parser's own error quotes the text
  }
};

export const parseEntry = (text: string): Entry => {
  const { version, tokens, signedOut } = Object(parseJson(text));
  if (typeof version === 'number' && version > FORMAT) throw new EntryError(true);
  const { accessToken, sessionId } = Object(tokens);
  if (version === FORMAT && typeof accessToken === 'string' && typeof sessionId === 'string') return { tokens };
  const mark = Object(signedOut);
  if (version === FORMAT && typeof mark.sessionId === 'string' && typeof mark.atMs === 'number') return { signedOut };
  throw new EntryError(false);
};

export const stringifyEntry = (entry: Entry): string => `${JSON.stringify({ version: FORMAT, ...entry })}\n`;

/** Whether a mark still counts. A clock that was set back does not make it last longer than that. */
const lasts = (atMs: number, nowMs: number): boolean => Math.abs(nowMs - atMs) < MARK_LIFE_MS;

/** The tokens of an entry; `null` if signed out, undefined if nothing is known. */
export const tokensOf = (entry: Entry | undefined, nowMs: number): Tokens | null | undefined => {
  if (!entry) return undefined;
  if ('tokens' in entry) return entry.tokens;
  return lasts(entry.signedOut.atMs, nowMs) ? null : undefined;
};

/** The mark of a sign-out that ends the session of `held`, and the session of that id. */
export const signOutOf = (held: Entry | undefined, knownId: string, nowMs: number): Entry => {
  const heldId = held && ('tokens' in held ? held.tokens : held.signedOut).sessionId;
  return { signedOut: { sessionId: laterId(heldId ?? knownId, knownId), atMs: nowMs } };
};

const isLater = (one: string, other: string): boolean => isOrdered(one) && isOrdered(other) && one > other;

/**
 * Whether an entry has precedence over tokens that are about to be saved: a later session, a higher revision of the
 * same one or other tokens of that revision, or its sign-out. Nothing has precedence over a sign-in, unless that is
 * written again (`isKnown`): a later sign-in, or its own sign-out, may have come between.
 */
export const hasPrecedence = (held: Entry, tokens: Tokens, isKnown: boolean, nowMs: number): boolean => {
  const { sessionId, revision } = tokens;
  if (revision === 1 && !isKnown) return false;
  if ('signedOut' in held) {
    const { sessionId: endedId, atMs } = held.signedOut;
    const isOfEnded = endedId === sessionId || isLater(endedId, sessionId);
    return isOfEnded && revision !== undefined && lasts(atMs, nowMs);
  }
  const other = held.tokens;
  if (other.sessionId !== sessionId) return isLater(other.sessionId, sessionId);
  if (other.revision === undefined || revision === undefined) return false;
  const isSame = other.accessToken === tokens.accessToken && other.refreshToken === tokens.refreshToken;
  return other.revision > revision || (other.revision === revision && !isSame);
};
