import {
  BehaviorSubject,
  catchError,
  defer,
  EMPTY,
  finalize,
  first,
  map,
  Observable,
  type ObservableInput,
  repeat,
  retry,
  Subscription,
  switchMap,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import { nowMs } from '../../http/clock';
import { SessionExpiredError } from '../../http/errors';
import { deadline$, MAX_TIMER_MS } from '../../http/pipeline';
import { toObservable } from '../../http/to-observable';
import { type TokenGrant, toTokens } from '../state/grants';
import type { SessionModel } from '../state/model';
import {
  hasTokens,
  isElsewhere,
  isPast,
  type RefreshOutcome,
  type SignedIn,
  type Tokens,
} from '../state/session-state';
import { isSameGrant } from '../store/precedence';
import type { External } from '../store/store-memory';
import type { TokenStorage } from '../store/token-storage';
import { OVERTAKEN, type TokenStore } from '../store/token-store';
import { backoffMs } from './backoff';
import { type ExpiryPredicate, type RefusalPredicate, resultOf } from './expiry';
import { failure, NO_CAUSE, redactBody, withMinLifetime } from './outcome';
import { endIfExpired, ofRefresh, retryAfterMs } from './refusal';

/** What a refresh needs of the session's settings. */
export interface RefreshSettings {
  readonly store: TokenStore;
  readonly refresh: (tokens: Tokens) => ObservableInput<TokenGrant>;
  readonly restore?: () => ObservableInput<TokenGrant>;
  readonly isExpired: ExpiryPredicate;
  readonly isRefused: RefusalPredicate;
  readonly refreshRetries: number;
  readonly refreshTimeoutMs: number;
}

/**
 * Without a lock, the tab that got new tokens may not have saved them yet when another one is refused: how often and
 * how long that one polls the store.
 */
const POLL_INTERVAL_MS = 100;
const POLL_FOR_MS = 1_000;

/**
 * One refresh, or `restore` if there are no tokens: reads the store, asks the server, and writes to the store, under
 * the store's lock.
 */
export class RefreshRun {
  readonly #storage: TokenStorage;
  readonly #settings: RefreshSettings;
  readonly #onOutcome: (run: RefreshRun, outcome: RefreshOutcome) => void;
  /** The state whose tokens are renewed; undefined for `restore`. */
  readonly signedIn: SignedIn | undefined;
  readonly generation: number;
  /** How many refreshes in a row failed before this one. */
  readonly failures: number;
  /** Whether `refresh` is being called right now. */
  isInvoking = false;
  /** Whether it has an outcome that was reported, or was cancelled. */
  hasEnded = false;
  /** The outcome so far. A deadline or a broken lock does not remove it; a later read of the store may replace it. */
  #outcome: RefreshOutcome | undefined;
  #isWritten = false;
  readonly #work = new Subscription();
  /**
   * Limits the wait for the lock; then all tries of one renewal, up to its write; then the release of the lock. 0, no
   * limit, during the first read, which has its own.
   */
  readonly #deadlineMs$: BehaviorSubject<number>;
  /** External tokens, `null` for a sign-out by another session, undefined if the store holds this session's own. */
  readonly #external$: Observable<External>;

  /**
   * @param onOutcome - Called with the outcome after the lock is released, unless the run was cancelled.
   */
  constructor(
    readonly id: number,
    { state, failures }: SessionModel,
    storage: TokenStorage,
    settings: RefreshSettings,
    onOutcome: (run: RefreshRun, outcome: RefreshOutcome) => void,
  ) {
    this.#storage = storage;
    this.#settings = settings;
    this.#onOutcome = onOutcome;
    this.signedIn = hasTokens(state) ? state : undefined;
    this.generation = state.generation;
    this.failures = failures;
    this.#deadlineMs$ = new BehaviorSubject(settings.refreshTimeoutMs);
    this.#external$ = defer(() => storage.withTimeout(storage.read()));
  }

  start(): void {
    const { store, refreshTimeoutMs } = this.#settings;
    const work$ = defer(() => this.#readStore$()).pipe(
      // Re-entrancy: the run may be cancelled during subscribe, before its subscription exists.
      takeUntil(new Observable<void>((stop) => this.#work.add(() => stop.next()))),
      // A broken lock may not end after its work. Then this deadline ends the wait.
      tap({ complete: () => this.#deadlineMs$.next(refreshTimeoutMs) }),
    );
    this.#work.add(
      defer(() => toObservable('exclusive', store.exclusive?.(work$) ?? work$))
        .pipe(
          takeUntil(this.#deadlineMs$.pipe(switchMap(deadline$))),
          catchError((error) => (this.#outcome ? EMPTY : this.#decide(this.#failure(error || NO_CAUSE)))),
          finalize(this.#finish),
        )
        .subscribe(),
    );
  }

  /** Ends the run without an outcome. A write that has begun is still done. */
  cancel(): void {
    this.hasEnded = true;
    this.#work.unsubscribe();
  }

  #readStore$(): Observable<unknown> {
    const { signedIn } = this;
    const storage = this.#storage;
    this.#deadlineMs$.next(0);
    return this.#external$.pipe(
      switchMap((external) => {
        if (external !== undefined) return this.#useExternal$(external);
        const current = signedIn?.tokens;
        // Tokens that a failed refresh has found in the store are newer than those of the state.
        const { mine } = storage;
        return this.#renew$(current && mine?.sessionId === current.sessionId ? mine : current);
      }),
    );
  }

  #renew$(current: Tokens | undefined): Observable<unknown> {
    const settings = this.#settings;
    const storage = this.#storage;
    this.#outcome = undefined;
    this.#isWritten = false;
    this.#deadlineMs$.next(settings.refreshTimeoutMs);
    // A grant of `restore` is no sign-in: its id is as old as the read that found an empty store.
    const previous = current ?? storage.mine ?? { sessionId: storage.createId(), revision: -1 };
    /** External tokens that were found between two tries. */
    let external: External;
    return this.#invoke$(current).pipe(
      first(),
      tap((emitted) => endIfExpired(emitted, settings.isExpired)),
      map((grant) => toTokens(grant, previous, nowMs(), current ? 'refresh' : 'restore')),
      retry({
        count: settings.refreshRetries,
        delay: this.#delay(nowMs() + Math.min(settings.refreshTimeoutMs || Infinity, MAX_TIMER_MS), (found) => {
          external = found;
        }),
      }),
      switchMap((tokens) => this.#save$(tokens, current)),
      catchError((error) => (external === undefined ? this.#fail$(error) : this.#useExternal$(external))),
    );
  }

  /**
   * Calls `refresh` or `restore`. What is subscribed while it is called, and while its result is subscribed, belongs to
   * the refresh itself.
   */
  #invoke$(tokens: Tokens | undefined): Observable<TokenGrant> {
    const { refresh, restore } = this.#settings;
    const stopInvoking = (): void => {
      this.isInvoking = false;
    };
    return new Observable((subscriber) => {
      this.isInvoking = true;
      try {
        const restored$ = () => (restore ? toObservable('restore', restore()) : EMPTY);
        const grant$ = tokens ? toObservable('refresh', refresh(tokens)) : restored$();
        subscriber.add(grant$.pipe(tap({ next: stopInvoking, error: stopInvoking })).subscribe(subscriber));
      } finally {
        stopInvoking();
      }
    });
  }

  /**
   * Waits between two tries; rethrows an error that ends the tries. `onExternal` is called with what the store holds
   * after the wait.
   */
  #delay(endsAtMs: number, onExternal: (found: External) => void) {
    return (error: unknown, tries: number): Observable<unknown> => {
      const waitMs = retryAfterMs(error, nowMs()) ?? backoffMs(tries);
      // Waiters would get a later, less specific error beyond the deadline.
      if (this.#isRefused(error) || nowMs() + waitMs >= endsAtMs) throw error;
      // Another tab may have renewed the tokens while this page was frozen.
      return timer(waitMs).pipe(
        switchMap(() => this.#external$),
        tap((found) => {
          onExternal(found);
          if (found !== undefined) throw error;
        }),
      );
    };
  }

  #isRefused(error: unknown): boolean {
    const { isRefused, isExpired } = this.#settings;
    return resultOf('isRefused', isRefused(error, ofRefresh(isExpired, error)));
  }

  /**
   * Saves new tokens, unless the session has ended, another one has begun, or another tab has renewed them while this
   * page was frozen.
   */
  #save$(tokens: Tokens, current: Tokens | undefined): Observable<unknown> {
    this.#decide({ type: 'refreshed', tokens });
    // The store holds half of a write of another tab, or the refresh token that this run has spent. Neither replaces
    // the new tokens.
    const isStale = (external: Tokens): boolean =>
      isSameGrant(external, this.signedIn?.tokens) ||
      (isPast(external, nowMs()) && external.refreshToken === current?.refreshToken);
    return this.#external$.pipe(
      switchMap((external) => {
        const isOursNewer = external === undefined || (external && isStale(external));
        return isOursNewer ? this.#write$(tokens) : this.#useExternal$(external);
      }),
    );
  }

  #fail$(error: unknown): Observable<unknown> {
    let isRefused: boolean;
    try {
      isRefused = this.#isRefused(error);
    } catch (thrown) {
      return this.#decide(this.#failure(thrown || NO_CAUSE, error));
    }
    if (isRefused) return this.#refuse$(error);
    this.#decide(this.#failure(error || NO_CAUSE));
    // Another tab may have got new tokens, and a page that was frozen has not been notified yet.
    return this.#external$.pipe(switchMap((external) => this.#useExternal$(external)));
  }

  #refuse$(cause: unknown): Observable<unknown> {
    const { signedIn } = this;
    const settings = this.#settings;
    this.#decide({
      type: 'refused',
      error: new SessionExpiredError('the refresh was refused', { cause: redactBody(cause) }),
    });
    // With a lock that keeps out every other tab, or nothing to renew, no other tab is about to write.
    const isAlone = !signedIn || (settings.store.exclusive && !(OVERTAKEN in settings.store));
    const found$ = isAlone
      ? this.#external$
      : this.#external$.pipe(repeat({ delay: POLL_INTERVAL_MS }), takeUntil(timer(POLL_FOR_MS)));
    return found$.pipe(
      first((external) => external !== undefined, undefined),
      switchMap((external) => {
        if (external !== undefined) return this.#useExternal$(external);
        return signedIn ? this.#write$('refused') : EMPTY;
      }),
    );
  }

  /** Adopts external tokens, or ends the session for a sign-out by another one; undefined changes nothing. */
  #useExternal$(external: External): Observable<unknown> {
    if (external) return this.#adopt$(external);
    return external === null ? this.#decide({ type: 'signOut' }) : EMPTY;
  }

  /**
   * Tokens of this session that are past their expiry, or have the same access token, are renewed first; tokens
   * elsewhere are asked for by `restore`.
   */
  #adopt$(tokens: Tokens): Observable<unknown> {
    const current = this.signedIn?.tokens;
    const isUsable = current
      ? tokens.sessionId !== current.sessionId || !(isPast(tokens, nowMs()) || isSameGrant(tokens, current))
      : !isElsewhere(tokens);
    if (isUsable) return this.#decide({ type: 'adopt', tokens });
    this.#storage.take(tokens);
    return this.#renew$(isElsewhere(tokens) ? undefined : tokens);
  }

  #failure(cause?: unknown, response = cause): RefreshOutcome {
    return failure(this.failures, cause, response);
  }

  #decide(outcome: RefreshOutcome): Observable<never> {
    this.#outcome = outcome;
    return EMPTY;
  }

  #write$(what: Tokens | 'refused'): Observable<unknown> {
    this.#isWritten = true;
    return this.#storage.write(what);
  }

  readonly #finish = (): void => {
    // A run that ended in the same tick is still being called.
    this.isInvoking = false;
    const outcome = this.#outcome ?? this.#failure();
    // The lock may have failed before the store was written to. A run that was cancelled writes nothing.
    if (!this.#isWritten && !this.hasEnded) {
      if (outcome.type === 'refreshed') this.#write$(outcome.tokens);
      if (outcome.type === 'refused' && this.signedIn) this.#write$('refused');
    }
    // A lock that ignores the unsubscription may run the work later.
    this.#work.unsubscribe();
    // Re-entrancy: a store that notifies of the write at once may have led to a sign-in, which cancels this run.
    if (this.hasEnded) return;
    this.hasEnded = true;
    const isNew = outcome.type === 'refreshed';
    this.#onOutcome(this, isNew ? { ...outcome, tokens: withMinLifetime(outcome.tokens, nowMs()) } : outcome);
  };
}
