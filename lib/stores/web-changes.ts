import { catchError, EMPTY, filter, fromEvent, merge, mergeMap, NEVER, type Observable } from 'rxjs';
import { announced$ } from './channel';
import type { EntryChange } from './layouts';

/** All that is ever sent: whoever gets it looks into the storage. */
export const LOOK = 'renewal: look';

/**
 * Emits when another page may have changed the entries: storage events tell of it, as `heed` says. Only a `channel` that is named is listened to as
 * well, as one may cost a page its place in the cache for going back and forward.
 */
export const changesOf$ = (
  heed: (change: EntryChange) => Observable<unknown>,
  channel: string | undefined,
): Observable<unknown> => {
  const here = globalThis as Partial<typeof globalThis>; // Node has no events
  const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
  return merge(
    events$.pipe(mergeMap((event) => heed(event).pipe(catchError(() => EMPTY)))),
    channel ? announced$(channel).pipe(filter((message) => message === LOOK)) : NEVER,
  );
};
