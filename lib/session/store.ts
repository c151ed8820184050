import {
  AsyncSubject,
  catchError,
  defer,
  finalize,
  from,
  identity,
  map,
  noop,
  type Observable,
  type OperatorFunction,
  of,
  tap,
  timeout,
} from 'rxjs';
import { toStored } from './grants';
import type { Tokens } from './state';

/**
 * Where a session keeps its tokens. Any method may throw, reject or hang: the session then goes on from memory and says so
 * on `events$`. Writes never overlap.
 */
export interface TokenStore {
  load(): Tokens | null | PromiseLike<Tokens | null>;
  save(tokens: Tokens): void | PromiseLike<void>;
  clear(): void | PromiseLike<void>;
  /**
   * Runs `work` while no one else who shares the store runs theirs, and lets go as soon as it ends or is unsubscribed. A store
   * without it is taken to be shared with others who can't be kept out.
   */
  exclusive?<T>(work: Observable<T>): Observable<T>;
}

/** How long the store may take for one call before it is given up. */
export const STORE_TIMEOUT_MS = 5_000;

/** The store as the session sees it: its writes never overlap, and what it throws, or leaves unanswered, becomes a warning. */
export interface StorePort {
  /** What the store holds; `undefined` where it does not say. In the same tick for a store that is synchronous. */
  readonly load$: Observable<Tokens | null | undefined>;
  /** Saves `tokens`, or clears the store for `null`: at once, subscribed or not. Emits when it is done or given up. */
  write(tokens: Tokens | null): Observable<unknown>;
  /** Whether the store is known to hold this session's tokens: finding it empty then means that someone cleared it. */
  holds(): boolean;
  /** Whether `found` comes from someone else: neither `tokens` nor any that this session has replaced. */
  isOther(found: Tokens, tokens: Tokens): boolean;
}

const keyOf = ({ accessToken, refreshToken }: Tokens): string => `${accessToken}\n${refreshToken}`;

/** Calls the store; emits what it returned, in the same tick where it is synchronous. */
const call$ = <T>(call: () => T | PromiseLike<T>): Observable<T> =>
  defer(() => {
    const result = call();
    // What has no `then` is no promise, so it is the value itself.
    return typeof Object(result).then === 'function' ? from(result as PromiseLike<T>) : of(result as T);
  });

/** Gives up what has not answered after {@link STORE_TIMEOUT_MS}: emits what `giveUp` returns instead. */
export const inTime = <T, U>(giveUp: () => U): OperatorFunction<T, T | U> =>
  timeout({ first: STORE_TIMEOUT_MS, with: () => of(giveUp()) });

export const createStorePort = (store: TokenStore, warn: (what: string, error?: unknown) => undefined): StorePort => {
  let holds = false;
  let last: Tokens | null = null;
  /** What the store may still hold although this session has replaced it: all since its last write that succeeded. */
  const replaced = new Set<string>();
  const writes: (() => void)[] = [];

  return {
    load$: call$(() => store.load()).pipe(
      map((found) => {
        const tokens = found && toStored(found);
        if (tokens && !replaced.has(keyOf(tokens))) {
          last = tokens;
          holds = true;
        }
        return tokens;
      }),
      catchError((error) => of(warn('load', error))),
    ),
    write: (tokens) => {
      const done$ = new AsyncSubject<void>();
      const run = () =>
        call$<void>(() => (tokens ? store.save(tokens) : store.clear()))
          .pipe(
            tap(() => {
              holds = !!tokens;
              if (!writes[1]) replaced.clear();
            }),
            catchError((error) => of(warn('write', error))),
            finalize(() => {
              writes.shift();
              writes[0]?.();
            }),
          )
          .subscribe(done$);
      if (last) replaced.add(keyOf(last));
      last = tokens;
      holds = false;
      if (writes.push(run) < 2) run();
      return done$.pipe(inTime(() => warn('write')));
    },
    holds: () => holds,
    isOther: (found, tokens) => keyOf(found) !== keyOf(tokens) && !replaced.has(keyOf(found)),
  };
};

/** The store of a session that was given none: what it has stays in the session, and no one shares it. */
export const NO_STORE: TokenStore = { load: noop as () => null, save: noop, clear: noop, exclusive: identity };
