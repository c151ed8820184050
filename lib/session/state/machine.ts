import { BehaviorSubject, noop, Observable } from 'rxjs';
import { emit } from '../../http/emit';
import { SignedOutError } from '../../http/errors';
import type { WaitingRoom } from '../pending/queue';
import { type SessionAction, type SessionState, sessionOf, transition } from './session-state';

/** The session's one value. */
export interface StateMachine {
  readonly state: SessionState;
  /** Replays the newest state, then emits each one in its turn. */
  readonly state$: Observable<SessionState>;
  /**
   * Applies an action. In its turn `tell` is called, the state is published, and then those who waited for it are let go, or their wait ends with
   * `error`.
   */
  dispatch(action: SessionAction, tell?: () => void, error?: Error): void;
  /** Calls `tell` in its turn: once all that came before it is published. */
  publish(tell: () => void): void;
  /** Completes `state$`, once all that has been dispatched is published. */
  complete(): void;
}

/** Why a wait has ended without tokens of the session that was waited for. */
export const signedOut = (): SignedOutError => new SignedOutError('the session has ended or changed hands');

/**
 * Holds the state in a `BehaviorSubject` that only `transition` changes. An action dispatched from inside a subscriber changes
 * the state at once, but is published only after the one before it, so that every subscriber sees one order.
 *
 * @param onChange - Called at once for each change; what it returns is called when that is published.
 */
export const createStateMachine = (
  room: WaitingRoom,
  onChange: (state: SessionState, action: SessionAction) => () => void,
): StateMachine => {
  let state: SessionState = { status: 'loading', generation: 0 };
  const subject = new BehaviorSubject(state as SessionState);
  const unpublished: (() => void)[] = [];

  /** Runs steps one after the other, also those that come from inside one of them. */
  const publish = (step: () => void): void => {
    if (unpublished.push(step) > 1) return;
    // Grows while it is walked: subscribers, and those who are let go, may dispatch.
    for (const each of unpublished) each();
    unpublished.length = 0;
  };

  return {
    get state() {
      return state;
    },
    // Not `asObservable`: what inspects that would print the subject, and with it the tokens.
    state$: new Observable((subscriber) => subject.subscribe(subscriber)),
    dispatch: (action, tell = noop, error) => {
      const next = transition(state, action);
      if (next === state) {
        tell();
        return;
      }
      state = next;
      const tellOfChange = onChange(state, action);
      const isOver = action.type === 'signIn' || action.type === 'signOut';
      // Emptied before it is published: who comes in from inside a subscriber waits for what comes next.
      const letGo = state.status === 'refreshing' ? noop : room.empty(isOver ? signedOut() : error, isOver);
      publish(() => {
        tell();
        tellOfChange();
        emit(subject, next);
        letGo(sessionOf(next));
      });
    },
    publish,
    complete: () => publish(() => subject.complete()),
  };
};
