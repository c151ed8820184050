import { setMaxListeners } from 'node:events';
import { type TokenStore, type Tokens, type WebStorageStoreOptions, webStorageStore } from 'renewal';
import { Observable } from 'rxjs';
import { onTestFinished, vi } from 'vitest';
import { stopClock } from './clock';
import { eventsOf } from './events';
import { completedWith, type Outcome, outcomeOf } from './http-client';
import { createStorage, namesIn } from './http-storage';
import type { Signal } from './server';
import { createVirtualClient, type VirtualClient } from './virtual';
import { createLocks, type FakeLocks } from './web-locks';

/** One tab: its own session and client over the shared storage. */
export interface VirtualTab extends VirtualClient {
  readonly store: TokenStore;
  readonly events: ReturnType<typeof eventsOf>;
  get(): Outcome;
}

/**
 * A server that accepts each refresh token once and refuses it afterwards. It accepts tokens that it has not issued,
 * which tests write into a storage: the issuer of `renewal/testing` refuses those.
 */
export interface AuthServer {
  /** The refresh tokens that came, in order. */
  readonly presented: string[];
  /** The duration of the next refreshes. */
  responseMs: number;
  /** Expires the access tokens issued so far. */
  expire(): void;
  isDead(accessToken: string): boolean;
  refresh(tokens: Pick<Tokens, 'refreshToken'>): Observable<{ accessToken: string; refreshToken: string }>;
}

export interface VirtualBrowser {
  readonly storage: Storage;
  readonly locks: FakeLocks;
  readonly authServer: AuthServer;
  /** True to drop storage events. */
  losesStorageEvents: boolean;
  /** The delay until a tab reads what another tab has written; 0 for none. Applies to tabs that are opened later. */
  lagMs: number;
  /** Opens a tab. */
  open(options?: WebStorageStoreOptions & { readonly session?: Parameters<typeof createVirtualClient>[0] }): VirtualTab;
  /** Advances timers and promises. */
  advance(ms?: number): Promise<void>;
  /** The keys that were written, in order. */
  readonly writtenKeys: string[];
  /** Dispatches a storage event to all tabs, whether or not there was a change. */
  dispatchStorageEvent(event: { readonly key: string | null; readonly newValue?: string | null }): void;
  /** Makes all tabs visible. */
  show(): void;
  hide(): void;
}

const refused = new Error('refused');

const createAuthServer = (): AuthServer => {
  const presented: string[] = [];
  let number = 1;
  let oldest = 2;
  const spent = new Set<string>();
  const authServer: AuthServer = {
    presented,
    responseMs: 20,
    expire: () => {
      oldest = number + 1;
    },
    isDead: (accessToken) => Number(accessToken.slice(1)) < oldest,
    refresh: ({ refreshToken = '' }) =>
      new Observable((subscriber) => {
        presented.push(refreshToken);
        const isSpent = spent.has(refreshToken);
        spent.add(refreshToken);
        if (!isSpent) number++;
        const grant = { accessToken: `T${number}`, refreshToken: `R${number}` };
        const timer = setTimeout(() => {
          if (isSpent) {
            subscriber.error(refused);
          } else {
            subscriber.next(grant);
            subscriber.complete();
          }
        }, authServer.responseMs);
        return () => clearTimeout(timer);
      }),
  };
  return authServer;
};

/** A browser whose tabs share a storage and locks; signed in with the dead token T1 and with R1. */
export const installBrowser = (signal: Signal): VirtualBrowser => {
  stopClock();
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  // All tabs of a test live in one process.
  setMaxListeners(0, window, document);
  class PlatformStorage {}
  const initial: Readonly<Record<string, string>> = {
    renewal: JSON.stringify({ accessToken: 'T1', refreshToken: 'R1', sessionId: 'first' }),
  };
  const kept = createStorage(initial);
  const writtenKeys: string[] = [];
  const dispatchStorageEvent: VirtualBrowser['dispatchStorageEvent'] = (event) => {
    if (!browser.losesStorageEvents)
      setTimeout(() => window.dispatchEvent(Object.assign(new Event('storage'), event)), browser.lagMs || 1);
  };
  const writes: {
    readonly key: string;
    readonly value: string | null;
    readonly atMs: number;
    readonly writer: object;
  }[] = [];
  /** The storage as one page sees it: its own writes at once, the writes of other pages `lagMs` later. */
  const viewOf = (lagMs: number): Storage => {
    const writer = {};
    const write = (key: string, value: string | null): void => {
      writes.push({ key, value, atMs: Date.now(), writer });
      if (value === null) kept.removeItem(key);
      else kept.setItem(key, value);
    };
    const view: Storage = Object.assign(Object.create(PlatformStorage.prototype), {
      getItem: (key: string) => {
        const all = writes.filter((each) => each.key === key);
        const seen = all.filter((each) => each.writer === writer || each.atMs + lagMs <= Date.now()).at(-1);
        if (seen) return seen.value;
        return all.length > 0 ? (initial[key] ?? null) : kept.getItem(key);
      },
      key: kept.key,
      setItem: (key: string, value: string) => {
        writtenKeys.push(key);
        write(key, value);
        dispatchStorageEvent({ key, newValue: value });
      },
      removeItem: (key: string) => {
        write(key, null);
        dispatchStorageEvent({ key, newValue: null });
      },
      clear: () => {
        for (const key of namesIn(kept)) write(key, null);
        dispatchStorageEvent({ key: null });
      },
    });
    return view;
  };
  const storage = viewOf(0);
  const locks = createLocks();
  vi.stubGlobal('Storage', PlatformStorage);
  vi.stubGlobal('navigator', { locks });
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  const authority = createAuthServer();
  const browser: VirtualBrowser = {
    storage,
    locks,
    authServer: authority,
    losesStorageEvents: false,
    lagMs: 0,
    open: ({ session, ...options } = {}) => {
      // Each tab has its own object for the shared storage.
      const view: Storage = browser.lagMs > 0 ? viewOf(browser.lagMs) : Object.create(storage);
      const store = webStorageStore({ storage: () => view, ...options });
      const client = createVirtualClient({
        signal,
        store,
        isDead: authority.isDead,
        refresh: authority.refresh,
        isRefused: (error) => error === refused,
        ...session,
      });
      onTestFinished(() => client.session.destroy());
      return { ...client, store, events: eventsOf(client.api), get: () => outcomeOf(client.api.get$('/a')) };
    },
    advance: async (ms = 0) => {
      await vi.advanceTimersByTimeAsync(ms);
    },
    writtenKeys,
    dispatchStorageEvent,
    hide: () => {
      document.visibilityState = 'hidden';
      document.dispatchEvent(new Event('visibilitychange'));
    },
    show: () => {
      document.visibilityState = 'visible';
      document.dispatchEvent(new Event('visibilitychange'));
    },
  };
  return browser;
};

/** The outcome of a request that was sent with this access token. */
export const sentWith = (accessToken: string): Outcome => completedWith({ by: accessToken });
