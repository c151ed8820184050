import { defer, filter, fromEvent, merge, NEVER, Observable } from 'rxjs';

/** All that is ever sent: whoever gets it looks into the storage. */
const LOOK = 'renewal: look';

/** Tells other tabs of a change that the browser does not tell them of. */
export const announce = (name: string): void => {
  try {
    const channel = new BroadcastChannel(name);
    channel.postMessage(LOOK);
    channel.close();
  } catch {
    // The others look when they need to.
  }
};

const announced$ = (name: string): Observable<void> =>
  new Observable((subscriber) => {
    try {
      const channel: BroadcastChannel & { unref?(): void } = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => data === LOOK && subscriber.next();
      // Node would stay alive for it.
      channel.unref?.();
      return () => channel.close();
    } catch {
      return undefined;
    }
  });

/**
 * Emits when someone else may have changed `entry`: storage events tell of it. Only a channel that `channel` names is listened to as well, as one
 * may cost a page its place in the cache for going back and forward.
 */
export const changesOf$ = (entry: string, channel: () => string | undefined): Observable<unknown> =>
  defer(() => {
    const name = channel();
    const here = globalThis as Partial<typeof globalThis>; // Node has no events
    const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
    return merge(
      // Without a key, the storage was cleared.
      events$.pipe(filter(({ key }) => key === null || key === entry)),
      name ? announced$(name) : NEVER,
    );
  });
