import {
  AsyncSubject,
  catchError,
  defer,
  finalize,
  from,
  map,
  noop,
  type Observable,
  of,
  type Subject,
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

/** The store as the session sees it: it never throws and never hangs. */
export interface StorePort {
  /** What the store holds; `undefined` where it did not say. Synchronous for a store that is; waits for as long as it takes. */
  load$(): Observable<Tokens | null | undefined>;
  /** The same, given up after {@link STORE_TIMEOUT_MS}. */
  reload$(): Observable<Tokens | null | undefined>;
  /** Saves `tokens`, or clears the store for `null`: at once, subscribed or not. Emits when it is done or given up. */
  write(tokens: Tokens | null): Observable<void>;
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

export const createStorePort = (store: TokenStore, warn: (what: string, error: unknown) => void): StorePort => {
  let holds = false;
  let last: Tokens | null = null;
  /** What the store may still hold although this session has replaced it: all since its last write that succeeded. */
  const replaced = new Set<string>();
  const writes: (() => void)[] = [];

  const run = (tokens: Tokens | null, done$: Subject<void>): void => {
    const written$ = new AsyncSubject<void>();
    call$<void>(() => (tokens ? store.save(tokens) : store.clear())).subscribe(written$);
    written$
      .pipe(
        timeout({ first: STORE_TIMEOUT_MS }),
        tap(() => {
          holds = tokens !== null;
          if (writes.length === 1) replaced.clear();
        }),
        catchError((error) => {
          holds = false;
          warn(tokens ? 'save' : 'clear', error);
          // One that was given up may land after those that followed it: the last one asked for is then done again.
          written$.subscribe({ complete: () => last !== tokens && write(last), error: noop });
          return of(undefined);
        }),
        finalize(() => {
          writes.shift();
          writes[0]?.();
        }),
      )
      .subscribe(done$);
  };

  const write = (tokens: Tokens | null): Observable<void> => {
    const done$ = new AsyncSubject<void>();
    if (last) replaced.add(keyOf(last));
    last = tokens;
    if (writes.push(() => run(tokens, done$)) === 1) run(tokens, done$);
    return done$;
  };

  const read$ = (loaded$: Observable<Tokens | null>): Observable<Tokens | null | undefined> =>
    loaded$.pipe(
      map((found) => {
        if (found === null || found === undefined) return null;
        const tokens = toStored(found);
        if (!tokens) throw new TypeError('not tokens');
        if (!replaced.has(keyOf(tokens))) {
          last = tokens;
          holds = true;
        }
        return tokens;
      }),
      catchError((error) => {
        warn('load', error);
        return of(undefined);
      }),
    );

  const load$ = call$(() => store.load());
  return {
    load$: () => read$(load$),
    reload$: () => read$(load$.pipe(timeout({ first: STORE_TIMEOUT_MS }))),
    write,
    holds: () => holds,
    isOther: (found, tokens) => keyOf(found) !== keyOf(tokens) && !replaced.has(keyOf(found)),
  };
};

/** The store of a session that was given none: its own memory, which no one shares. */
export const privateStore = (): TokenStore => {
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
