import { parseJson } from '../http/body';
import type { Tokens } from '../session/state';
import type { TokenStore } from '../session/store';

/** The options of {@link webStorageStore}. */
export interface WebStorageStoreOptions {
  /** Called anew for each access, as a browser may forbid it. @defaultValue `() => localStorage` */
  readonly storage?: () => Storage;
  /** The name of the one entry, which holds JSON. @defaultValue `'renewal'` */
  readonly key?: string;
  /**
   * The names of two plain entries, for an app that has them already. A third beside them, `<accessToken>.renewal`, holds the expiry
   * and the id of the session.
   */
  readonly keys?: { readonly accessToken: string; readonly refreshToken: string };
}

/** One JSON entry: what is read is always of one write. */
const oneEntry = (storage: () => Storage, key: string): TokenStore => ({
  load: () => JSON.parse(storage().getItem(key) ?? 'null'),
  save: (tokens) => storage().setItem(key, JSON.stringify(tokens)),
  clear: () => storage().removeItem(key),
});

/** Two plain entries, and one for what those can't hold. */
const plainEntries = (
  storage: () => Storage,
  { accessToken, refreshToken }: NonNullable<WebStorageStoreOptions['keys']>,
): TokenStore => {
  const rest = `${accessToken}.renewal`;
  return {
    load: () => {
      const entries = storage();
      const access = entries.getItem(accessToken);
      if (access === null) return null;
      const refresh = entries.getItem(refreshToken) ?? undefined;
      const { expiresAtMs, sessionId = '' } = Object(parseJson(entries.getItem(rest) ?? ''));
      // The session checks what it loads.
      return { accessToken: access, refreshToken: refresh, expiresAtMs, sessionId } as Tokens;
    },
    save: ({ accessToken: access, refreshToken: refresh, ...others }) => {
      const entries = storage();
      if (refresh === undefined) entries.removeItem(refreshToken);
      else entries.setItem(refreshToken, refresh);
      entries.setItem(rest, JSON.stringify(others));
      entries.setItem(accessToken, access);
    },
    clear: () => {
      for (const key of [accessToken, refreshToken, rest]) storage().removeItem(key);
    },
  };
};

/**
 * Keeps the tokens in `localStorage`, or another `Storage`, where they outlive the page. Reads and writes are synchronous.
 *
 * @example
 * ```ts
 * webStorageStore({ keys: { accessToken: 'token', refreshToken: 'refreshToken' } });
 * ```
 */
export const webStorageStore = ({
  storage = () => localStorage,
  key = 'renewal',
  keys,
}: WebStorageStoreOptions = {}): TokenStore => (keys ? plainEntries(storage, keys) : oneEntry(storage, key));
