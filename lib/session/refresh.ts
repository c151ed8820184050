import {
  catchError,
  defer,
  EMPTY,
  finalize,
  first,
  type Observable,
  repeat,
  type Subscription,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';
import { RefreshError, SessionExpiredError } from '../http/errors';
import { deadline$ } from '../http/pipeline';
import { toTokens } from './grants';
import { retryAfterMs } from './refusal';
import { isPast, type Tokens } from './state';
import type { StorePort, TokenStore } from './store';

/** How a refresh ended. */
export type Outcome =
  | { readonly type: 'refreshed' | 'adopted'; readonly tokens: Tokens }
  | { readonly type: 'emptied' }
  | { readonly type: 'refused'; readonly error: SessionExpiredError }
  | { readonly type: 'failed'; readonly error: RefreshError };

/** What a refresh needs of its session. */
export interface RefreshPorts {
  readonly store: StorePort;
  readonly exclusive: TokenStore['exclusive'];
  /** Asks the server for a grant. */
  readonly call: (tokens: Tokens) => Observable<unknown>;
  readonly isRefused: (error: unknown) => boolean;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/** Without a lock, the one who won may not have saved yet when the loser is refused: how often and how long to look again. */
const LOOK_AGAIN_EVERY_MS = 100;
const LOOK_AGAIN_FOR_MS = 1_000;

/**
 * Runs one refresh, inside `exclusive` where there is one, and calls `conclude` once that has let go. What the outcome is
 * stands as soon as it is known: a deadline or a lock that fails after that takes nothing away.
 */
export const runRefresh = (
  tokens: Tokens,
  { store, exclusive, call, isRefused, timeoutMs, nowMs }: RefreshPorts,
  conclude: (outcome: Outcome) => void,
): Subscription => {
  let outcome: Outcome | undefined;

  const fail = (error: unknown): void => {
    outcome ??= { type: 'failed', error: new RefreshError('see its cause', error, retryAfterMs(error, nowMs())) };
  };

  const adopt$ = (found: Tokens): Observable<unknown> => {
    if (isPast(found, nowMs())) return renew$(found);
    outcome = { type: 'adopted', tokens: found };
    return EMPTY;
  };

  const refuse$ = (current: Tokens, refusal: unknown): Observable<unknown> => {
    const look$ = store.reload$();
    const found$ = exclusive
      ? look$
      : look$.pipe(repeat({ delay: LOOK_AGAIN_EVERY_MS }), takeUntil(timer(LOOK_AGAIN_FOR_MS)));
    return found$.pipe(
      first((found) => !!found && store.isOther(found, current), null),
      switchMap((found) => {
        if (found) return adopt$(found);
        outcome = { type: 'refused', error: new SessionExpiredError(refusal) };
        return store.write(null);
      }),
    );
  };

  const renew$ = (current: Tokens): Observable<unknown> =>
    defer(() => call(current)).pipe(
      first(),
      switchMap((grant) => {
        outcome = { type: 'refreshed', tokens: toTokens(grant, current, nowMs()) };
        return store.write(outcome.tokens);
      }),
      catchError((error) => {
        if (isRefused(error)) return refuse$(current, error);
        fail(error);
        return EMPTY;
      }),
    );

  const work$ = defer(() => store.reload$()).pipe(
    switchMap((found) => {
      if (found === null && store.holds()) {
        outcome = { type: 'emptied' };
        return EMPTY;
      }
      return found && store.isOther(found, tokens) ? adopt$(found) : renew$(tokens);
    }),
  );

  return defer(() => exclusive?.(work$) ?? work$)
    .pipe(
      takeUntil(deadline$(timeoutMs)),
      catchError((error) => {
        fail(error);
        return EMPTY;
      }),
      finalize(() => conclude(outcome ?? { type: 'failed', error: new RefreshError(`no end within ${timeoutMs} ms`) })),
    )
    .subscribe();
};
