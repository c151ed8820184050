import { EMPTY, type Observable, of, tap, timer } from 'rxjs';
import { parseJson } from '../http/body';
import { nowMs } from '../http/clock';
import { digestOf } from '../session/state/session-id';
import type { Tokens } from '../session/state/session-state';
import type { PlatformStorage } from './platform-storage';

/** The fields of a storage event that are read. */
export interface EntryChange {
  readonly key: string | null;
  readonly newValue: string | null;
}

/** How the tokens are stored. An empty access token says that the storage had no room for the token. */
export interface Layout {
  load(): Tokens | null | undefined;
  save(tokens: Tokens): void;
  clear(): void;
  /** Emits when the store must be read after this change by another page. */
  onStorageEvent(change: EntryChange): Observable<unknown>;
}

/** One JSON entry: a read never mixes two writes. */
export const oneEntry = (storage: () => PlatformStorage, key: string): Layout => ({
  load: () => JSON.parse(storage().getItem(key) ?? 'null'),
  save: (tokens) => storage().setItem(key, JSON.stringify(tokens)),
  clear: () => storage().removeItem(key),
  // `null`: the storage was cleared.
  onStorageEvent: (change) => (change.key === null || change.key === key ? of(change) : EMPTY),
});

/** The prefix of the access token's entry if there is no room for the token. */
const MARK = 'renewal:';

const markOf = (refreshToken = ''): string => MARK + digestOf(refreshToken);

/** Removes the entries in this order, and continues after an entry that cannot be removed. */
const removeEach = (entries: PlatformStorage, [key, ...others]: readonly string[]): void => {
  if (!key) return;
  try {
    entries.removeItem(key);
  } finally {
    removeEach(entries, others);
  }
};

/** The third entry: digests of the two tokens that it belongs to, and the fields that have no entry. */
interface Rest extends Omit<Tokens, 'accessToken' | 'refreshToken'> {
  /** The digest of the access token, or of the mark in its place. */
  readonly of: string;
  /** The digest of the refresh token; of an empty string if there is none. */
  readonly by: string;
}

/** The observed changes of the refresh token's entry. */
interface RefreshEntry {
  /** The digest of the token that was read last. */
  readonly by?: string | undefined;
  /** When that token replaced another token; 0 if it did not. */
  readonly replacedAtMs: number;
  /** Whether the entry is removed, since `MAX_WRITE_MS` at least. The access token may be removed next. */
  readonly isRemoved: boolean;
}

/** How long another tab may take to write its three entries. */
const MAX_WRITE_MS = 250;

/** How many third entries are remembered. */
const MAX_RESTS = 20;

const isLater = (one: Rest, { sessionId, revision = 0 }: Rest): boolean =>
  one.sessionId === sessionId ? (one.revision ?? 0) >= revision : one.sessionId > sessionId;

/**
 * Two plain entries, and a third entry that names the tokens that it belongs to. Other tabs see each write separately,
 * so the access token is written last and removed first. A mark in its place is written first: nothing can be read
 * until the other entries belong to the mark.
 *
 * The writes of two tabs may mix. Storage events show also the values that were overwritten at once. So a tab knows the
 * sign-in of an access token even if its third entry is gone. The tab of the later sign-in writes again.
 */
export const plainEntries = (storage: () => PlatformStorage, accessKey: string, refreshKey: string): Layout => {
  const restKey = `${accessKey}.renewal`;
  /** The values of the third entry so far, the newest first. */
  let rests: readonly Rest[] = [];
  /** The third entry of the last write of this tab; undefined after the tokens were removed. */
  let saved: Rest | undefined;
  let refresh: RefreshEntry = { replacedAtMs: 0, isRemoved: false };

  const remember = (rest: Rest): void => {
    rests = [rest, ...rests.filter((each) => each.of !== rest.of)].slice(0, MAX_RESTS);
  };
  const readRest = (text: string | null): void => {
    const rest: Rest = Object(parseJson(text ?? ''));
    if (rest.by && !rests.some((each) => each.of === rest.of && isLater(each, rest))) remember(rest);
  };
  const readRefresh = (by: string): void => {
    const isReplaced = refresh.by && refresh.by !== by;
    refresh = { ...refresh, by, ...(isReplaced && { replacedAtMs: nowMs() }) };
  };
  const restOf = (access: string): Rest | undefined => rests.find((each) => each.of === digestOf(access));

  return {
    load: () => {
      const entries = storage();
      const access = entries.getItem(accessKey);
      const rest = entries.getItem(restKey);
      readRest(rest);
      // Some pages write an empty token to sign out.
      if (!access) {
        saved = undefined;
        if (!rest) rests = [];
        return null;
      }
      const refreshToken = entries.getItem(refreshKey) ?? undefined;
      const by = digestOf(refreshToken ?? '');
      readRefresh(by);
      const isSaved = saved?.of === digestOf(access);
      const isTorn = isSaved && !refreshToken && saved?.by !== by;
      // Another tab has signed out during this tab's write: it removed the access token first, and the rest afterwards.
      if (isTorn ? refresh.isRemoved : isSaved && !rest && saved?.by === by) return undefined;
      const ofAccess = restOf(access);
      const ofRefresh = rests.find((each) => each.by === by);
      const isMark = access.startsWith(MARK);
      const isMixed = ofAccess && ofRefresh && ofAccess.sessionId !== ofRefresh.sessionId;
      if (isMixed && saved && isLater(saved, ofAccess) && isLater(saved, ofRefresh)) return undefined;
      // A refresh token of another write must not be presented before its access token is written.
      const isEarly = ofAccess && ofAccess.by !== by && nowMs() < refresh.replacedAtMs + MAX_WRITE_MS;
      if (isTorn || isEarly || isMixed || (isMark && ofAccess?.by !== by)) throw new Error('a write is not finished');
      const { of: _of, by: _by, ...others } = ofAccess ?? { sessionId: '', of: '', by };
      // The session checks what it loads.
      return { ...others, accessToken: isMark ? '' : access, refreshToken } as Tokens;
    },
    save: ({ accessToken, refreshToken, ...others }) => {
      const entries = storage();
      const access = accessToken || markOf(refreshToken);
      const rest = { ...others, of: digestOf(access), by: digestOf(refreshToken ?? '') };
      remember(rest);
      saved = rest;
      refresh = { ...refresh, isRemoved: false };
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
    onStorageEvent: ({ key, newValue }) => {
      if (key === null || (key === restKey && !newValue)) rests = [];
      else if (key === restKey) readRest(newValue);
      if (key === null || key === accessKey) return of(key);
      // The access token may have been written and read before this event, or may be written after it.
      return key === refreshKey
        ? timer(MAX_WRITE_MS).pipe(
            tap(() => {
              refresh = { ...refresh, isRemoved: !newValue };
            }),
          )
        : EMPTY;
    },
  };
};
