import { filter, fromEvent, merge, NEVER, type Observable } from 'rxjs';
import { announced$ } from './channel';

/** All that is ever sent: whoever gets it looks into the storage. */
export const LOOK = 'renewal: look';

/**
 * Emits when another page may have changed `entry`: storage events tell of it. Only a `channel` that is named is listened to as well, as one
 * may cost a page its place in the cache for going back and forward.
 */
export const changesOf$ = (entry: string, channel: string | undefined): Observable<unknown> => {
  const here = globalThis as Partial<typeof globalThis>; // Node has no events
  const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
  return merge(
    // Without a key, the storage was cleared.
    events$.pipe(filter(({ key }) => key === null || key === entry)),
    channel ? announced$(channel).pipe(filter((message) => message === LOOK)) : NEVER,
  );
};
