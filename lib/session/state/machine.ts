import { BehaviorSubject, noop, Observable } from 'rxjs';
import { nowMs } from '../../http/clock';
import { emit } from '../../http/emit';
import { SignedOutError } from '../../http/errors';
import { INITIAL, type ModelAction, type SessionModel, update } from './model';
import type { SessionState } from './session-state';

/** Holds what a session is. */
export interface StateMachine {
  readonly state: SessionState;
  readonly model: SessionModel;
  /** Replays the newest state, then emits each one in its turn. */
  readonly state$: Observable<SessionState>;
  /** Applies an action at once. In its turn, the mailbox calls `report`, then runs the effects of a change. */
  dispatch(action: ModelAction, report?: () => void): void;
  /** Adds effects to the mailbox: they run after all effects that came before them. */
  enqueue(...effects: readonly (() => void)[]): void;
  /** Completes `state$` after all effects of now. */
  complete(): void;
}

/** What follows from a change: `report` before the new state is emitted, `settleWaiters` after it. */
export interface Effects {
  report(): void;
  settleWaiters(): void;
}

/** Why a wait has ended without tokens: the session has ended, or another one has begun. */
export const signedOutError = (): SignedOutError => new SignedOutError('the session has ended or changed hands');

/**
 * Holds the model, which only `update` changes, and emits its state from a `BehaviorSubject`. Re-entrancy: an action
 * dispatched by a subscriber changes the state at once, and a mailbox runs its effects after those of the action before
 * it. So every subscriber sees the states in one order.
 *
 * @param aheadMs - `refreshAheadMs` of the session.
 * @param onChange - Called at once for each change of the state, and for a `restore` that has failed.
 */
export const createStateMachine = (
  aheadMs: number,
  onChange: (model: SessionModel, action: ModelAction) => Effects,
): StateMachine => {
  let model = INITIAL;
  const subject = new BehaviorSubject(model.state);
  const mailbox: (() => void)[] = [];

  const enqueue: StateMachine['enqueue'] = (...effects) => {
    const isRunning = mailbox.length > 0;
    mailbox.push(...effects);
    if (isRunning) return;
    // Grows while it is walked: subscribers and released waiters may dispatch.
    for (const effect of mailbox) effect();
    mailbox.length = 0;
  };

  return {
    get state() {
      return model.state;
    },
    get model() {
      return model;
    },
    // Not `asObservable`: an inspector would print the subject, and with it the tokens.
    state$: new Observable((subscriber) => subject.subscribe(subscriber)),
    dispatch: (action, report = noop) => {
      const before = model.state;
      model = update(model, action, nowMs(), aheadMs);
      const { state } = model;
      const isChanged = state !== before;
      if (!isChanged && !(action.type === 'failed' && state.status === 'loading')) {
        enqueue(report);
        return;
      }
      const effects = onChange(model, action);
      enqueue(report, effects.report, () => isChanged && emit(subject, state), effects.settleWaiters);
    },
    enqueue,
    complete: () => enqueue(() => subject.complete()),
  };
};
