import { defer, EMPTY, merge, mergeMap, of } from 'rxjs';
import { check, checkFunction, checkMs, checkOptions, checkText } from '../http/options';
import { CAUTION, type CautiousStore, OVERTAKEN, type TokenStore } from '../session/store/token-store';
import { broadcast } from './channel';
import { oneEntry, plainEntries } from './layouts';
import { isPage } from './page';
import type { PlatformStorage } from './platform-storage';
import { type SharedEntry, sharedEntryOf } from './shared-entry';
import { tryOrUndefined } from './try-or-undefined';
import { PING, storageChanges$ } from './web-changes';
import { createWebLock } from './web-locks';

/** The options of {@link webStorageStore}. */
export interface WebStorageStoreOptions {
  /** Called for each access, as a browser may forbid it. @defaultValue `() => localStorage` */
  readonly storage?: (() => PlatformStorage) | undefined;
  /** The name of the single entry, which holds JSON. @defaultValue `'renewal'` */
  readonly key?: string | undefined;
  /**
   * The names of two plain entries, for an app that has them already. A third entry, `<accessToken>.renewal`,
   * holds expiry, session id and revision, and hashes of the two tokens that it belongs to. Entries that other code has
   * written are a new session of unknown expiry.
   * @defaultValue none: the single entry `key`
   */
  readonly keys?: { readonly accessToken: string; readonly refreshToken: string } | undefined;
  /**
   * How long a refresh waits for the refresh of one other tab before it goes on without the lock, in milliseconds; 0
   * and `Infinity`: until `refreshTimeoutMs`. Only a tab that the browser has frozen, or a refresh that takes longer,
   * makes other tabs wait that long. If the server ends a session whose refresh token is presented twice, set this
   * above the time that a refresh may take.
   * @defaultValue 5 000
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** Whether these are the names of two entries. */
const isNames = (keys: unknown): boolean => {
  const { accessToken, refreshToken } = Object(keys);
  return [accessToken, refreshToken].every((name) => name && typeof name === 'string') && accessToken !== refreshToken;
};

/**
 * Keeps the tokens in `localStorage`, or another `Storage`, where they outlive the page and all tabs share them. The
 * tabs, and the sessions of one page, refresh once for all, under a Web Lock, and apply each other's sign-ins,
 * sign-outs and new tokens. Entries that other code writes count before the next request is sent. Reads and writes are
 * synchronous.
 *
 * If the storage has no room for the tokens, only the refresh token is stored, or the entry is removed: a spent refresh
 * token does not stay. That, and a `storage` that throws, is a warning on `events$`. Without a page there are no locks
 * and no channels. Throws a `TypeError` for an option that is wrong.
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
  // The prefix distinguishes the lock and the channel from those of the app.
  const name = `renewal:${entry}` as const;
  /** Whether browsers fire events for the storage; undefined until it is opened. */
  let firesEvents: boolean | undefined;
  let shared: SharedEntry | undefined;
  let hasWritten = false;

  const open = (): PlatformStorage => {
    const opened = storage();
    // Browsers fire no events for another object, such as a storage that encrypts.
    firesEvents = !!globalThis.Storage && opened instanceof Storage;
    return opened;
  };
  const getShared = (): SharedEntry => {
    shared ??= sharedEntryOf(open, name);
    return shared;
  };
  /**
   * Whether other tabs share the storage. On a server, without a page or a storage, the visitors would wait for each
   * other.
   */
  const isShared = (): boolean | undefined =>
    isPage() &&
    tryOrUndefined(() => {
      const opened = open();
      opened.getItem(entry);
      return opened !== globalThis.sessionStorage;
    });
  const { load, save, clear, onStorageEvent } = keys
    ? plainEntries(open, keys.accessToken, keys.refreshToken)
    : oneEntry(open, key);

  /** Writes, and notifies the other stores and pages, also after a write that failed half-way. */
  const write = (run: () => void): void => {
    try {
      run();
    } finally {
      hasWritten = true;
      getShared().writes.next();
      if (!firesEvents && isPage()) broadcast(name, PING);
    }
  };
  const locked = createWebLock(name, lockTimeoutMs, () => hasWritten);

  const store: CautiousStore & { readonly [OVERTAKEN]: true } = {
    [OVERTAKEN]: true,
    // Undefined until the storage is opened: the caution itself does not open it.
    [CAUTION]: () =>
      firesEvents && !isPage()
        ? "webStorageStore: the storage is the process's own, so its visitors share one session"
        : undefined,
    load,
    save: (tokens) =>
      write(() => {
        try {
          save(tokens);
        } catch (error) {
          // The stored refresh token is spent: no other tab may present it again.
          const { refreshToken, sessionId, revision = 0 } = tokens;
          const saveRefreshToken = () => {
            save({ accessToken: '', refreshToken: `${refreshToken}`, sessionId, revision });
            return true;
          };
          if (!refreshToken || !tryOrUndefined(saveRefreshToken)) tryOrUndefined(clear);
          throw error;
        }
      }),
    clear: () => write(clear),
    version: () => tryOrUndefined(() => open().getItem(entry)),
    changes$: defer(
      () =>
        merge(
          getShared().writes,
          storageChanges$(onStorageEvent, firesEvents === false && isPage() ? name : undefined),
        ),
      // Entries that cannot be read are neither tokens nor a sign-out.
    ).pipe(mergeMap(() => tryOrUndefined(() => of(load() ?? null)) ?? EMPTY)),
    exclusive: (work) =>
      defer(() => {
        const work$ = defer(() => {
          hasWritten = false;
          return work;
        });
        return getShared().exclusive(isShared() ? locked(work$) : work$);
      }),
  };
  return store;
};
