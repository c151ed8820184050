import { catchError, EMPTY, filter, fromEvent, merge, mergeMap, NEVER, type Observable } from 'rxjs';
import { messages$ } from './channel';
import type { EntryChange } from './layouts';

/** The only message on the channel: a page that receives it reads the storage. */
export const PING = 'renewal: look';

/**
 * Emits when another page may have changed the entries, by storage events. With a name in `channel`, also listens on
 * that BroadcastChannel. There is none by default, as an open channel can disable the back/forward cache.
 */
export const storageChanges$ = (
  onStorageEvent: (change: EntryChange) => Observable<unknown>,
  channel: string | undefined,
): Observable<unknown> => {
  const here = globalThis as Partial<typeof globalThis>; // Node has no storage events
  const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
  return merge(
    events$.pipe(mergeMap((event) => onStorageEvent(event).pipe(catchError(() => EMPTY)))),
    channel ? messages$(channel).pipe(filter((message) => message === PING)) : NEVER,
  );
};
