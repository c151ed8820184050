import { digestOf, isOrdered } from '../state/session-id';
import type { Tokens } from '../state/session-state';

/** How a session ended. */
export type SessionEnd = 'sign-out' | 'refused';

/** What a session knows when it reads its store. */
export interface Standing {
  /** The newest tokens of the session; undefined if there never were any. */
  readonly mine: Tokens | undefined;
  /** How the session of those tokens ended; undefined while it lasts. */
  readonly endedBy?: SessionEnd | undefined;
  /** Whether the last write has failed or is not done yet: the store may still hold the tokens before it. */
  readonly isOwed?: boolean | undefined;
  /** Tokens whose write has failed or was given up. The store may have saved them nevertheless, or may do so later. */
  readonly late?: readonly Tokens[] | undefined;
  /** The tokens in the store before `mine`: `null` for none, undefined if the store has never been read. */
  readonly replaced?: Tokens | null | undefined;
  /** The id of the session before the session of `mine`. */
  readonly previousId?: string | undefined;
}

/**
 * The action after a read. `same`: none, the store holds this session's tokens. `adopt`: the stored tokens have
 * precedence. `write`: this session's tokens have precedence and are written again, or the store is cleared if the
 * session is over. `signed-out`: another session has signed out. `nothing`: none, the read says nothing.
 */
export type StoreVerdict = 'same' | 'adopt' | 'write' | 'signed-out' | 'nothing';

const isSameAccess = (one: Tokens, other: Tokens | null | undefined): boolean => one.accessToken === other?.accessToken;

const isLate = (found: Tokens, late: Standing['late']): boolean => !!late?.some((other) => isSameAccess(found, other));

/** Whether both are of the same grant. */
export const isSameGrant = (one: Tokens, other: Tokens | undefined): boolean =>
  one.sessionId === other?.sessionId && one.revision === other.revision && isSameAccess(one, other);

/**
 * Above 0 if the stored tokens are newer than those of this session, below 0 if they are older, 0 if they are the same.
 */
const orderOf = ({ isOwed, late = [], replaced, previousId }: Standing, mine: Tokens, found: Tokens): number => {
  if (mine.sessionId === found.sessionId) {
    if (found.revision !== undefined) {
      const order = found.revision - (mine.revision ?? 0);
      // A full store may hold only the refresh token of this session's grant.
      const isMine = (!found.accessToken || isSameAccess(found, mine)) && found.refreshToken === mine.refreshToken;
      // Two refreshes without a lock may have used the same revision: the stored tokens count.
      return order || Number(!isMine);
    }
    if (isSameAccess(found, mine)) return Number(found.refreshToken !== mine.refreshToken);
    return isLate(found, late) || isSameAccess(found, replaced) || (isOwed && replaced === undefined) ? -1 : 1;
  }
  if (isOrdered(mine.sessionId) && isOrdered(found.sessionId)) return found.sessionId > mine.sessionId ? 1 : -1;
  // From here on, at least one of the ids comes from a foreign writer and has no order. With the same access token, an
  // id that is only its digest says nothing new. Any other id names a session that the foreign writer has begun.
  if (isSameAccess(found, mine)) return Number(found.sessionId !== digestOf(found.accessToken));
  // A late refresh of a session before has written over this sign-in, or its write has failed.
  const hasStoredId = found.revision !== undefined || found.sessionId !== digestOf(found.accessToken);
  const isFormer = found.sessionId === previousId || (isOwed && found.sessionId === replaced?.sessionId);
  if (hasStoredId && isFormer) return -1;
  // All other stored tokens count, unless a failed or unfinished write of this session may have left them there.
  return isLate(found, late) || (isOwed && (replaced === undefined || isSameAccess(found, replaced))) ? -1 : 1;
};

/**
 * Decides which tokens have precedence: those of the later sign-in and, of one sign-in, the higher revision. Token
 * strings are compared only if a foreign writer has left no revision, or if two writers have used the same one.
 *
 * @param found - The tokens in the store: `null` for none, undefined if the store has lost them.
 */
export const reconcile = (standing: Standing, found: Tokens | null | undefined): StoreVerdict => {
  const { mine, endedBy, isOwed, late = [], replaced, previousId } = standing;
  // The user signed out before the first read ended, and the store is not cleared yet.
  const isUncleared = endedBy && isOwed && (replaced === undefined || (found && isSameAccess(found, replaced)));
  if (!mine) return found ? (isUncleared ? 'write' : 'adopt') : 'nothing';
  if (found === undefined) return endedBy ? 'nothing' : 'write';
  if (!found) return endedBy || isOwed ? 'nothing' : 'signed-out';
  const order = orderOf(standing, mine, found);
  // A cleared store holds no id that a sign-in could sort after. So each sign-in with an unknown id counts.
  const isRemembered = [mine.sessionId, previousId, ...late.map(({ sessionId }) => sessionId)].includes(
    found.sessionId,
  );
  if (endedBy && !isOwed && !isRemembered && found.revision === 1) return 'adopt';
  // A sign-out ends every revision of this sign-in, also later ones; a refusal ends only the refused one.
  if (endedBy === 'sign-out' && mine.sessionId === found.sessionId && (order || isOrdered(mine.sessionId)))
    return 'write';
  if (order > 0) return 'adopt';
  if (order < 0 || endedBy === 'refused') return 'write';
  // The same tokens after a sign-out: a write of this session may have left them. Otherwise the server has returned
  // them again for a new sign-in.
  return endedBy ? (isOwed || isLate(found, late) ? 'write' : 'adopt') : 'same';
};
