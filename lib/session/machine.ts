import { BehaviorSubject, Observable } from 'rxjs';
import { SignedOutError } from '../http/errors';
import { type SessionAction, type SessionState, transition } from './state';
import { createWaitingRoom } from './waiting-room';

/** The session's one value, and those who wait for it to settle. */
export interface StateMachine {
  readonly state: SessionState;
  /** Replays the newest state, then emits each one in its turn. */
  readonly state$: Observable<SessionState>;
  /** Emits once, then completes, when no load or refresh is running any more; errors when a sign-in or sign-out ends the wait. */
  readonly settled$: Observable<void>;
  /** Applies an action; answers whether it changed anything. */
  dispatch(action: SessionAction): boolean;
  complete(): void;
}

/** Why a wait has ended without tokens of the session that was waited for. */
export const signedOut = (): SignedOutError => new SignedOutError('the session has ended or changed hands');

/**
 * Holds the state in a `BehaviorSubject` that only `transition` changes. An action dispatched from inside a subscriber changes
 * the state at once, but is published only after the one before it, so that every subscriber sees one order.
 */
export const createStateMachine = (onChange: (state: SessionState, action: SessionAction) => void): StateMachine => {
  let state: SessionState = { status: 'loading', generation: 0 };
  const subject = new BehaviorSubject(state as SessionState);
  const room = createWaitingRoom();
  const unpublished: SessionState[] = [];

  return {
    get state() {
      return state;
    },
    // Not `asObservable`: what inspects that would print the subject, and with it the tokens.
    state$: new Observable((subscriber) => subject.subscribe(subscriber)),
    settled$: room.opened$,
    dispatch: (action) => {
      const next = transition(state, action);
      if (next === state) return false;
      state = next;
      onChange(state, action);
      if (unpublished.push(state) === 1) {
        // Grows while it is walked: subscribers may dispatch.
        for (const published of unpublished) subject.next(published);
        unpublished.length = 0;
      }
      if (action.type === 'signIn' || action.type === 'signOut') room.open(signedOut());
      else if (state.status !== 'loading' && state.status !== 'refreshing') room.open();
      return true;
    },
    complete: () => subject.complete(),
  };
};
