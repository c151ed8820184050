import { parseJson } from '../http/body';
import { digestOf } from '../session/precedence';
import type { Tokens } from '../session/state';
import type { PlatformStorage } from './platform-storage';

/** How the tokens are written down. An access token that is empty stands for one that found no room. */
export interface Layout {
  load(): Tokens | null;
  save(tokens: Tokens): void;
  clear(): void;
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

/**
 * Two plain entries, and one for the rest, which names the access token that it belongs to. Other tabs see each write by itself, so the access token is
 * written last and removed first. A mark in its place is written first: until the other two belong to it, nothing can be read.
 */
export const plainEntries = (storage: () => PlatformStorage, accessKey: string, refreshKey: string): Layout => {
  const restKey = `${accessKey}.renewal`;
  return {
    load: () => {
      const entries = storage();
      const access = entries.getItem(accessKey);
      // Some pages sign out by writing an empty token.
      if (!access) return null;
      const refreshToken = entries.getItem(refreshKey) ?? undefined;
      const { of, ...rest } = Object(parseJson(entries.getItem(restKey) ?? ''));
      const isWhole = of === digestOf(access);
      const isMark = access.startsWith(MARK);
      if (isMark && !(isWhole && access === markOf(refreshToken))) throw new Error('a write is not finished');
      // The session checks what it loads.
      return { sessionId: '', ...(isWhole && rest), accessToken: isMark ? '' : access, refreshToken } as Tokens;
    },
    save: ({ accessToken, refreshToken, ...rest }) => {
      const entries = storage();
      const access = accessToken || markOf(refreshToken);
      const steps = [
        () => (refreshToken ? entries.setItem(refreshKey, refreshToken) : entries.removeItem(refreshKey)),
        () => entries.setItem(restKey, JSON.stringify({ ...rest, of: digestOf(access) })),
        () => entries.setItem(accessKey, access),
      ];
      for (const step of accessToken ? steps : steps.reverse()) step();
    },
    clear: () => removeEach(storage(), [accessKey, refreshKey, restKey]),
  };
};
