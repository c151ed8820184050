import type { RefreshError, SessionExpiredError } from '../../http/errors';
import {
  type Binding,
  hasTokens,
  isElsewhere,
  type SessionAction,
  type SessionState,
  transition,
} from './session-state';

/** All that a session remembers of itself: its state, and what `state$` does not show. Changed by the same actions. */
export interface SessionModel {
  readonly state: SessionState;
  /**
   * What a request made now is bound to; undefined if there is no session. One object for all requests of the same
   * tokens.
   */
  readonly binding?: Binding | undefined;
  /** When tokens that are still alive are due for a refresh, by this machine's clock. `Infinity`: never. */
  readonly renewAtMs: number;
  /** How many refreshes in a row have failed in a transient way. */
  readonly failures: number;
  /** The latest of them. It begins the cool-down; undefined again when the network is back. */
  readonly lastFailure?: { readonly error: RefreshError; readonly atMs: number } | undefined;
  /** The last refusal: of which session, and the error for requests that still belong to it. */
  readonly lastRefusal?: { readonly sessionId: string; readonly error: SessionExpiredError } | undefined;
  /**
   * How far the first load is: the store is being read; a waiter needs its answer, so the read has a time limit; or the
   * store has no tokens here, and `restore` is next.
   */
  readonly load: 'reading' | 'awaited' | 'empty';
}

/** Besides those of the state: a waiter needs the store's answer; the store has no tokens here. */
export type ModelAction = SessionAction | { readonly type: 'loadAwaited' | 'loadEmpty' };

export const INITIAL: SessionModel = {
  state: { status: 'loading', generation: 0 },
  renewAtMs: Infinity,
  failures: 0,
  load: 'reading',
};

const bindingOf = (state: SessionState): Binding | undefined =>
  hasTokens(state) ? { sessionId: state.tokens.sessionId } : undefined;

/**
 * A refresh is due `aheadMs` before the expiry, but not before half of the lifetime that is left at `atMs` has passed.
 */
const renewAtMsOf = (expiresAtMs: number, atMs: number, aheadMs: number): number =>
  expiresAtMs - Math.min(aheadMs, Math.max(0, expiresAtMs - atMs) / 2);

/** A refresh that was refused, while its tokens were those of the session. */
const refusalOf = (state: SessionState, action: SessionAction): SessionModel['lastRefusal'] =>
  action.type === 'refused' && state.status === 'refreshing'
    ? { sessionId: state.tokens.sessionId, error: action.error }
    : undefined;

/**
 * Applies an action to the model. Pure. Returns the same object for an action that names another generation of tokens.
 *
 * @param aheadMs - `refreshAheadMs` of the session.
 */
export const update = (model: SessionModel, action: ModelAction, atMs: number, aheadMs: number): SessionModel => {
  switch (action.type) {
    case 'loadAwaited':
      return { ...model, load: model.load === 'reading' ? 'awaited' : model.load };
    case 'loadEmpty':
      return { ...model, load: 'empty' };
    case 'coolDownEnded':
      return { ...model, state: transition(model.state, action), lastFailure: undefined };
  }
  const { state, failures } = model;
  if ('generation' in action && action.generation !== state.generation) return model;
  const next = transition(state, action);
  if (action.type === 'failed') {
    return { ...model, state: next, failures: failures + 1, lastFailure: { error: action.error, atMs: action.atMs } };
  }
  if (action.type === 'rejected' || action.type === 'refreshStarted') return { ...model, state: next };
  const tokens = next !== state && 'tokens' in action ? action.tokens : undefined;
  return {
    state: next,
    binding: next === state ? model.binding : bindingOf(next),
    renewAtMs: tokens ? renewAtMsOf(tokens.expiresAtMs ?? Infinity, atMs, aheadMs) : model.renewAtMs,
    failures: 0,
    lastFailure: undefined,
    lastRefusal: refusalOf(state, action) ?? model.lastRefusal,
    load: tokens && isElsewhere(tokens) ? 'empty' : model.load,
  };
};
