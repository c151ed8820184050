import {
  catchError,
  defer,
  EMPTY,
  finalize,
  first,
  map,
  Observable,
  repeat,
  retry,
  Subscription,
  switchMap,
  takeUntil,
  throwError,
  timer,
} from 'rxjs';
import { RefreshError, SessionExpiredError } from '../http/errors';
import { deadline$, LONGEST_TIMER_MS } from '../http/pipeline';
import { backoffMs } from './backoff';
import { nowMs } from './clock';
import { endOf, type RefreshEvent } from './events';
import { type TokenGrant, toTokens } from './grants';
import { type StateMachine, signedOut } from './machine';
import type { SessionSettings } from './options';
import { retryAfterMs } from './refusal';
import type { Reports } from './reports';
import { type Held, isHeld, isPast, type RefreshOutcome, type Tokens } from './state';
import { call$, inTime, type StorePort } from './store';
import type { WaitingRoom } from './waiting-room';

/** The one refresh of a session: at most one runs, and after a failure that may pass the next one waits. */
export interface Renewal {
  /** The number of the refresh that runs, or else of the next. */
  readonly refreshId: number;
  /** Starts a refresh, or where the store is empty asks `restore`, unless one is running or has to wait. */
  start(): void;
  /** Why nothing came after `held`: its refresh was refused, or its session ended or changed hands. */
  errorFor(held: Held): Error;
  /** Whether `refresh` is being called right now. */
  isCalling(): boolean;
  /** The failure after which the next refresh still has to wait, and for how many milliseconds more. */
  cooling(): { readonly error: RefreshError; readonly leftMs: number } | undefined;
  /** The network is back: what cools down need not wait any longer. */
  thaw(): void;
  /** The session is about to begin, end or change hands: what runs is let go without a trace, what cools down is forgotten. */
  reset(): void;
}

/** Without a lock, the one who won may not have saved yet when the loser is refused: how often and how long to look again. */
const LOOK_AGAIN_EVERY_MS = 100;
const LOOK_AGAIN_FOR_MS = 1_000;

