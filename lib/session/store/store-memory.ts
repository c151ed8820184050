import { laterId } from '../state/session-id';
import type { Tokens } from '../state/session-state';
import { isSameGrant, reconcile, type SessionEnd, type Standing } from './precedence';

/**
 * How often the same tokens are written again over older ones. Without a limit, a store that confirms a write and yet
 * returns the tokens before it would be written for ever.
 */
const MAX_REWRITES = 10;

/** How many tokens whose write has failed are remembered. */
const MAX_LATE = 10;

/**
 * The external change that a read has found: tokens that have precedence over the session's, `null` for a sign-out by
 * another session, undefined for no change.
 */
export type External = Tokens | null | undefined;

/** What a session remembers of its store. Immutable. */
export interface StoreMemory {
  readonly standing: Standing;
  /** The tokens in the store when it was last read or written: `null` for none, undefined if they are unknown. */
  readonly stored?: Tokens | null | undefined;
  /** The latest session id that was seen. */
  readonly latestId: string;
  /** How often the session's tokens were written again. */
  readonly rewrites: number;
  /** The number of the latest read that has returned. */
  readonly latestRead: number;
  /** How many writes were given up and have not ended yet. */
  readonly hangingWrites: number;
  /** How many calls of `clear` were given up. Each of them explains one read of an empty store. */
  readonly lateClears: number;
  /** Whether a write was given up, and no read has shown its effect yet. */
  readonly isInDoubt: boolean;
  /** The number of the last read that cannot show the effect; `Infinity` while a write that was given up goes on. */
  readonly lastReadInDoubt: number;
}

export const NO_MEMORY: StoreMemory = {
  standing: { mine: undefined },
  latestId: '',
  rewrites: 0,
  latestRead: 0,
  hangingWrites: 0,
  lateClears: 0,
  isInDoubt: false,
  lastReadInDoubt: Infinity,
};

const replace = (memory: StoreMemory, tokens: Tokens, next: Omit<Standing, 'mine'>): StoreMemory => {
  const { standing, stored, latestId } = memory;
  const last = standing.mine ?? stored;
  const previousId = last?.sessionId === tokens.sessionId ? standing.previousId : last?.sessionId;
  return {
    ...memory,
    standing: { ...next, mine: tokens, endedBy: undefined, previousId },
    latestId: laterId(latestId, tokens.sessionId),
    rewrites: 0,
  };
};

/** The session uses these tokens now: it has adopted them, or has written them itself. */
export const onTaken = (memory: StoreMemory, tokens: Tokens): StoreMemory => {
  const { standing } = memory;
  const { mine, late = [] } = standing;
  return isSameGrant(tokens, mine)
    ? { ...memory, standing: { ...standing, mine: tokens, endedBy: undefined } }
    : replace(memory, tokens, { replaced: mine ?? null, late });
};

/** The session is over. */
export const onSessionEnd = (memory: StoreMemory, endedBy: SessionEnd): StoreMemory => ({
  ...memory,
  standing: { ...memory.standing, endedBy },
});

/** The session begins with these tokens, or is over, and the store is about to be written. */
export const onSessionChange = (memory: StoreMemory, what: Tokens | SessionEnd): StoreMemory =>
  typeof what === 'string' ? onSessionEnd(memory, what) : replace(memory, what, memory.standing);

/** A write is about to begin. */
export const onWrite = (memory: StoreMemory): StoreMemory => {
  const { standing, stored } = memory;
  return standing.isOwed ? memory : { ...memory, standing: { ...standing, isOwed: true, replaced: stored } };
};

/** A write is done; with `isLast`, no other one is queued. */
export const onWritten = (memory: StoreMemory, what: Tokens | null, isLast: boolean): StoreMemory => {
  const { standing, stored, rewrites, isInDoubt } = memory;
  // The next write replaces these tokens.
  const written = isLast ? { ...standing, isOwed: false } : { ...standing, replaced: what };
  return {
    ...memory,
    standing: isLast && !isInDoubt ? { ...written, late: [] } : written,
    // A store that needed a rewrite confirms writes without doing them: only a read says what it holds.
    stored: rewrites ? stored : what,
  };
};

/** A write has failed, or with `isGivenUp` taken too long. */
export const onWriteFailed = (
  memory: StoreMemory,
  what: Tokens | null,
  isLast: boolean,
  isGivenUp: boolean,
): StoreMemory => {
  const { standing, rewrites, hangingWrites, lateClears } = memory;
  const late = what ? [...(standing.late ?? []), what].slice(-MAX_LATE) : standing.late;
  const failed = { ...memory, standing: { ...standing, late } };
  if (!isGivenUp) return failed;
  return {
    ...failed,
    // A store that hangs is not called again for the same tokens.
    rewrites: isLast ? MAX_REWRITES : rewrites,
    hangingWrites: hangingWrites + 1,
    lateClears: lateClears + (what ? 0 : 1),
    isInDoubt: true,
    lastReadInDoubt: Infinity,
  };
};

/** A write that was given up has ended. `isDone`: it succeeded, and no later write was added. */
export const onEndedLate = (memory: StoreMemory, isDone: boolean, readsBegun: number): StoreMemory => {
  const { standing, lastReadInDoubt } = memory;
  const hangingWrites = memory.hangingWrites - 1;
  return {
    ...memory,
    standing: isDone ? { ...standing, isOwed: false } : standing,
    rewrites: 0,
    hangingWrites,
    lastReadInDoubt: hangingWrites ? lastReadInDoubt : readsBegun,
  };
};

/** The result of a read. `rewrite`: the tokens to write again, or `null` to clear the store again. */
interface ReadResult {
  readonly memory: StoreMemory;
  readonly external?: External;
  readonly rewrite?: Tokens | null;
}

/** The `nth` read has found `tokens`. A read that returns after a later one is ignored. */
export const onRead = (memory: StoreMemory, tokens: Tokens | null | undefined, nth: number): ReadResult => {
  const { standing, lateClears, rewrites, latestRead } = memory;
  if (nth < latestRead) return { memory };
  const { mine, endedBy, isOwed, replaced } = standing;
  // A `clear` that was given up may have emptied the store later, so the tokens count as lost. While a write is owed,
  // or the session is over, an empty store ends no session in any case, and uses up no such `clear`.
  const isLateClear = tokens === null && lateClears > 0;
  const found = isLateClear ? undefined : tokens;
  const verdict = reconcile(standing, found);
  // A store that parses its entry returns a copy: the session keeps its tokens once.
  const stored = found && isSameGrant(found, mine) ? mine : found;
  const isCertain = nth > memory.lastReadInDoubt;
  const isRewrite = verdict === 'write' && rewrites < MAX_REWRITES;
  const next: StoreMemory = {
    ...memory,
    standing: {
      ...standing,
      isOwed: !!isOwed && verdict !== 'same',
      replaced: replaced === undefined ? stored : replaced,
      late: isCertain ? [] : standing.late,
    },
    stored,
    rewrites: verdict === 'write' ? rewrites + 1 : rewrites,
    latestRead: nth,
    lateClears: isCertain ? 0 : lateClears - (isLateClear && !isOwed && !endedBy ? 1 : 0),
    isInDoubt: memory.isInDoubt && !isCertain,
  };
  return {
    memory: next,
    external: verdict === 'adopt' ? found : verdict === 'signed-out' ? null : undefined,
    ...(isRewrite && { rewrite: endedBy ? null : (mine ?? null) }),
  };
};
