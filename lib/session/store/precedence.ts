import { digestOf, isOrdered } from '../state/session-id';
import type { Tokens } from '../state/session-state';

/** How a session ended. */
export type Over = 'sign-out' | 'refused';

/** What a session knows when it reads its store. */
export interface Standing {
  /** The newest tokens of the session; undefined if there never were any. */
  readonly mine: Tokens | undefined;
  /** How those tokens ended; undefined while the session has them. */
  readonly over?: Over | undefined;
  /**
   * Whether the last write has failed or is not done yet: the store may still hold what it was to replace.
   */
  readonly isOwed?: boolean | undefined;
  /** Tokens whose write has failed or was given up. The store may have kept them all the same, or may do so later. */
  readonly late?: readonly Tokens[] | undefined;
  /** What the session's tokens have replaced in the store: `null` for nothing, undefined if it has never been read. */
  readonly replaced?: Tokens | null | undefined;
  /** The id of the session before that one. */
  readonly before?: string | undefined;
}

/**
 * What follows from a read. `ours`: the store holds this session's tokens. `adopt`: the stored tokens have precedence.
 * `write`: this session's have precedence and are written again; if it is over, the store is cleared. `signed-out`:
 * someone has signed out. `nothing`: nothing follows.
 */
export type StoreVerdict = 'ours' | 'adopt' | 'write' | 'signed-out' | 'nothing';

const isSameAccess = (one: Tokens, other: Tokens | null | undefined): boolean => one.accessToken === other?.accessToken;

const isLate = (found: Tokens, late: Standing['late']): boolean => !!late?.some((other) => isSameAccess(found, other));

/** Whether both are of the same grant. */
export const isSameGrant = (one: Tokens, other: Tokens | undefined): boolean =>
  one.sessionId === other?.sessionId && one.revision === other.revision && isSameAccess(one, other);

/**
 * Above 0 if the stored tokens are newer than those of this session, below 0 if they are older, 0 if they are the same.
 */
const orderOf = ({ isOwed, late = [], replaced, before }: Standing, mine: Tokens, found: Tokens): number => {
  if (mine.sessionId === found.sessionId) {
    if (found.revision !== undefined) {
      const order = found.revision - (mine.revision ?? 0);
      // A full store may hold nothing but the refresh token of this session's own grant.
      const isMine = (!found.accessToken || isSameAccess(found, mine)) && found.refreshToken === mine.refreshToken;
      // Two refreshes without a lock have given out one revision: what the store holds counts.
      return order || Number(!isMine);
    }
    if (isSameAccess(found, mine)) return Number(found.refreshToken !== mine.refreshToken);
    return isSameAccess(found, replaced) || (isOwed && replaced === undefined) ? -1 : 1;
  }
  if (isOrdered(mine.sessionId) && isOrdered(found.sessionId)) return found.sessionId > mine.sessionId ? 1 : -1;
  // A foreign writer has begun a session or has not finished a write, or the store holds what this session was to
  // replace.
  if (isSameAccess(found, mine)) return Number(found.sessionId !== digestOf(found.accessToken));
  // A refresh of the session before has crossed the sign-in.
  const hasStoredId = found.revision !== undefined || found.sessionId !== digestOf(found.accessToken);
  if (hasStoredId && found.sessionId === before) return -1;
  return isLate(found, late) || (isOwed && (replaced === undefined || isSameAccess(found, replaced))) ? -1 : 1;
};

/**
 * Decides which tokens have precedence: those of the later sign-in and, of one sign-in, the higher revision. Token
 * strings are compared only if a foreign writer has left no revision, or if two writers have used the same one.
 *
 * @param found - What the store holds: `null` for nothing, undefined if it has lost what it held.
 */
export const reconcile = (standing: Standing, found: Tokens | null | undefined): StoreVerdict => {
  const { mine, over, isOwed, late = [], replaced, before } = standing;
  // The user signed out before the store had answered.
  const isUncleared = over && isOwed && (replaced === undefined || (found && isSameAccess(found, replaced)));
  if (!mine) return found ? (isUncleared ? 'write' : 'adopt') : 'nothing';
  if (found === undefined) return over ? 'nothing' : 'write';
  if (!found) return over || isOwed ? 'nothing' : 'signed-out';
  const order = orderOf(standing, mine, found);
  // After the end, the store held no id. A sign-in counts whatever its id, unless the store could not be cleared.
  const isRemembered = [mine.sessionId, before, ...late.map(({ sessionId }) => sessionId)].includes(found.sessionId);
  if (over && !isOwed && !isRemembered && found.revision === 1) return 'adopt';
  // A sign-out ends every revision of this sign-in, also later ones; a refusal ends only the refused one.
  if (over === 'sign-out' && mine.sessionId === found.sessionId && (order || isOrdered(mine.sessionId))) return 'write';
  if (order > 0) return 'adopt';
  if (order < 0 || over === 'refused') return 'write';
  // The same token after a sign-out is a new sign-in for which the server has returned it again, unless this session
  // may have left it.
  return over ? (isOwed || isLate(found, late) ? 'write' : 'adopt') : 'ours';
};
