import { Subscription, timer } from 'rxjs';
import type { StateMachine } from '../state/machine';
import { endOfLoading, isElsewhere } from '../state/session-state';
import type { News, StorePort } from '../store/token-storage';
import { STORE_TIMEOUT_MS } from '../store/token-store';
import type { Renewal } from './refresher';

/** The way of a session out of `loading`: what the store holds, or where that is nothing what `restore` brings. */
export interface Loading {
  /** Asks the store. Nothing more, and no timer, before someone needs the session. */
  begin(): void;
  /** Someone can't go on before the session is loaded: the store has its time from now on, and `restore` is asked where it is empty. */
  need(): void;
  /** The session is loading again: the store knows of it, and its tokens are elsewhere. */
  again(): void;
  /** The session is loaded, or something else has become of it. */
  end(): void;
}

/** @param heed - Called with what a store has answered after its time. */
export const createLoading = (
  machine: StateMachine,
  renewal: Renewal,
  port: StorePort,
  hasRestore: boolean,
  heed: (news: News) => void,
): Loading => {
  let isAnswered = false;
  let isNeeded = false;
  let patience = Subscription.EMPTY;

  /** The store has answered, or has had its time. */
  const answer = (tokens: News): void => {
    isAnswered = true;
    patience.unsubscribe();
    const isElse = tokens && isElsewhere(tokens);
    if (isElse) port.own(tokens);
    if (tokens && !isElse) machine.dispatch({ type: 'loaded', tokens });
    else if (!hasRestore) machine.dispatch(endOfLoading(machine.state));
    else if (isNeeded) renewal.start();
  };

  return {
    begin: () =>
      port.look().subscribe((news) => (isAnswered || machine.state.status !== 'loading' ? heed(news) : answer(news))),
    need: () => {
      if (isAnswered) renewal.start();
      else if (!isNeeded) {
        patience = timer(STORE_TIMEOUT_MS).subscribe(() => {
          port.giveUp();
          // One who was told of that may have begun a session.
          if (machine.state.status === 'loading') answer(undefined);
        });
      }
      isNeeded = true;
    },
    again: () => {
      isNeeded = true;
      if (machine.state.status === 'loading') answer(undefined);
    },
    end: () => patience.unsubscribe(),
  };
};
