import { BehaviorSubject, Observable } from 'rxjs';
import { SignedOutError } from '../http/errors';
import { type SessionAction, type SessionState, transition } from './state';
import { WaitingRoom } from './waiting-room';

/** The session's one value, and those who wait for it to settle. */
export interface StateMachine {
  readonly state: SessionState;
  /** Replays the newest state, then each one in its turn. */
  readonly state$: Observable<SessionState>;
  /** Emits once when no load or refresh is running any more. */
  readonly settled$: Observable<void>;
  /** Applies an action; answers whether it changed anything. */
  dispatch(action: SessionAction): boolean;
  complete(): void;
}

/**
 * Holds the state in a `BehaviorSubject` that only `transition` changes. An action dispatched from inside a subscriber changes
 * the state at once, but is published only after the one before it, so that every subscriber sees one order.
 */
export const createStateMachine = (onChange: (state: SessionState, action: SessionAction) => void): StateMachine => {
  let state: SessionState = { status: 'loading', generation: 0 };
  const subject = new BehaviorSubject<SessionState>(state);
  const room = new WaitingRoom();
  const unpublished: SessionState[] = [];

  const publish = (): void => {
    // Grows while it is walked: subscribers may dispatch.
    for (const next of unpublished) subject.next(next);
    unpublished.length = 0;
  };

  return {
    get state() {
      return state;
    },
    // Not `asObservable`: what inspects it would print the subject, and with it the tokens.
    state$: new Observable((subscriber) => subject.subscribe(subscriber)),
    settled$: room.opened$,
    dispatch: (action) => {
      const next = transition(state, action);
      if (next === state) return false;
      state = next;
      onChange(next, action);
      if (unpublished.push(next) === 1) publish();
      if (action.type === 'signIn' || action.type === 'signOut') room.close(new SignedOutError());
      else if (state.status !== 'refreshing' && state.status !== 'loading') room.open();
      return true;
    },
    complete: () => subject.complete(),
  };
};
