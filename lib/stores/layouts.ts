import { parseJson } from '../http/body';
import { nowMs } from '../session/clock';
import { digestOf } from '../session/precedence';
import type { Tokens } from '../session/state';
import type { PlatformStorage } from './platform-storage';

/** How the tokens are written down. An access token that is empty stands for one that found no room. */
export interface Layout {
  load(): Tokens | null | undefined;
  save(tokens: Tokens): void;
  clear(): void;
  /** Another page has written; returns whether its entries may still arrive between those of this page. */
  told?(): boolean;
}

/** One JSON entry: what is read is always of one write. */
export const oneEntry = (storage: () => PlatformStorage, key: string): Layout => ({
  load: () => JSON.parse(storage().getItem(key) ?? 'null'),
  save: (tokens) => storage().setItem(key, JSON.stringify(tokens)),
  clear: () => storage().removeItem(key),
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

/** How long after a write of this page the entries of another page's may still arrive between them. */
export const CROSSING_MS = 250;

/**
 * Two plain entries, and one for the rest, which names the access token that it belongs to and the one before. Other pages see each write by itself, so the
 * access token is written last and removed first. Those of two pages at once may get mixed: the page whose rest was written over writes its own again, and the other waits
 * for that. A mark in place of the access token is written first: until the other two belong to it, nothing can be read.
 */
export const plainEntries = (storage: () => PlatformStorage, accessKey: string, refreshKey: string): Layout => {
  const restKey = `${accessKey}.renewal`;
  const read = (entries: PlatformStorage) => [accessKey, refreshKey, restKey].map((key) => entries.getItem(key));
  let own:
    | { readonly tokens: Tokens; readonly values: readonly (string | null)[]; readonly untilMs: number }
    | undefined;
  let isTold = false;
  return {
    load: () => {
      const values = read(storage());
      const [access, refresh, restText] = values;
      if (own && isTold && nowMs() < own.untilMs) {
        if (restText === own.values[2]) return own.tokens;
        if (access === own.values[0] || refresh === own.values[1]) return undefined;
      }
      // Some pages sign out by writing an empty token.
      if (!access) return null;
      const refreshToken = refresh ?? undefined;
      const { of, was, ...rest } = Object(parseJson(restText ?? ''));
      const isMark = access.startsWith(MARK);
      const isWhole = of === digestOf(access);
      if (isMark && !(isWhole && access === markOf(refreshToken))) throw new Error('a write is not finished');
      // The refresh token is the new one already: the page that wrote it may be gone.
      const isHalf = !isWhole && was === digestOf(access) && !!refreshToken;
      const known = isWhole || isHalf ? rest : { sessionId: '' };
      // The session checks what it loads.
      return { ...known, accessToken: isMark || isHalf ? '' : access, refreshToken } as Tokens;
    },
    save: (tokens) => {
      const { accessToken, refreshToken, ...rest } = tokens;
      const entries = storage();
      const access = accessToken || markOf(refreshToken);
      const was = digestOf(entries.getItem(accessKey) ?? '');
      const steps = [
        () => (refreshToken ? entries.setItem(refreshKey, refreshToken) : entries.removeItem(refreshKey)),
        () => entries.setItem(restKey, JSON.stringify({ ...rest, of: digestOf(access), was })),
        () => entries.setItem(accessKey, access),
      ];
      for (const step of accessToken ? steps : steps.reverse()) step();
      own = { tokens, values: read(entries), untilMs: nowMs() + CROSSING_MS };
      isTold = false;
    },
    clear: () => {
      own = undefined;
      removeEach(storage(), [accessKey, refreshKey, restKey]);
    },
    told: () => {
      const { values = [], untilMs = 0 } = own ?? {};
      const isCrossing = nowMs() < untilMs;
      isTold ||= isCrossing && read(storage()).some((value, index) => value !== values[index]);
      return isCrossing;
    },
  };
};
