import {
  catchError,
  defer,
  EMPTY,
  finalize,
  first,
  Observable,
  repeat,
  Subscription,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';
import { codeOf, RefreshError, SessionExpiredError } from '../http/errors';
import { deadline$ } from '../http/pipeline';
import { nowMs } from './clock';
import type { RefreshEvent } from './events';
import { type TokenGrant, toTokens } from './grants';
import { type StateMachine, signedOut } from './machine';
import type { SessionSettings } from './options';
import { retryAfterMs } from './refusal';
import { type Held, isPast, type RefreshOutcome, type Tokens } from './state';
import { inTime, type StorePort } from './store';

/** The one refresh of a session: at most one runs, and after a failure that may pass the next one waits. */
export interface Renewal {
  /** Starts a refresh unless one is running; throws the last `RefreshError` while that is cooling down. */
  start(): void;
  /** Why nothing came after `held`: its refresh failed or was refused, or its session ended or changed hands. */
  errorFor(held: Held): Error;
  /** Whether `refresh` is being called right now. */
  isCalling(): boolean;
  /** The failure after which the next refresh still has to wait. */
  cooling(): RefreshError | undefined;
  /** The session is about to begin, end or change hands: what runs is let go without a trace, what cools down is forgotten. */
  reset(): void;
}

/** Without a lock, the one who won may not have saved yet when the loser is refused: how often and how long to look again. */
const LOOK_AGAIN_EVERY_MS = 100;
const LOOK_AGAIN_FOR_MS = 1_000;

/** How long the next refresh waits after a failure, unless the server has said: this, doubling with each failure up to that. */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export const createRenewal = (
  machine: StateMachine,
  port: StorePort,
  settings: SessionSettings,
  report: (step: Omit<RefreshEvent, 'type' | 'atMs'>) => void,
  warn: (what: string, error?: unknown) => undefined,
): Renewal => {
  const { store, isExpired } = settings;
  const news$ = port.news$.pipe(inTime(() => warn('load')));
  let running = new Subscription();
  let failure: { readonly error: RefreshError; readonly atMs: number; readonly waitMs: number } | undefined;
  let ended: { readonly sessionId: string; readonly error: SessionExpiredError } | undefined;
  let isCalling = false;
  let count = 0;

  // What is subscribed while `refresh` is called, and while what it returned is subscribed, belongs to the refresh itself.
  const call$ = (tokens: Tokens): Observable<TokenGrant> =>
    new Observable((subscriber) => {
      isCalling = true;
      subscriber.add(defer(() => settings.refresh(tokens)).subscribe(subscriber));
      isCalling = false;
    });

  const failed = (cause?: unknown): RefreshOutcome => {
    const atMs = nowMs();
    return { type: 'failed', error: new RefreshError(cause, retryAfterMs(cause, atMs)), atMs };
  };

  /**
   * Runs one refresh, inside `exclusive` where there is one, and concludes once that has let go. An outcome stands as soon as it is
   * known: a deadline or a lock that fails after that takes nothing away.
   */
  const run = (held: Held, conclude: (outcome: RefreshOutcome) => void): Subscription => {
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
        switchMap((news) => (news ? adopt$(news) : port.write(null))),
      );
    };

    const renew$ = (current: Tokens): Observable<unknown> => {
      outcome = undefined;
      return call$(current).pipe(
        first(),
        switchMap((grant) => {
          const tokens = toTokens(grant, current, nowMs());
          decide({ type: 'refreshed', tokens });
          return port.write(tokens);
        }),
        catchError((error) => (settings.isRefused(error, isExpired) ? refuse$(error) : decide(failed(error)))),
      );
    };

    const work$ = news$.pipe(
      switchMap((news) => (news ? adopt$(news) : news === null ? decide({ type: 'signOut' }) : renew$(held.tokens))),
    );

    return defer(() => store.exclusive?.(work$) ?? work$)
      .pipe(
        takeUntil(deadline$(settings.refreshTimeoutMs)),
        catchError((error) => (outcome ? EMPTY : decide(failed(error)))),
        finalize(() => conclude(outcome ?? failed())),
      )
      .subscribe();
  };

  const conclude = ({ tokens, generation }: Held, refreshId: number, outcome: RefreshOutcome): void => {
    // One that answered in the same tick is still being called.
    isCalling = false;
    const { type } = outcome;
    const error = 'error' in outcome ? { error: codeOf(outcome.error.cause), final: type === 'refused' } : undefined;
    report({ phase: error ? 'failed' : 'succeeded', refreshId, generation, ...error });
    if (type === 'refused') ended = { ...outcome, ...tokens };
    const waitMs = failure ? Math.min(failure.waitMs * 2, LONGEST_WAIT_MS) : SHORTEST_WAIT_MS;
    failure = type === 'failed' ? { ...outcome, waitMs } : undefined;
    machine.dispatch({ ...outcome, generation });
    if (type !== 'refused') return;
    try {
      settings.onExpired(outcome.error);
    } catch (thrown) {
      warn('onExpired', thrown);
    }
  };

  const cooling = (): RefreshError | undefined => {
    if (!failure) return undefined;
    const { error, atMs, waitMs } = failure;
    const waitedMs = nowMs() - atMs;
    // A clock that was set back ends the wait: it must not lengthen it.
    return waitedMs >= 0 && waitedMs < (error.retryAfterMs ?? waitMs) ? error : undefined;
  };

  return {
    start: () => {
      const error = cooling();
      if (error) throw error;
      if (!machine.dispatch({ type: 'refreshStarted' })) return;
      const { state } = machine;
      // A subscriber may have signed out meanwhile.
      if (state.status !== 'refreshing') return;
      const refreshId = ++count;
      report({ phase: 'started', refreshId, generation: state.generation });
      // Held before it runs: one that ends in this same tick may already be followed by another.
      const own = new Subscription();
      running = own;
      own.add(run(state, (outcome) => running === own && conclude(state, refreshId, outcome)));
    },
    errorFor: ({ tokens, generation }) => {
      if (failure && machine.state.generation === generation) return failure.error;
      return ended?.sessionId === tokens.sessionId ? ended.error : signedOut();
    },
    isCalling: () => isCalling,
    cooling,
    reset: () => {
      const abandoned = running;
      running = new Subscription();
      failure = undefined;
      abandoned.unsubscribe();
    },
  };
};
