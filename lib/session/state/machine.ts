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
 */
export class Machine implements StateMachine {
  readonly #aheadMs: number;
  readonly #onChange: (model: SessionModel, action: ModelAction) => Effects;
  #model = INITIAL;
  readonly #subject = new BehaviorSubject(INITIAL.state);
  readonly #mailbox: (() => void)[] = [];

  constructor(aheadMs: number, onChange: (model: SessionModel, action: ModelAction) => Effects) {
    this.#aheadMs = aheadMs;
    this.#onChange = onChange;
  }

  get state(): SessionState {
    return this.#model.state;
  }

  get model(): SessionModel {
    return this.#model;
  }

  // Not `asObservable`: an inspector would print the subject, and with it the tokens.
  get state$(): Observable<SessionState> {
    return new Observable((subscriber) => this.#subject.subscribe(subscriber));
  }

  dispatch(action: ModelAction, report = noop): void {
    const before = this.state;
    this.#model = update(this.#model, action, nowMs(), this.#aheadMs);
    const { state } = this;
    const isChanged = state !== before;
    if (!isChanged && !(action.type === 'failed' && state.status === 'loading')) {
      this.enqueue(report);
      return;
    }
    const effects = this.#onChange(this.#model, action);
    this.enqueue(report, effects.report, () => isChanged && emit(this.#subject, state), effects.settleWaiters);
  }

  enqueue(...effects: readonly (() => void)[]): void {
    const mailbox = this.#mailbox;
    const isRunning = mailbox.length > 0;
    mailbox.push(...effects);
    if (isRunning) return;
    // Grows while it is walked: subscribers and released waiters may dispatch.
    for (const effect of mailbox) effect();
    mailbox.length = 0;
  }

  complete(): void {
    this.enqueue(() => this.#subject.complete());
  }
}
