import { filter, fromEvent, map, merge, NEVER, type Observable } from 'rxjs';
import { announced$ } from './channel';

/** All that is ever sent: whoever gets it looks into the storage. */
export const LOOK = 'renewal: look';

/**
 * Emits when another page may have changed one of the entries, with its name if that is known: storage events tell of it. Only a `channel` that is named is listened to as well, as one
 * may cost a page its place in the cache for going back and forward.
 */
export const changesOf$ = (entries: readonly string[], channel: string | undefined): Observable<unknown> => {
  const here = globalThis as Partial<typeof globalThis>; // Node has no events
  const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
  return merge(
    // Without a key, the storage was cleared.
    events$.pipe(
      map(({ key }) => key),
      filter((key) => key === null || entries.includes(key)),
    ),
    channel ? announced$(channel).pipe(filter((message) => message === LOOK)) : NEVER,
  );
};
