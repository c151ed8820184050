import {
  BehaviorSubject,
  catchError,
  defer,
  EMPTY,
  finalize,
  first,
  map,
  Observable,
  repeat,
  retry,
  type Subscription,
  switchMap,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import { isApiError, RefreshError, ResponseParseError, SessionExpiredError } from '../http/errors';
import { deadline$, MAX_TIMER_MS } from '../http/pipeline';
import { toObservable } from '../http/to-observable';
import { backoffMs } from './backoff';
import { nowMs } from './clock';
import { verdictOf } from './expiry';
import { type TokenGrant, toTokens } from './grants';
import type { SessionSettings } from './options';
import { isSameGrant } from './precedence';
import { causeOf, endIfExpired, ofRefresh, retryAfterMs } from './refusal';
import { isElsewhere, isPast, type RefreshOutcome, type Tokens } from './state';
import { OVERTAKEN } from './store';
import type { News, StorePort } from './store-port';

/** What one refresh does, from the look into the store to the write. */
export interface Refresh {
  /** Whether `refresh` is being called right now. */
  isCalling(): boolean;
  /**
   * Renews `tokens`, or where the store is empty asks `restore`, inside `exclusive` where there is one; `conclude` is told how that ended once it has let go.
   * An outcome stands as soon as it is known: a deadline or a lock that fails after that takes nothing away. Unsubscribing `own` ends it.
   */
  run(tokens: Tokens | undefined, own: Subscription, conclude: (outcome: RefreshOutcome) => void): void;
}

/**
 * How long new tokens are used at the least. What has expired while it was stored is for the server to judge: to renew it at once might never end.
 */
const LEAST_LIFE_MS = 500;

const lasting = (tokens: Tokens, atMs: number): Tokens => {
  const { expiresAtMs = Infinity } = tokens;
  return tokens.accessToken && expiresAtMs < atMs + LEAST_LIFE_MS
    ? { ...tokens, expiresAtMs: atMs + LEAST_LIFE_MS }
    : tokens;
};

/** Without a lock, the one who won may not have saved yet when the loser is refused: how often and how long to look again. */
const LOOK_AGAIN_EVERY_MS = 100;
const LOOK_AGAIN_FOR_MS = 1_000;

/** Stands for what was thrown where that was `undefined` or the like. */
const NO_CAUSE = new Error('failed without an error');

/** A text that could not be parsed may hold the new token. */
const withoutText = (error: unknown): unknown => {
  const cause = causeOf(error);
  if (!isApiError(cause, 'parse')) return cause;
  const { request, response } = cause;
  return new ResponseParseError('its body is not JSON', { request, response: { ...response, body: '' } });
};

export const createRefresh = (port: StorePort, settings: SessionSettings): Refresh => {
  const { store, isExpired, refresh, restore, refreshRetries } = settings;
  const news$ = defer(() => port.inTime(port.look()));
  let isCalling = false;
  const isCalled = (): void => {
    isCalling = false;
  };

  // What is subscribed while `refresh` is called, and while what it returned is subscribed, belongs to the refresh itself.
  const call = (tokens: Tokens | undefined): Observable<TokenGrant> =>
    new Observable((subscriber) => {
      isCalling = true;
      const asked$ = defer(() =>
        tokens ? toObservable('refresh', refresh(tokens)) : restore ? toObservable('restore', restore()) : EMPTY,
      ).pipe(tap({ next: isCalled, error: isCalled }));
      subscriber.add(asked$.subscribe(subscriber));
      isCalled();
    });

  const isRefused = (error: unknown): boolean =>
    verdictOf('isRefused', settings.isRefused(error, ofRefresh(isExpired, error)));

  /** Without a cause, it took too long; `answer` is what may say how long to wait. */
  const failed = (cause?: unknown, answer = cause): RefreshOutcome => {
    const atMs = nowMs();
    return { type: 'failed', error: new RefreshError(withoutText(cause), retryAfterMs(answer, atMs)), atMs };
  };

  const run: Refresh['run'] = (held, own, conclude) => {
    let outcome: RefreshOutcome | undefined;
    let isWritten = false;
    /** Counts until `exclusive` runs the work, and anew from each call of `refresh`. */
    const deadlineMs$ = new BehaviorSubject(settings.refreshTimeoutMs);
    const write$ = (what: Tokens | 'refused'): Observable<unknown> => {
      isWritten = true;
      return port.write(what);
    };
    const decide = (decided: RefreshOutcome): Observable<never> => {
      outcome = decided;
      return EMPTY;
    };

    /** Takes over what someone else has stored; renews it first if it is of this session and past its expiry, or has the same access token, and asks for it if it is elsewhere. */
    const adopt$ = (tokens: Tokens): Observable<unknown> => {
      const isElse = isElsewhere(tokens);
      if (
        held ? tokens.sessionId !== held.sessionId || !(isPast(tokens, nowMs()) || isSameGrant(tokens, held)) : !isElse
      )
        return decide({ type: 'adopt', tokens });
      port.own(tokens);
      return renew$(isElse ? undefined : tokens);
    };

    /** Takes over what a look has found, if that is anything. */
    const heed$ = (news: News): Observable<unknown> =>
      news ? adopt$(news) : news === null ? decide({ type: 'signOut' }) : EMPTY;

    const refuse$ = (cause: unknown): Observable<unknown> => {
      const error = new SessionExpiredError('the refresh was refused', { cause: withoutText(cause) });
      decide({ type: 'refused', error });
      // With a lock that keeps out everyone, or nothing to renew, no one who has got through is still about to write.
      const isAlone = !held || (store.exclusive && !(OVERTAKEN in store));
      const look$ = isAlone
        ? news$
        : news$.pipe(repeat({ delay: LOOK_AGAIN_EVERY_MS }), takeUntil(timer(LOOK_AGAIN_FOR_MS)));
      return look$.pipe(
        first((news) => news !== undefined, undefined),
        switchMap((news) => (news !== undefined ? heed$(news) : held ? write$('refused') : EMPTY)),
      );
    };

    /** Saves what came, unless the session has ended or changed hands meanwhile, or others have renewed it while this page was frozen. */
    const save$ = (tokens: Tokens): Observable<unknown> => {
      decide({ type: 'refreshed', tokens });
      return news$.pipe(
        // With another refresh token alone, it is half of what someone else is about to write.
        switchMap((news) => (news === undefined || (news && isSameGrant(news, held)) ? write$(tokens) : heed$(news))),
      );
    };

    const renew$ = (current: Tokens | undefined): Observable<unknown> => {
      outcome = undefined;
      isWritten = false;
      deadlineMs$.next(settings.refreshTimeoutMs);
      const endsAtMs = nowMs() + Math.min(settings.refreshTimeoutMs || Infinity, MAX_TIMER_MS);
      // A grant of `restore` is no sign-in, so it is as old as the look that found nothing.
      const previous = current ?? port.mine ?? { sessionId: port.createId(), revision: -1 };
      let news: News;
      return call(current).pipe(
        first(),
        tap((emitted) => endIfExpired(emitted, isExpired)),
        map((grant) => toTokens(grant, previous, nowMs(), current ? 'refresh' : 'restore')),
        retry({
          count: refreshRetries,
          delay: (error, tries) => {
            const waitMs = retryAfterMs(error, nowMs()) ?? backoffMs(tries);
            // A wait beyond the deadline would bring those who wait nothing but a later and emptier error.
            if (isRefused(error) || nowMs() + waitMs >= endsAtMs) throw error;
            // Others may have renewed it meanwhile, where this page was frozen.
            return timer(waitMs).pipe(
              switchMap(() => news$),
              tap((found) => {
                news = found;
                if (news) throw error;
              }),
            );
          },
        }),
        switchMap(save$),
        catchError((error) => {
          if (news) return adopt$(news);
          let isFinal: boolean;
          try {
            isFinal = isRefused(error);
          } catch (thrown) {
            return decide(failed(thrown || NO_CAUSE, error));
          }
          if (isFinal) return refuse$(error);
          decide(failed(error || NO_CAUSE));
          // Others may have got through, of whom a page that was frozen has not been told yet.
          return news$.pipe(switchMap(heed$));
        }),
      );
    };

    const work$ = defer(() => {
      deadlineMs$.next(0);
      return news$;
    }).pipe(
      switchMap((news) => {
        if (news !== undefined) return heed$(news);
        // Those that a failed refresh has found in the store are newer than those of the state.
        const { mine } = port;
        return renew$(held && mine?.sessionId === held.sessionId ? mine : held);
      }),
      // It may be let go while it is being subscribed, when there is nothing to unsubscribe yet.
      takeUntil(new Observable<void>((stop) => own.add(() => stop.next()))),
      // An `exclusive` may not let go.
      tap({ complete: () => deadlineMs$.next(settings.refreshTimeoutMs) }),
    );

    own.add(
      defer(() => store.exclusive?.(work$) ?? work$)
        .pipe(
          takeUntil(deadlineMs$.pipe(switchMap(deadline$))),
          catchError((error) => (outcome ? EMPTY : decide(failed(error || NO_CAUSE)))),
          finalize(() => {
            // One that ended in the same tick is still being called.
            isCalled();
            const ended = outcome ?? failed();
            // The lock may have failed before the store was asked; one that was let go writes nothing.
            if (!isWritten && !own.closed) {
              if (ended.type === 'refreshed') write$(ended.tokens);
              if (ended.type === 'refused' && held) write$('refused');
            }
            // A lock that heeds no unsubscription may run the work later.
            own.unsubscribe();
            conclude(ended.type === 'refreshed' ? { ...ended, tokens: lasting(ended.tokens, nowMs()) } : ended);
          }),
        )
        .subscribe(),
    );
  };

  return { isCalling: () => isCalling, run };
};
