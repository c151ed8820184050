import { type Observable, Subscription } from 'rxjs';
import { nowMs } from './clock';
import type { StateMachine } from './machine';
import type { Renewal } from './renewal';
import { isHeld, isPast, type Tokens } from './state';
import type { StorePort } from './store';

/** Follows what others who share the store do: other tabs, other processes. */
export interface Follower {
  /** Begins, where the store tells of changes and it has not begun yet; with `isLooking` after a look at what has happened before. */
  begin(isLooking?: boolean): void;
  end(): void;
}

/**
 * @param isShared - Whether the store tells of what others write.
 * @param onBegin - Called once, before anything else.
 * @param wake$ - When to look into the store again, as what it told may be lost: a page that sleeps hears nothing.
 */
export const createFollower = (
  machine: StateMachine,
  renewal: Renewal,
  port: StorePort,
  isShared: boolean,
  wake$: Observable<unknown>,
  onBegin: () => void,
): Follower => {
  const following = new Subscription();
  let isBegun = !isShared;
  let hasLooked = !isShared;
  let sessionId = '';
  let isEnded = false;

  const heed = (news: Tokens | null | undefined): void => {
    const { state } = machine;
    if (news && isEnded && news.sessionId === sessionId) {
      // A refresh of another tab, which has not heard of the sign-out yet.
      port.write(null);
    } else if (news && state.status === 'refreshing' && news.sessionId === sessionId) {
      // Past their expiry, they are for the refresh to judge.
      if (!isPast(news, nowMs())) renewal.bring(news);
    } else if (news) {
      port.own(news);
      machine.dispatch({ type: 'adopt', tokens: news }, renewal.reset());
    } else if (news === null && isHeld(state)) {
      machine.dispatch({ type: 'signOut' }, renewal.reset());
    }
  };

  const look = (): void => {
    hasLooked = true;
    port.news$.subscribe(heed);
  };

  return {
    begin: (isLooking = false) => {
      if (isLooking && !hasLooked) look();
      if (isBegun) return;
      isBegun = true;
      onBegin();
      following.add(
        machine.state$.subscribe((state) => {
          if (isHeld(state)) sessionId = state.tokens.sessionId;
          // Tokens that others have written without a session id may be anyone's.
          isEnded = !!sessionId && state.status === 'signed-out' && state.reason === 'sign-out';
        }),
      );
      following.add(port.changes$.subscribe(heed));
      following.add(wake$.subscribe(look));
    },
    end: () => {
      isBegun = true;
      hasLooked = true;
      following.unsubscribe();
    },
  };
};
