import {
  AsyncSubject,
  catchError,
  defer,
  finalize,
  map,
  mergeMap,
  NEVER,
  type Observable,
  type OperatorFunction,
  of,
  tap,
  timeout,
} from 'rxjs';
import { call$ } from '../http/observed';
import { toStored } from './grants';
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

/** How long the store may take for one call before it is given up. */
export const STORE_TIMEOUT_MS = 5_000;

/** How many tokens a session remembers to have had. */
const MOST_REMEMBERED = 100;

/** The store as the session sees it: its writes never overlap, and what it throws, or leaves unanswered, becomes a warning. */
export interface StorePort {
  /**
   * What someone else has put into the store since this session last looked or wrote: tokens, `null` where they have cleared it, and
   * `undefined` for no news. In the same tick for a store that is synchronous.
   */
  readonly news$: Observable<Tokens | null | undefined>;
  /** What the store tells by itself, in the same terms. Never errors. */
  readonly changes$: Observable<Tokens | null | undefined>;
  /** The session has taken these over, or used them up: they are no news to it any more. */
  own(tokens: Tokens): void;
  /** Saves `tokens`, or clears the store for `null`: at once, subscribed or not. Emits when it is done or given up. */
  write(tokens: Tokens | null): Observable<unknown>;
}

/** Gives up what has not answered after {@link STORE_TIMEOUT_MS}: emits what `giveUp` returns instead. */
export const inTime = <T, U>(giveUp: () => U): OperatorFunction<T, T | U> =>
  timeout({ first: STORE_TIMEOUT_MS, with: () => of(giveUp()) });

export const createStorePort = (store: TokenStore, warn: (what: string, error?: unknown) => undefined): StorePort => {
  /** What the store holds as far as this session knows. */
  let known: Tokens | null = null;
  /** The tokens that it has had, the newest last. */
  const had = new Set<string | undefined>();
  let asks = 0;
  let isWritten = true;
  let isRead = false;
  let isLoading = false;
  const writes: (() => void)[] = [];

  const own = ({ accessToken, refreshToken }: Tokens): void => {
    for (const token of [accessToken, refreshToken]) {
      had.delete(token);
      had.add(token);
    }
    for (const token of had) if (had.size > MOST_REMEMBERED) had.delete(token);
  };

  /** Whether someone else has written that: it is nothing that a write of this session's own has left, which may be old, or half of one. */
  const isNews = ({ accessToken, refreshToken }: Tokens): boolean => !had.has(accessToken) || !had.has(refreshToken);

  /** What is told is written by others, and what is told to be gone was cleared by them. */
  const toldNews = (found: Tokens | null): Tokens | null | undefined => {
    const tokens = found && toStored(found);
    // A write of one's own that is under way comes after it.
    if (writes.length) return undefined;
    known = tokens;
    return tokens && !isNews(tokens) ? undefined : tokens;
  };

  return {
    changes$: defer(() => store.changes$ ?? NEVER).pipe(
      mergeMap((found) =>
        of(found).pipe(
          map(toldNews),
          catchError((error) => of(warn('changes$', error))),
        ),
      ),
      catchError((error) => of(warn('changes$', error))),
    ),
    news$: defer(() => {
      // One that hangs is not asked again before it has answered.
      if (isLoading) return of(undefined);
      isLoading = true;
      const asksBefore = asks;
      const news$ = new AsyncSubject<Tokens | null | undefined>();
      call$(() => store.load())
        .pipe(
          map((found) => {
            const tokens = found ? toStored(found) : null;
            // What was read before a write of one's own was done says nothing of what is there now.
            if (asks !== asksBefore || writes.length) return undefined;
            // Where the write of a sign-in failed and nothing had been read before it, it is what the sign-in was to replace.
            const isOld = !isWritten && !isRead;
            const news = (tokens ? !isOld && isNews(tokens) : isWritten && known) ? tokens : undefined;
            known = tokens;
            isRead = true;
            if (tokens && !news) own(tokens);
            return news;
          }),
          catchError((error) => of(warn('load', error))),
          finalize(() => {
            isLoading = false;
          }),
        )
        .subscribe(news$);
      return news$;
    }),
    own,
    write: (tokens) => {
      const done$ = new AsyncSubject<void>();
      const run = () =>
        call$<void>(() => (tokens ? store.save(tokens) : store.clear()))
          .pipe(
            tap(() => {
              known = tokens;
              isWritten = !writes[1];
            }),
            catchError((error) => of(warn('write', error))),
            finalize(() => {
              writes.shift();
              writes[0]?.();
            }),
          )
          .subscribe(done$);
      // What it held until now is replaced, also where the write fails.
      for (const each of [known, tokens]) if (each) own(each);
      asks++;
      isWritten = false;
      if (writes.push(run) < 2) run();
      return done$.pipe(inTime(() => warn('write')));
    },
  };
};

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
