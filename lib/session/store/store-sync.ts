import { AsyncSubject, finalize, type Observable, Subscription } from 'rxjs';
import { nowMs } from '../../http/clock';
import type { Renewal } from '../refresh/refresher';
import type { StateMachine } from '../state/machine';
import { isPast } from '../state/session-state';
import { isSameGrant } from './precedence';
import type { News, StorePort } from './token-storage';

/** Follows what others who share the store do: other sessions of this page, other tabs, other processes. */
export interface Follower {
  /**
   * Called at each use of the session: begins with the first one, and looks if the store shows that it has changed. Emits when the store has answered;
   * undefined if that was in the same tick, or there is nothing to look at.
   */
  check(): Observable<unknown> | undefined;
  /** What has followed from a look becomes the state of the session. */
  heed(news: News): void;
  end(): void;
}

/**
 * @param onBegin - Called once, before anything else.
 * @param wake$ - When to look into the store again, as a page that sleeps is told nothing.
 */
export const createFollower = (
  machine: StateMachine,
  renewal: Renewal,
  port: StorePort,
  wake$: Observable<unknown>,
  onBegin: () => void,
): Follower => {
  const following = new Subscription();
  let isBegun = false;
  let pending: Observable<unknown> | undefined;

  const heed = (news: News): void => {
    if (news === undefined || following.closed) return;
    const { state } = machine;
    if (!news) {
      machine.dispatch({ type: 'signOut' }, renewal.reset());
    } else if (state.status === 'refreshing' && news.sessionId === state.tokens.sessionId) {
      // Past their expiry, or with the same access token, they are for the refresh to judge.
      if (!isPast(news, nowMs()) && !isSameGrant(news, state.tokens)) renewal.bring(news);
    } else {
      machine.dispatch({ type: 'adopt', tokens: news }, renewal.reset());
    }
  };

  const look = (): Observable<News> => {
    const news$ = port.look();
    following.add(news$.subscribe(heed));
    return news$;
  };

  const begin = (): void => {
    onBegin();
    if (!port.isShared) return;
    following.add(port.changes$.subscribe(look));
    if (port.isMissed) following.add(wake$.subscribe(look));
  };

  return {
    heed,
    check: () => {
      const isFirst = !isBegun;
      isBegun = true;
      if (following.closed) return undefined;
      if (isFirst) begin();
      const isLoading = machine.state.status === 'loading';
      if (isLoading || (port.isSeen() && !(isFirst && port.isBlind))) return pending;
      const looked$ = new AsyncSubject<unknown>();
      pending = looked$;
      const end = (): void => {
        if (pending === looked$) pending = undefined;
      };
      following.add(port.inTime(look()).pipe(finalize(end)).subscribe(looked$));
      return pending;
    },
    end: () => following.unsubscribe(),
  };
};
