import type { SessionState } from 'renewal';
import type { Invariant, Member } from '../happenings';
import { isHeld } from '../view';

/** In these nothing runs by itself. */
const SETTLED: readonly string[] = ['active', 'expired', 'signed-out'] satisfies SessionState['status'][];

/**
 * Timers are hints: when one fires, the decision is made again from clock and store. None of them, no listener and no
 * lock exists without someone to want it.
 */
export const lazyTimers: Invariant = {
  number: 9,
  watch: (world) => {
    const { platform, shelf, members, calls, setup } = world;
    /** How long a failed refresh cools down is not known where it was tried again, or no one was watching. */
    const isKnown = setup.isWatched && !setup.refreshRetries;

    const whyStale = ({ session, view }: Member): string | false => {
      const { state } = session;
      if (!isKnown || platform.isSet || !isHeld(state) || state.status === 'refreshing') return false;
      return (
        platform.nowMs >= (state.tokens.expiresAtMs ?? Infinity) &&
        !view.isCooling(state, platform.nowMs) &&
        'keepFresh$ lets a token expire'
      );
    };

    /** Whether anyone waits for anything, or RxJS still has to report an error. */
    const isBusy = (): boolean =>
      world.callers.some(({ outcome }) => outcome === 'open') ||
      world.attempts.some(({ isOpen }) => isOpen) ||
      calls.some(({ isOpen }) => isOpen) ||
      shelf.operations.length + world.faults.length > 0;

    return {
      checks: {
        made: () => {
          if (platform.timers) return 'a timer runs before anyone has subscribed';
          if (platform.listeners) return 'a listener listens before anyone has subscribed';
          return (
            calls.length + shelf.writes.length + shelf.inside + shelf.followers > 0 &&
            'more is done than to load the store'
          );
        },
        stepped: () => {
          const keepers = world.keepers.filter(({ subscription }) => !subscription.closed);
          const isIdle =
            keepers.length === 0 && !isBusy() && members.every(({ session }) => SETTLED.includes(session.state.status));
          if (isIdle && platform.timers) return `${platform.timers} timers run although nothing is going on`;
          return keepers.map(({ member }) => whyStale(member)).find(Boolean);
        },
        left: () => {
          if (platform.timers) return `${platform.timers} timers are left`;
          if (platform.listeners > members.length + shelf.followers) return `${platform.listeners} listeners are left`;
          if (shelf.inside) return 'a lock is left';
          // Who follows the store follows its own states as well, until it is destroyed.
          return platform.heard() > shelf.followers && `${platform.heard()} subjects still have subscribers`;
        },
        destroyed: () => {
          if (platform.timers) return `${platform.timers} timers are left of sessions that were destroyed`;
          if (shelf.followers) return `${shelf.followers} sessions that were destroyed follow the store`;
          if (platform.heard()) return `${platform.heard()} subjects still have subscribers`;
          return platform.listeners > 0 && `${platform.listeners} listeners are left of sessions that were destroyed`;
        },
      },
    };
  },
};
