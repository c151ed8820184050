import type { Observable } from 'rxjs';
import type { Tokens } from './state';

/**
 * Where a session keeps its tokens. Any method may throw, reject or hang: the session then goes on from memory and says so
 * on `events$`. Writes never overlap.
 */
export interface TokenStore {
  /** What is stored: `null` for nothing (signed out), undefined if what was there is lost, so that a session that holds tokens writes them again. */
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  save(tokens: Tokens): void | PromiseLike<void>;
  clear(): void | PromiseLike<void>;
  /**
   * Emits what the store holds, `null` for nothing, each time when someone else has written to it: another tab, another process. The session follows it from the
   * first request or subscription on, until it is destroyed.
   */
  readonly changes$?: Observable<Tokens | null> | undefined;
  /**
   * Stands for what the store holds, cheap and synchronous: it is called for each request, and if the value is not the one of the last look, the store is read
   * before the request leaves.
   */
  version?: (() => unknown) | undefined;
  /**
   * Runs `work` while no one else who shares the store runs theirs, and lets go as soon as it ends or is unsubscribed. A store
   * without it is taken to be shared with others who can't be kept out.
   */
  exclusive?: (<T>(work: Observable<T>) => Observable<T>) | undefined;
}

/** What a store of ours wants users to know, asked once when its session is first used: a warning on `events$`. */
export const CAUTION = Symbol('renewal.caution');

export interface CautiousStore extends TokenStore {
  readonly [CAUTION]?: () => string | undefined;
}

/** Marks a store of ours whose `exclusive` cannot keep out everyone: a tab that was frozen is overtaken, and goes on later. */
export const OVERTAKEN = Symbol('renewal.overtaken');

/** Marks a store of ours that no other page shares: a page that sleeps misses nothing of what it emits. */
export const LOCAL = Symbol('renewal.local');

/** How long the store may take for one call before it is given up. */
export const STORE_TIMEOUT_MS = 5_000;

/** The store of a session that was given none: no one shares it. */
export const createOwnStore = (): TokenStore => {
  let kept: Tokens | null = null;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = null;
    },
    exclusive: (work) => work,
  };
};
