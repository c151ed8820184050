import type { SessionState } from 'renewal';
import { RETRY_AFTER_MS } from './answers';
import type { Setup } from './plan';
import { familyOf } from './server';

/** A state that has tokens. */
export type Held = Extract<SessionState, { tokens: unknown }>;

export const isHeld = (state: SessionState): state is Held => 'tokens' in state;

const isPast = ({ tokens }: Held, nowMs: number): boolean => nowMs >= (tokens.expiresAtMs ?? Infinity);

/** Whether something may leave with the state's token. */
export const isAlive = (state: SessionState, nowMs: number): state is Held =>
  (state.status === 'active' || (state.status === 'refreshing' && !state.rejected)) && !isPast(state, nowMs);

/** The family that a session belongs to: `null` for none, `undefined` while that is being loaded. */
export const familyIn = (state: SessionState): string | null | undefined => {
  if (isHeld(state)) return familyOf(state.tokens.accessToken);
  return state.status === 'loading' ? undefined : null;
};

/** A refresh that has failed in a way that may pass. */
interface Failure {
  readonly generation: number;
  readonly atMs: number;
  readonly waitMs: number;
  readonly nth: number;
}

/** What an onlooker knows of a session from the states that it publishes. */
export interface View {
  readonly states: readonly SessionState[];
  /** What another listener was told. */
  readonly heard: readonly SessionState[];
  hear(state: SessionState): void;
  see(state: SessionState, nowMs: number): void;
  /** The generation of the tokens of which a refresh was last told that the server is busy. */
  busy: number | undefined;
  /** When a call of `refresh` has ended whose outcome is not published yet: the store is read first. */
  endedMs: number | undefined;
  /** What cools down need not wait any longer. */
  thaw(): void;
  /** Whether the next refresh of these tokens still has to wait. */
  isCooling(state: SessionState, nowMs: number): boolean;
  /** Whether these tokens are to be renewed for their age. */
  isDue(state: Held, nowMs: number): boolean;
}

export const createView = ({ isWatched, refreshAheadMs, refreshRetries }: Setup): View => {
  const states: SessionState[] = [];
  const heard: SessionState[] = [];
  /** When tokens were first seen, by their generation. */
  const seenMs = new Map<number, number>();
  let failure: Failure | undefined;

  const view: View = {
    states,
    heard,
    busy: undefined,
    endedMs: undefined,
    hear: (state) => {
      heard.push(state);
    },
    see: (state, nowMs) => {
      const before = states.at(-1);
      states.push(state);
      const { generation, status } = state;
      const isNew = before?.generation !== generation;
      // Who comes late does not know for how long the tokens have been there.
      if (isNew && (before || isWatched)) seenMs.set(generation, nowMs);
      const hasFailed = status === 'expired' || (status === 'active' && !isNew);
      if (before?.status === 'refreshing' && hasFailed) {
        const nth = failure ? failure.nth + 1 : 1;
        const backoffMs = Math.min(30_000, 1_000 * 2 ** (nth - 1));
        // Who retries may have been told to wait, and have waited, before something else went wrong.
        const waitMs = refreshRetries ? 1_000 : view.busy === before.generation ? RETRY_AFTER_MS : backoffMs;
        failure = { generation, atMs: view.endedMs ?? nowMs, waitMs, nth };
        view.busy = undefined;
        view.endedMs = undefined;
      } else if (isNew) {
        failure = undefined;
        view.endedMs = undefined;
      }
    },
    thaw: () => {
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