export const createRenewal = (
  machine: StateMachine,
  room: WaitingRoom,
  port: StorePort,
  settings: SessionSettings,
  reports: Reports,
  online$: Observable<unknown>,
): Renewal => {
  const { store, isExpired, refresh, restore, refreshRetries } = settings;
  const report = (step: Omit<RefreshEvent, 'type' | 'waiting' | 'atMs'>) =>
    reports.refresh({ ...step, waiting: room.size });
  const news$ = port.news$.pipe(inTime(() => reports.warn('load')));
  let running: { readonly refreshId: number; readonly generation: number; readonly work: Subscription } | undefined;
  let failure: { readonly error: RefreshError; readonly atMs: number; readonly count: number } | undefined;
  /** Listens for the network while the failure cools down; closed where nothing has to wait. */
  let cold = Subscription.EMPTY;
  let ended: { readonly sessionId: string; readonly error: SessionExpiredError } | undefined;
  let isCalling = false;
  let count = 0;

  // What is subscribed while `refresh` is called, and while what it returned is subscribed, belongs to the refresh itself.
  const call = (tokens: Tokens | undefined): Observable<TokenGrant> =>
    new Observable((subscriber) => {
      isCalling = true;
      subscriber.add(defer(() => (tokens ? refresh(tokens) : (restore?.() ?? EMPTY))).subscribe(subscriber));
      isCalling = false;
    });

  const isRefused = (error: unknown): boolean => settings.isRefused(error, isExpired);

  const failed = (cause?: unknown): RefreshOutcome => {
    const atMs = nowMs();
    return { type: 'failed', error: new RefreshError(cause, retryAfterMs(cause, atMs)), atMs };
  };

  /**
   * Runs one refresh, inside `exclusive` where there is one, and concludes once that has let go. An outcome stands as soon as it is
   * known: a deadline or a lock that fails after that takes nothing away.
   */
  const run = (held: Tokens | undefined, conclude: (outcome: RefreshOutcome) => void): Subscription => {
    const endsAtMs = nowMs() + Math.min(settings.refreshTimeoutMs || Infinity, LONGEST_TIMER_MS);
    let outcome: RefreshOutcome | undefined;
    const decide = (decided: RefreshOutcome): Observable<never> => {
      outcome = decided;
      return EMPTY;
    };

    /** Takes over what someone else has stored; renews it first where it is past its expiry. */
    const adopt$ = (tokens: Tokens): Observable<unknown> =>
      isPast(tokens, nowMs()) ? renew$(tokens) : decide({ type: 'adopt', tokens });

    const refuse$ = (cause: unknown): Observable<unknown> => {
      decide({ type: 'refused', error: new SessionExpiredError('the refresh was refused', { cause }) });
      const look$ = store.exclusive
        ? news$
        : news$.pipe(repeat({ delay: LOOK_AGAIN_EVERY_MS }), takeUntil(timer(LOOK_AGAIN_FOR_MS)));
      return look$.pipe(
        first(Boolean, null),
        switchMap((news) => (news ? adopt$(news) : held ? port.write(null) : EMPTY)),
      );
    };

    /** Saves what came, unless the store shows that the session has ended or changed hands meanwhile. */
    const save$ = (tokens: Tokens): Observable<unknown> => {
      decide({ type: 'refreshed', tokens });
      return news$.pipe(
        switchMap((news) => {
          if (news === null && held) return decide({ type: 'signOut' });
          return news && news.sessionId !== tokens.sessionId ? adopt$(news) : port.write(tokens);
        }),
      );
    };

    const renew$ = (current: Tokens | undefined): Observable<unknown> => {
      outcome = undefined;
      return call(current).pipe(
        first(),
        map((grant) => toTokens(grant, current ?? {}, nowMs())),
        retry({
          count: refreshRetries,
          delay: (error, tries) => {
            const waitMs = retryAfterMs(error, nowMs()) ?? backoffMs(tries);
            // A wait beyond the deadline would bring those who wait nothing but a later and emptier error.
            return isRefused(error) || nowMs() + waitMs >= endsAtMs ? throwError(() => error) : timer(waitMs);
          },
        }),
        switchMap(save$),
        catchError((error) => (isRefused(error) ? refuse$(error) : decide(failed(error)))),
      );
    };

    const work$ = news$.pipe(
      switchMap((news) => {
        if (news) return adopt$(news);
        return news === null && held ? decide({ type: 'signOut' }) : renew$(held);
      }),
    );

    return defer(() => store.exclusive?.(work$) ?? work$)
      .pipe(
        takeUntil(deadline$(settings.refreshTimeoutMs)),
        catchError((error) => (outcome ? EMPTY : decide(failed(error)))),
        finalize(() => conclude(outcome ?? failed())),
      )
      .subscribe();
  };

  const conclude = (held: Held | undefined, outcome: RefreshOutcome, refreshId: number, generation: number): void => {
    // One that answered in the same tick is still being called.
    isCalling = false;
    running = undefined;
    const { type } = outcome;
    const error = 'error' in outcome ? outcome.error : type === 'signOut' ? signedOut() : undefined;
    failure = type === 'failed' ? { ...outcome, count: (failure?.count ?? 0) + 1 } : undefined;
    thaw();
    if (failure) cold = online$.subscribe(thaw);
    report({ refreshId, generation, ...endOf(outcome) });
    // Who heard of it may have begun or ended a session.
    if (machine.state.generation !== generation) return;
    if (!held) {
      // The store was empty: what came, if anything, is what it held.
      if (type === 'failed') room.empty()(error);
      else machine.dispatch({ type: 'loaded', tokens: 'tokens' in outcome ? outcome.tokens : null });
      return;
    }
    if (type === 'refused') ended = { ...outcome, ...held.tokens };
    machine.dispatch({ ...outcome, generation }, error);
    if (type === 'refused') {
      call$(() => settings.onExpired(outcome.error)).subscribe({
        error: (thrown) => reports.warn('onExpired', thrown),
      });
    }
  };

  const thaw = (): void => cold.unsubscribe();

  const cooling = (): ReturnType<Renewal['cooling']> => {
    if (!failure || cold.closed) return undefined;
    const { error, atMs } = failure;
    const leftMs = atMs + (error.retryAfterMs ?? backoffMs(failure.count)) - nowMs();
    // A clock that was set back ends the wait: it must not lengthen it.
    return leftMs > 0 && nowMs() >= atMs ? { error, leftMs } : undefined;
  };

  return {
    get refreshId() {
      return running?.refreshId ?? count + 1;
    },
    start: () => {
      if (running || cooling()) return;
      if (machine.state.status !== 'loading') machine.dispatch({ type: 'refreshStarted' });
      const { state } = machine;
      // A subscriber may have signed out meanwhile, or have started it.
      if (running || (state.status !== 'loading' && state.status !== 'refreshing')) return;
      const held = isHeld(state) ? state : undefined;
      const { generation } = state;
      // Held before it runs: one that ends in this same tick may already be followed by another.
      const own = { refreshId: ++count, generation, work: new Subscription() };
      running = own;
      report({ phase: 'started', refreshId: own.refreshId, generation });
      if (running !== own) return;
      own.work.add(
        run(held?.tokens, (outcome) => running === own && conclude(held, outcome, own.refreshId, generation)),
      );
    },
    errorFor: ({ tokens }) => (ended?.sessionId === tokens.sessionId ? ended.error : signedOut()),
    isCalling: () => isCalling,
    cooling,
    thaw,
    reset: () => {
      const abandoned = running;
      running = undefined;
      failure = undefined;
      thaw();
      if (!abandoned) return;
      const { refreshId, generation } = abandoned;
      abandoned.work.unsubscribe();
      report({ phase: 'failed', refreshId, generation, kind: 'signed-out', final: false });
    },
  };
};
