import { BehaviorSubject, noop, Observable } from 'rxjs';
import { SignedOutError } from '../http/errors';
import { type SessionAction, type SessionState, transition } from './state';
import type { WaitingRoom } from './waiting-room';

/** The session's one value. */
export interface StateMachine {
  readonly state: SessionState;
  /** Replays the newest state, then emits each one in its turn. */
  readonly state$: Observable<SessionState>;
  /**
   * Applies an action, and once that is published lets those go who waited for it, or ends their wait with `error`. Answers whether it
   * changed anything.
   */
  dispatch(action: SessionAction, error?: Error): boolean;
  complete(): void;
}

/** Why a wait has ended without tokens of the session that was waited for. */
export const signedOut = (): SignedOutError => new SignedOutError('the session has ended or changed hands');

/**
 * Holds the state in a `BehaviorSubject` that only `transition` changes. An action dispatched from inside a subscriber changes
 * the state at once, but is published only after the one before it, so that every subscriber sees one order.
 */
export const createStateMachine = (
  room: WaitingRoom,
  onChange: (state: SessionState, action: SessionAction) => void,
): StateMachine => {
  let state: SessionState = { status: 'loading', generation: 0 };
  const subject = new BehaviorSubject(state as SessionState);
  const unpublished: { readonly published: SessionState; readonly release: () => void }[] = [];

  return {
    get state() {
      return state;
    },
    // Not `asObservable`: what inspects that would print the subject, and with it the tokens.
    state$: new Observable((subscriber) => subject.subscribe(subscriber)),
    dispatch: (action, error) => {
      const next = transition(state, action);
      if (next === state) return false;
      state = next;
      onChange(state, action);
      const isOver = action.type === 'signIn' || action.type === 'signOut';
      // Emptied before it is published: who comes in from inside a subscriber waits for what comes next.
      const letGo = state.status === 'refreshing' ? noop : room.empty();
      const release = (): void => letGo(isOver ? signedOut() : error, isOver);
      if (unpublished.push({ published: state, release }) > 1) return true;
      // Grows while it is walked: subscribers, and those who are let go, may dispatch.
      for (const { published, release } of unpublished) {
        subject.next(published);
        release();
      }
      unpublished.length = 0;
      return true;
    },
    complete: () => subject.complete(),
  };
};
