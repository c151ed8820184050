import type { Observable } from 'rxjs';
import type { Tokens } from '../state/session-state';

/**
 * Where a session keeps its tokens. A call that throws, rejects or takes more than 5 s is given up: the session goes on
 * from memory, and a warning on `events$` says so. Writes do not overlap, except with a write that was given up.
 *
 * Of two sessions that share a store, the later sign-in counts, and of one sign-in the higher `revision`: store
 * `sessionId` and `revision` with the tokens. If tokens have neither, the tokens in the store count.
 */
export interface TokenStore {
  /**
   * Returns the tokens, `null` if there are none (signed out), or undefined if they are lost: a session that has tokens
   * then saves them again.
   */
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  save(tokens: Tokens): void | PromiseLike<void>;
  /** Removes the tokens, after a sign-out or a refused refresh. */
  clear(): void | PromiseLike<void>;
  /**
   * Emits after a write to the store by another session, tab or process. The value is a hint: the session calls `load`
   * and decides by that, so an emission for its own write does no harm. Subscribed to from the first use of the session
   * until `destroy`.
   * @defaultValue none: the store is read at the start and before each refresh
   */
  readonly changes$?: Observable<Tokens | null> | undefined;
  /**
   * Returns a value that changes with the tokens, such as the raw entry. Cheap and synchronous: called at each use of
   * the session, such as a request, `accessToken$` or `signIn`. If the value differs from that of the last `load`
   * (`Object.is`), the store is read before the request is sent.
   * @defaultValue none: only `changes$` gives a hint
   */
  version?: (() => unknown) | undefined;
  /**
   * Runs `work` while no other session that shares the store runs its own, and releases the lock as soon as `work` ends
   * or is unsubscribed. If it has not subscribed to `work` within `refreshTimeoutMs`, the failure is transient, and
   * nothing is sent.
   * @defaultValue none: after a refusal, the store is read again for 1 s
   */
  exclusive?: (<T>(work: Observable<T>) => Observable<T>) | undefined;
}

/** Returns a warning of a store of this package, for `events$`. Called once, when its session is first used. */
export const CAUTION = Symbol.for('renewal.caution');

export interface CautiousStore extends TokenStore {
  readonly [CAUTION]?: () => string | undefined;
}

/**
 * Marks a store of this package whose `exclusive` cannot exclude all tabs: other tabs pass over a frozen tab, which
 * continues later.
 */
export const OVERTAKEN = Symbol('renewal.overtaken');

/** Marks a store of this package that no other page shares: a page that sleeps misses none of its changes. */
export const LOCAL = Symbol('renewal.local');

/** How long one call of the store may take before it is given up. */
export const STORE_TIMEOUT_MS = 5_000;

/** The default store of a session, which no other session shares. */
export const createDefaultStore = (): TokenStore => {
  let current: Tokens | null = null;
  return {
    load: () => current,
    save: (tokens) => {
      current = tokens;
    },
    clear: () => {
      current = null;
    },
    exclusive: (work) => work,
  };
};
