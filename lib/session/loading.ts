import { Subscription, timer } from 'rxjs';
import type { StateMachine } from './machine';
import type { Renewal } from './renewal';
import type { Reports } from './reports';
import type { Tokens } from './state';
import { STORE_TIMEOUT_MS, type StorePort } from './store';

/** The way of a session out of `loading`: what the store holds, or where that is nothing what `restore` brings. */
export interface Loading {
  /** Asks the store. Nothing more, and no timer, before someone needs the session. */
  begin(): void;
  /** Someone can't go on before the session is loaded: the store has its time from now on, and `restore` is asked where it is empty. */
  need(): void;
  /** The session is loaded, or something else has become of it. */
  end(): void;
}

export const createLoading = (
  machine: StateMachine,
  renewal: Renewal,
  port: StorePort,
  reports: Reports,
  hasRestore: boolean,
): Loading => {
  let isAnswered = false;
  let isNeeded = false;
  let patience = Subscription.EMPTY;

  /** The store has answered, or has had its time. */
  const answer = (tokens: Tokens | null | undefined): void => {
    if (isAnswered || machine.state.status !== 'loading') return;
    isAnswered = true;
    if (tokens) port.own(tokens);
    patience.unsubscribe();
    if (tokens || !hasRestore) machine.dispatch({ type: 'loaded', tokens: tokens ?? null });
    else if (isNeeded) renewal.start();
  };

  return {
    begin: () => port.news$.subscribe(answer),
    need: () => {
      if (isAnswered) renewal.start();
      else if (!isNeeded) patience = timer(STORE_TIMEOUT_MS).subscribe(() => answer(reports.warn('load')));
      isNeeded = true;
    },
    end: () => patience.unsubscribe(),
  };
};
