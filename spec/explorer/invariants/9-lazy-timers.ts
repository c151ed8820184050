import type { SessionState } from 'renewal';
import type { Invariant, Member } from '../happenings';
import { hasTokens } from '../view';

/** Statuses in which nothing runs without a caller. */
const SETTLED: readonly string[] = ['active', 'expired', 'signed-out'] satisfies SessionState['status'][];

/**
 * Timers are hints: when a timer fires, clock and store decide again. No timer, listener or lock exists without a
 * caller that needs it.
 */
export const lazyTimers: Invariant = {
  number: 9,
  watch: (world) => {
    const { platform, shelf, members, calls, setup } = world;
    /** Whether the cool-down is known: not after retries, nor without a listener of `state$`. */
    const isKnown = setup.isWatched && !setup.refreshRetries;

    const whyStale = ({ session, view }: Member): string | false => {
      const { state } = session;
      if (!isKnown || platform.isSet || !hasTokens(state) || state.status === 'refreshing') return false;
      return (
        platform.nowMs >= (state.tokens.expiresAtMs ?? Infinity) &&
        !view.isCooling(state, platform.nowMs) &&
        'keepFresh$ lets a token expire'
      );
    };

    /** Whether a caller or call is open, or RxJS still has to report an error. */
    const isBusy = (): boolean =>
      world.callers.some(({ outcome }) => outcome === 'open') ||
      world.attempts.some(({ isOpen }) => isOpen) ||
      calls.some(({ isOpen }) => isOpen) ||
      shelf.operations.length + world.faults.length > 0;

    return {
      checks: {
        made: () => {
          if (platform.timers) return 'a timer runs before the first subscription';
          if (platform.listeners) return 'a listener listens before the first subscription';
          return (
            calls.length + shelf.writes.length + shelf.inside + shelf.followers > 0 &&
            'more calls are made than load of the store'
          );
        },
        stepped: () => {
          const keepers = world.keepers.filter(({ subscription }) => !subscription.closed);
          const isIdle =
            keepers.length === 0 && !isBusy() && members.every(({ session }) => SETTLED.includes(session.state.status));
          if (isIdle && platform.timers) return `${platform.timers} timers run although the session is idle`;
          return keepers.map(({ member }) => whyStale(member)).find(Boolean);
        },
        left: () => {
          if (platform.timers) return `${platform.timers} timers are left`;
          if (platform.listeners > members.length + shelf.followers) return `${platform.listeners} listeners are left`;
          if (shelf.inside) return 'a lock is left';
          // A session that follows its store also follows its own states, until it is destroyed.
          return (
            platform.observedSubjects() > shelf.followers &&
            `${platform.observedSubjects()} subjects still have subscribers`
          );
        },
        destroyed: () => {
          if (platform.timers) return `${platform.timers} timers are left of sessions that were destroyed`;
          if (shelf.followers) return `${shelf.followers} sessions that were destroyed follow the store`;
          if (platform.observedSubjects()) return `${platform.observedSubjects()} subjects still have subscribers`;
          return platform.listeners > 0 && `${platform.listeners} listeners are left of sessions that were destroyed`;
        },
      },
    };
  },
};
