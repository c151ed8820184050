import { EMPTY, type Observable, of, tap, timer } from 'rxjs';
import { parseJson } from '../http/body';
import { nowMs } from '../http/clock';
import { digestOf } from '../session/state/session-id';
import type { Tokens } from '../session/state/session-state';
import type { PlatformStorage } from './platform-storage';

/** A storage event, as far as it is read. */
export interface EntryChange {
  readonly key: string | null;
  readonly newValue: string | null;
}

/** How the tokens are written down. An access token that is empty stands for one that found no room. */
export interface Layout {
  load(): Tokens | null | undefined;
  save(tokens: Tokens): void;
  clear(): void;
  /** Emits if it is time to look after this change by another page. */
  heed(change: EntryChange): Observable<unknown>;
}

/** One JSON entry: what is read is always of one write. */
export const oneEntry = (storage: () => PlatformStorage, key: string): Layout => ({
  load: () => JSON.parse(storage().getItem(key) ?? 'null'),
  save: (tokens) => storage().setItem(key, JSON.stringify(tokens)),
  clear: () => storage().removeItem(key),
  // Without a name, the storage was cleared.
  heed: (change) => (change.key === null || change.key === key ? of(change) : EMPTY),
});

/** Begins what the access token's entry holds if there is no room for the token. */
const MARK = 'renewal:';

const markOf = (refreshToken = ''): string => MARK + digestOf(refreshToken);

/** Removes them in this order, also after one could not be removed. */
const removeEach = (entries: PlatformStorage, [key, ...others]: readonly string[]): void => {
  if (!key) return;
  try {
    entries.removeItem(key);
  } finally {
    removeEach(entries, others);
  }
};

/** What the third entry holds: digests of the two tokens that it belongs to, and all that is not in their entries. */
interface Rest extends Omit<Tokens, 'accessToken' | 'refreshToken'> {
  readonly of: string;
  readonly by: string;
}

/** How long another tab may take for its three writes. */
const SETTLE_MS = 250;

/** How many third entries a tab remembers. */
const MAX_RESTS = 20;

const isLater = (one: Rest, { sessionId, revision = 0 }: Rest): boolean =>
  one.sessionId === sessionId ? (one.revision ?? 0) >= revision : one.sessionId > sessionId;

/**
 * Two plain entries, and one for the rest, which names the tokens that it belongs to. Other tabs see each write by itself, so the access token is
 * written last and removed first. A mark in its place is written first: until the other two belong to it, nothing can be read.
 *
 * The writes of two tabs may get mixed. Storage events show also what was overwritten at once, so a tab knows to which sign-in an access token belongs even if its third
 * entry is gone, and the tab of the later sign-in writes again.
 */
export const plainEntries = (storage: () => PlatformStorage, accessKey: string, refreshKey: string): Layout => {
  const restKey = `${accessKey}.renewal`;
  /** What the third entry has held, the newest first. */
  let rests: Rest[] = [];
  let saved: Rest | undefined;
  /** Whether the refresh token was removed a while ago; a page that knows two entries may go on to remove the access token. */
  let isGone = false;
  /** The refresh token that was read last, and since when, if it has replaced another one. */
  let lastBy: string | undefined;
  let sinceMs = 0;

  const note = (rest: Rest): void => {
    rests = [rest, ...rests.filter((each) => each.of !== rest.of)].slice(0, MAX_RESTS);
  };
  const read = (text: string | null): void => {
    const rest: Rest = Object(parseJson(text ?? ''));
    if (rest.by && !rests.some((each) => each.of === rest.of && isLater(each, rest))) note(rest);
  };
  const restOf = (access: string): Rest | undefined => rests.find((each) => each.of === digestOf(access));

  return {
    load: () => {
      const entries = storage();
      const access = entries.getItem(accessKey);
      const rest = entries.getItem(restKey);
      read(rest);
      // Some pages sign out by writing an empty token.
      if (!access) {
        saved = undefined;
        if (!rest) rests = [];
        return null;
      }
      const refreshToken = entries.getItem(refreshKey) ?? undefined;
      const by = digestOf(refreshToken ?? '');
      if (lastBy && lastBy !== by) sinceMs = nowMs();
      lastBy = by;
      const isOwn = saved?.of === digestOf(access);
      const isTorn = isOwn && !refreshToken && saved?.by !== by;
      // The sign-out of another tab, which removes the access token first, has crossed this tab's write.
      if (isTorn ? isGone : isOwn && !rest && saved?.by === by) return undefined;
      const ofAccess = restOf(access);
      const ofRefresh = rests.find((each) => each.by === by);
      const isMark = access.startsWith(MARK);
      const isMixed = ofAccess && ofRefresh && ofAccess.sessionId !== ofRefresh.sessionId;
      if (isMixed && saved && isLater(saved, ofAccess) && isLater(saved, ofRefresh)) return undefined;
      // A refresh token of another write must not be presented before its access token is there.
      const isEarly = ofAccess && ofAccess.by !== by && nowMs() < sinceMs + SETTLE_MS;
      if (isTorn || isEarly || isMixed || (isMark && ofAccess?.by !== by)) throw new Error('a write is not finished');
      const { of: _of, by: _by, ...others } = ofAccess ?? { sessionId: '', of: '', by };
      // The session checks what it loads.
      return { ...others, accessToken: isMark ? '' : access, refreshToken } as Tokens;
    },
    save: ({ accessToken, refreshToken, ...others }) => {
      const entries = storage();
      const access = accessToken || markOf(refreshToken);
      const rest = { ...others, of: digestOf(access), by: digestOf(refreshToken ?? '') };
      note(rest);
      saved = rest;
      isGone = false;
      const steps = [
        () => (refreshToken ? entries.setItem(refreshKey, refreshToken) : entries.removeItem(refreshKey)),
        () => entries.setItem(restKey, JSON.stringify(rest)),
        () => entries.setItem(accessKey, access),
      ];
      for (const step of accessToken ? steps : steps.reverse()) step();
    },
    clear: () => {
      rests = [];
      saved = undefined;
      removeEach(storage(), [accessKey, refreshKey, restKey]);
    },
    heed: ({ key, newValue }) => {
      if (key === null || (key === restKey && !newValue)) rests = [];
      else if (key === restKey) read(newValue);
      if (key === null || key === accessKey) return of(key);
      // The access token may have been written first, and been read in between; or it is yet to be written.
      return key === refreshKey
        ? timer(SETTLE_MS).pipe(
            tap(() => {
              isGone = !newValue;
            }),
          )
        : EMPTY;
    },
  };
};
