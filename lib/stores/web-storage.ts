import { defer, EMPTY, mergeMap, of } from 'rxjs';
import { parseJson } from '../http/body';
import { check, checkFunction, checkMs, checkOptions, checkText } from '../http/options';
import type { Tokens } from '../session/state';
import { CAUTION, type CautiousStore, OVERTAKEN, type TokenStore } from '../session/store';
import type { PlatformStorage } from './platform-storage';
import { createTurns } from './turns';
import { announce, changesOf$ } from './web-changes';
import { createWebLock } from './web-locks';

/** The options of {@link webStorageStore}. */
export interface WebStorageStoreOptions {
  /** Called anew for each access, as a browser may forbid it. @defaultValue `() => localStorage` */
  readonly storage?: (() => PlatformStorage) | undefined;
  /** The name of the one entry, which holds JSON. @defaultValue `'renewal'` */
  readonly key?: string | undefined;
  /**
   * The names of two plain entries, for an app that has them already. A third beside them, `<accessToken>.renewal`, holds the expiry
   * and the id of the session.
   */
  readonly keys?: { readonly accessToken: string; readonly refreshToken: string } | undefined;
  /**
   * How long a refresh waits for the refresh of another tab before it goes on without the lock, in milliseconds; 0 and `Infinity`: for as long as
   * `refreshTimeoutMs` lets it. Only a tab that the browser has frozen keeps others waiting that long, or a refresh that takes longer: where the server ends a
   * session whose refresh token comes twice, let this be longer than a refresh may well take. @defaultValue 5 000
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** Whether this is a page or a worker of a browser. Servers have Web Locks (from Node 24 on) and a `Storage` (from Node 26 on, and in Deno) as well. */
const isPage = (): boolean => !!globalThis.document || 'WorkerGlobalScope' in globalThis;

/** How the tokens are written down. */
interface Layout {
  load(): Tokens | null;
  save(tokens: Tokens): void;
  clear(): void;
}

/** One JSON entry: what is read is always of one write. */
const oneEntry = (storage: () => PlatformStorage, key: string): Layout => ({
  load: () => JSON.parse(storage().getItem(key) ?? 'null'),
  save: (tokens) => storage().setItem(key, JSON.stringify(tokens)),
  clear: () => storage().removeItem(key),
});

/** Two plain entries, and one for what those can't hold. The access token is written last and removed first: who hears of it finds the rest. */
const plainEntries = (
  storage: () => PlatformStorage,
  { accessToken, refreshToken }: NonNullable<WebStorageStoreOptions['keys']>,
): Layout => {
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

/** Whether these are the names of two entries. */
const isNames = (keys: unknown): boolean => {
  const { accessToken, refreshToken } = Object(keys);
  return [accessToken, refreshToken].every((name) => name && typeof name === 'string') && accessToken !== refreshToken;
};

/**
 * Keeps the tokens in `localStorage`, or another `Storage`, where they outlive the page and are shared by all tabs: those refresh once, one after another, and
 * hear of one another's sign-ins, sign-outs and new tokens. Reads and writes are synchronous. Throws a `TypeError` for an option that is wrong.
 *
 * @example
 * ```ts
 * webStorageStore({ keys: { accessToken: 'token', refreshToken: 'refreshToken' } });
 * ```
 */
export const webStorageStore = (options: WebStorageStoreOptions = {}): TokenStore => {
  const {
    storage = () => localStorage,
    key = 'renewal',
    keys,
    lockTimeoutMs = 5_000,
  } = checkOptions(options, {
    storage: checkFunction,
    key: checkText,
    lockTimeoutMs: checkMs,
  });
  check(keys === undefined || isNames(keys), 'keys', 'two different names, { accessToken, refreshToken }');
  const entry = keys?.accessToken ?? key;
  // What no one else's lock or channel is called.
  const name = `renewal:${entry}`;
  /** Whether it is a storage of the platform, of which browsers tell; not known before it was opened. */
  let isTold: boolean | undefined;
  let hasWritten = false;

  const open = (): PlatformStorage => {
    const opened = storage();
    // Of another one, such as one that encrypts, no browser tells.
    isTold = !!globalThis.Storage && opened instanceof Storage;
    return opened;
  };
  /** Whether others may write to it: without a page or without a storage the visitors of one server process would wait for one another. */
  const isShared = (): boolean => {
    try {
      if (!isPage()) return false;
      open().getItem(entry);
      return true;
    } catch {
      return false;
    }
  };
  const { load, save, clear } = keys ? plainEntries(open, keys) : oneEntry(open, key);

  const wrote = (): void => {
    hasWritten = true;
    if (!isTold && isPage()) announce(name);
  };
  const inTurn = createTurns();
  const locked = createWebLock(name, lockTimeoutMs, () => hasWritten);

  const store: CautiousStore & { readonly [OVERTAKEN]: true } = {
    [OVERTAKEN]: true,
    // As far as it has been opened: on the way of a request nothing is touched.
    [CAUTION]: () =>
      isTold && !isPage()
        ? "webStorageStore: the storage is the process's own, so its visitors share one session"
        : undefined,
    load,
    save: (tokens) => {
      save(tokens);
      wrote();
    },
    clear: () => {
      clear();
      wrote();
    },
    changes$: changesOf$(entry, () => (isTold === false && isPage() ? name : undefined)).pipe(
      mergeMap(() => {
        try {
          return of(load());
        } catch {
          // What is broken is no one's tokens, and no sign-out.
          return EMPTY;
        }
      }),
    ),
    exclusive: (work) =>
      defer(() => {
        const turn = defer(() => {
          hasWritten = false;
          return work;
        });
        return inTurn(isShared() ? locked(turn) : turn);
      }),
  };
  return store;
};
