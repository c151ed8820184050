import { filter, fromEvent, merge, NEVER, type Observable } from 'rxjs';
import { attempt } from './attempt';
import { announced$ } from './channel';
import type { EntryChange } from './layouts';

/** All that is ever sent: whoever gets it looks into the storage. */
export const LOOK = 'renewal: look';

/**
 * Emits when another page may have changed the entries: storage events tell of it, those that `heed` says yes to. Only a `channel` that is named is listened to as
 * well, as one may cost a page its place in the cache for going back and forward.
 */
export const changesOf$ = (
  heed: (change: EntryChange) => boolean,
  channel: string | undefined,
): Observable<unknown> => {
  const here = globalThis as Partial<typeof globalThis>; // Node has no events
  const events$ = here.removeEventListener ? fromEvent<StorageEvent>(globalThis, 'storage') : NEVER;
  return merge(
    events$.pipe(filter((event) => attempt(() => heed(event)) ?? false)),
    channel ? announced$(channel).pipe(filter((message) => message === LOOK)) : NEVER,
  );
};
