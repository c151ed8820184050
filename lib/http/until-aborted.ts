import { type Subscriber, Subscription } from 'rxjs';

/** The reason of an aborted signal. Polyfills have none, as those of React Native. */
export const reasonOf = ({ reason }: AbortSignal): unknown =>
  reason === undefined ? Object.assign(new Error('the signal was aborted'), { name: 'AbortError' }) : reason;

/** Calls `onAbort` when a signal is aborted. The returned function ends that. */
export type FollowSignal = (signal: AbortSignal, onAbort: () => void) => () => void;

/** The followers of one signal, and its listener. */
interface Followed {
  readonly followers: Set<{ readonly onAbort: () => void }>;
  readonly listener: () => void;
}

const createFollowed = (): Followed => {
  const followers: Followed['followers'] = new Set();
  const listener = (): void => {
    // Re-entrancy: a follower may end others, which the loop then leaves out.
    for (const { onAbort } of followers) onAbort();
  };
  return { followers, listener };
};

/**
 * Follows signals with one listener each, however many requests share one: Node warns of a leak at more than ten. The
 * listener is removed with the last follower.
 */
export const createFollowSignal = (): FollowSignal => {
  const followed = new Map<AbortSignal, Followed>();
  return (signal, onAbort) => {
    const known = followed.get(signal);
    const { followers, listener } = known ?? createFollowed();
    // An object of its own: one function may follow twice.
    const follower = { onAbort };
    followers.add(follower);
    if (!known) {
      followed.set(signal, { followers, listener });
      signal.addEventListener('abort', listener);
    }
    return () => {
      if (!followers.delete(follower) || followers.size > 0) return;
      followed.delete(signal);
      signal.removeEventListener('abort', listener);
    };
  };
};

/**
 * The subscription of a request's work. When `signal` is aborted, it ends first, as by unsubscribing, and then `caller`
 * errors with the reason.
 */
export const untilAborted = (
  signal: AbortSignal,
  caller: Subscriber<unknown>,
  followSignal: FollowSignal,
): Subscription => {
  const work = new Subscription();
  caller.add(work);
  caller.add(
    followSignal(signal, () => {
      work.unsubscribe();
      caller.error(reasonOf(signal));
    }),
  );
  return work;
};
