import { laterId } from '../state/session-id';
import type { Tokens } from '../state/session-state';
import { isSameGrant, type Over, reconcile, type Standing } from './precedence';

/**
 * How often the same tokens are written again over older ones: a store may confirm a write and yet return what it held
 * before.
 */
const MAX_REWRITES = 10;

/** How many tokens whose write has failed are remembered. */
const MAX_LATE = 10;

/**
 * What follows from a read: tokens that have precedence over the session's own, `null` for a sign-out elsewhere,
 * undefined if nothing follows.
 */
export type External = Tokens | null | undefined;

/** What a session remembers of its store. Immutable. */
export interface StoreMemory {
  readonly standing: Standing;
  /** What the store held when it was last read or written. */
  readonly stored?: External;
  /** The latest session id that was seen. */
  readonly latestId: string;
  /** How often the session's tokens were written again. */
  readonly rewrites: number;
  /** The number of the latest read that was answered. */
  readonly latestRead: number;
  /** How many writes were given up and have not ended yet. */
  readonly hangingWrites: number;
  /** How many calls of `clear` were given up: each of them explains one empty store. */
  readonly lateClears: number;
  /** Whether a write was given up, and no read has shown yet what it has done. Reads after `settledAfter` show it. */
  readonly isInDoubt: boolean;
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
  const before = last?.sessionId === tokens.sessionId ? standing.before : last?.sessionId;
  return {
    ...memory,
    standing: { ...next, mine: tokens, over: undefined, before },
    latestId: laterId(latestId, tokens.sessionId),
    rewrites: 0,
  };
};

/** The session has taken over these tokens. Tokens that it has written itself come back with the state. */
export const onTaken = (memory: StoreMemory, tokens: Tokens): StoreMemory => {
  const { standing } = memory;
  const { mine, late = [] } = standing;
  return isSameGrant(tokens, mine)
    ? { ...memory, standing: { ...standing, mine: tokens, over: undefined } }
    : replace(memory, tokens, { replaced: mine ?? null, late });
};

/** The session is over. */
export const onOver = (memory: StoreMemory, over: Over): StoreMemory => ({
  ...memory,
  standing: { ...memory.standing, over },
});

/** The session begins with these tokens, or is over, and the store is about to be written. */
export const onChange = (memory: StoreMemory, what: Tokens | Over): StoreMemory =>
  typeof what === 'string' ? onOver(memory, what) : replace(memory, what, memory.standing);

/** A write is about to begin. */
export const onWrite = (memory: StoreMemory): StoreMemory => {
  const { standing, stored } = memory;
  return standing.isOwed ? memory : { ...memory, standing: { ...standing, isOwed: true, replaced: stored } };
};

/** A write is done; with `isLast`, no other one is queued. */
export const onWritten = (memory: StoreMemory, what: Tokens | null, isLast: boolean): StoreMemory => {
  const { standing, stored, rewrites, isInDoubt } = memory;
  // The next write is to replace it.
  const written = isLast ? { ...standing, isOwed: false } : { ...standing, replaced: what };
  return {
    ...memory,
    standing: isLast && !isInDoubt ? { ...written, late: [] } : written,
    // If tokens were written again, what was read is all that such a store can hold.
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

/** A write that was given up has ended: done as the last one (`isDone`), or over a later one. */
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

/** What follows from a read, and what is to be written again: tokens, or `null` for clearing the store. */
interface ReadResult {
  readonly memory: StoreMemory;
  readonly external?: External;
  readonly rewrite?: Tokens | null;
}

/** The `nth` read has found `tokens`. A read that was overtaken by a later one says nothing. */
export const onRead = (memory: StoreMemory, tokens: External, nth: number): ReadResult => {
  const { standing, lateClears, rewrites, latestRead } = memory;
  if (nth < latestRead) return { memory };
  const { mine, over, isOwed, replaced } = standing;
  // An empty store may be the work of a `clear` of the session before, which was given up. If it would end nothing
  // anyway, it is not counted.
  const isLateClear = tokens === null && lateClears > 0;
  const found = isLateClear ? undefined : tokens;
  const verdict = reconcile(standing, found);
  const isCertain = nth > memory.lastReadInDoubt;
  const isRewrite = verdict === 'write' && rewrites < MAX_REWRITES;
  const next: StoreMemory = {
    ...memory,
    standing: {
      ...standing,
      isOwed: !!isOwed && verdict !== 'ours',
      replaced: replaced === undefined ? found : replaced,
      late: isCertain ? [] : standing.late,
    },
    stored: found,
    rewrites: verdict === 'write' ? rewrites + 1 : rewrites,
    latestRead: nth,
    lateClears: isCertain ? 0 : lateClears - (isLateClear && !isOwed ? 1 : 0),
    isInDoubt: memory.isInDoubt && !isCertain,
  };
  return {
    memory: next,
    external: verdict === 'adopt' ? found : verdict === 'signed-out' ? null : undefined,
    ...(isRewrite && { rewrite: over ? null : (mine ?? null) }),
  };
};
