import type { SessionState } from 'renewal';
import { RETRY_AFTER_MS } from './answers';
import type { Setup } from './plan';
import { familyOf } from './server';

/** A state that has tokens. */
export type SignedIn = Extract<SessionState, { tokens: unknown }>;

export const hasTokens = (state: SessionState): state is SignedIn => 'tokens' in state;

const isPast = ({ tokens }: SignedIn, nowMs: number): boolean => nowMs >= (tokens.expiresAtMs ?? Infinity);

/** Whether a request may be sent with the token of the state. */
export const isAlive = (state: SessionState, nowMs: number): state is SignedIn =>
  (state.status === 'active' || (state.status === 'refreshing' && !state.rejected)) && !isPast(state, nowMs);

/** The family that a session belongs to: `null` for none, `undefined` while the session loads. */
export const familyIn = (state: SessionState): string | null | undefined => {
  if (hasTokens(state)) return familyOf(state.tokens.accessToken);
  return state.status === 'loading' ? undefined : null;
};

/** A refresh that has failed transiently. */
interface Failure {
  readonly generation: number;
  readonly atMs: number;
  readonly waitMs: number;
  readonly nth: number;
}

/** What the emitted states of a session show. */
export interface View {
  readonly states: readonly SessionState[];
  /** The states that a second listener has received. */
  readonly otherStates: readonly SessionState[];
  seeOther(state: SessionState): void;
  see(state: SessionState, nowMs: number): void;
  /** The generation of the tokens whose last refresh got a 429. */
  throttledGeneration: number | undefined;
  /** The time when `refresh` has ended, until its outcome is emitted: the store is read first. */
  endedMs: number | undefined;
  /** Ends the cool-down. */
  endCoolDown(): void;
  /** Whether the next refresh of these tokens still has to wait. */
  isCooling(state: SessionState, nowMs: number): boolean;
  /** Whether the age of these tokens calls for a refresh. */
  isDue(state: SignedIn, nowMs: number): boolean;
}

export const createView = ({ isWatched, refreshAheadMs, refreshRetries }: Setup): View => {
  const states: SessionState[] = [];
  const otherStates: SessionState[] = [];
  /** When tokens were first seen, by their generation. */
  const seenMs = new Map<number, number>();
  let failure: Failure | undefined;

  const view: View = {
    states,
    otherStates,
    throttledGeneration: undefined,
    endedMs: undefined,
    seeOther: (state) => {
      otherStates.push(state);
    },
    see: (state, nowMs) => {
      const before = states.at(-1);
      states.push(state);
      const { generation, status } = state;
      const isNew = before?.generation !== generation;
      // A listener that subscribes late does not know since when the tokens exist.
      if (isNew && (before || isWatched)) seenMs.set(generation, nowMs);
      const hasFailed = status === 'expired' || (status === 'active' && !isNew);
      if (before?.status === 'refreshing' && hasFailed) {
        const nth = failure ? failure.nth + 1 : 1;
        const backoffMs = Math.min(30_000, 1_000 * 2 ** (nth - 1));
        // A refresh with retries may have waited for Retry-After before another failure.
        const waitMs = refreshRetries
          ? 1_000
          : view.throttledGeneration === before.generation
            ? RETRY_AFTER_MS
            : backoffMs;
        failure = { generation, atMs: view.endedMs ?? nowMs, waitMs, nth };
        view.throttledGeneration = undefined;
        view.endedMs = undefined;
      } else if (isNew) {
        failure = undefined;
        view.endedMs = undefined;
      }
    },
    endCoolDown: () => {
      if (failure) failure = { ...failure, waitMs: 0 };
    },
    isCooling: ({ generation }, nowMs) =>
      failure?.generation === generation && nowMs >= failure.atMs && nowMs - failure.atMs < failure.waitMs,
    isDue: ({ generation, tokens: { expiresAtMs = Infinity } }, nowMs) => {
      const leftMs = Math.max(0, expiresAtMs - (seenMs.get(generation) ?? -Infinity));
      return nowMs >= expiresAtMs - Math.min(refreshAheadMs, leftMs / 2);
    },
  };
  return view;
};
