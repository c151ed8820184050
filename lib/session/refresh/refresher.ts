import { noop, type Observable, Subscription, timer } from 'rxjs';
import { nowMs } from '../../http/clock';
import type { RefreshError, SessionExpiredError } from '../../http/errors';
import { invoke$ } from '../../http/to-observable';
import { type RefreshEvent, toRefreshEvent } from '../state/events';
import { type StateMachine, signedOutError } from '../state/machine';
import type { Reports } from '../state/reports';
import { endOfLoading, isElsewhere, isPast, type RefreshOutcome } from '../state/session-state';
import { isSameGrant } from '../store/precedence';
import type { External } from '../store/store-memory';
import type { TokenStorage } from '../store/token-storage';
import { STORE_TIMEOUT_MS } from '../store/token-store';
import { RefreshRun, type RefreshSettings } from './refresh-run';
import { warningOf } from './refusal';

export interface RefresherSettings extends RefreshSettings {
  readonly onSessionExpired: (error: SessionExpiredError) => void;
}

/**
 * Single flight: at most one refresh runs, and after a transient failure the next one waits. `restore` runs as a
 * refresh without tokens. The first load is only a read.
 */
export interface Refresher {
  /** The number of the refresh that runs, or else of the next. */
  readonly refreshId: number;
  /** Reads the store. Starts no timer before a waiter needs the answer. */
  load(): void;
  /**
   * A waiter needs tokens: starts a refresh, or `restore` if the store is empty, unless one is running or cooling down.
   */
  start(): void;
  /**
   * The session is loading again, because its tokens are elsewhere: asks `restore`, or ends the session if there is
   * none.
   */
  restore(): void;
  /** Cancels the timeout of the load: the session has left `loading`. */
  endLoad(): void;
  /**
   * Applies what another session has written to the store. A refresh of the same session is superseded, as it might
   * present a spent token.
   */
  applyExternal(external: External): void;
  /** Why no tokens will come for a session: its refresh token was refused, it ended, or another one began. */
  errorFor(sessionId: string | undefined): Error;
  /** Whether `refresh` is being called right now. */
  isInvoking(): boolean;
  /** The failure after which the next refresh has to wait, for `minMs` at least, and for how many milliseconds more. */
  coolDown(minMs?: number): { readonly error: RefreshError; readonly leftMs: number } | undefined;
  /** Whether a refresh or a `restore` is running. */
  isRunning(): boolean;
  /** Ends the cool-down: the network is back, or the user wants to try now. */
  endCoolDown(): void;
  /**
   * Cancels the running refresh before the session begins or ends, or gets other tokens. Call the returned function
   * after the state has changed: it emits the last event of the refresh, `succeeded` if the session `isRenewed`.
   */
  cancel(isRenewed?: boolean): () => void;
}

export class SingleFlight implements Refresher {
  readonly #machine: StateMachine;
  readonly #storage: TokenStorage;
  readonly #settings: RefresherSettings;
  readonly #reports: Reports;
  readonly #online$: Observable<unknown>;
  readonly #pending: () => number;
  #latest: RefreshRun | undefined;
  /** Ends the cool-down when the network is back. */
  #onlineListener = Subscription.EMPTY;
  #loadTimeout = Subscription.EMPTY;

  constructor(
    machine: StateMachine,
    storage: TokenStorage,
    settings: RefresherSettings,
    reports: Reports,
    online$: Observable<unknown>,
    pending: () => number,
  ) {
    this.#machine = machine;
    this.#storage = storage;
    this.#settings = settings;
    this.#reports = reports;
    this.#online$ = online$;
    this.#pending = pending;
  }

  get refreshId(): number {
    return (this.#latest?.id ?? 0) + (this.isRunning() ? 0 : 1);
  }

  load(): void {
    this.#storage.read().subscribe((found) => {
      if (this.#isFirstLoad()) this.#onLoaded(found);
      else this.applyExternal(found);
    });
  }

  start(): void {
    const machine = this.#machine;
    const storage = this.#storage;
    const settings = this.#settings;
    if (this.#isFirstLoad()) {
      this.#awaitLoad();
      return;
    }
    if (this.isRunning() || this.coolDown()) return;
    machine.dispatch({ type: 'refreshStarted' });
    const { state, model } = machine;
    // Re-entrancy: a state subscriber may have signed out, or have started the refresh.
    if (this.isRunning() || (state.status !== 'loading' && state.status !== 'refreshing')) return;
    // Assigned before it starts: a refresh that ends in this same tick may already be followed by another.
    const run = new RefreshRun(this.refreshId, model, storage, settings, (...ended) => this.#onOutcome(...ended));
    this.#latest = run;
    machine.enqueue(this.#report({ phase: 'started', refreshId: run.id, generation: state.generation }));
    run.start();
  }

  restore(): void {
    if (this.#settings.restore) this.start();
    else this.#machine.dispatch(endOfLoading(this.#machine.state));
  }

  endLoad(): void {
    this.#loadTimeout.unsubscribe();
  }

  applyExternal(external: External): void {
    if (external === undefined) return;
    const machine = this.#machine;
    const { state } = machine;
    const run = this.#latest;
    if (!external) {
      machine.dispatch({ type: 'signOut' }, this.cancel());
    } else if (state.status === 'refreshing' && external.sessionId === state.tokens.sessionId) {
      // Tokens past their expiry, or of the same grant, are for the refresh to judge.
      if (run && !run.hasEnded && !isPast(external, nowMs()) && !isSameGrant(external, state.tokens)) {
        run.cancel();
        this.#onOutcome(run, { type: 'adopt', tokens: external });
      }
    } else {
      machine.dispatch({ type: 'adopt', tokens: external }, this.cancel());
    }
  }

  errorFor(sessionId: string | undefined): Error {
    const { lastRefusal } = this.#machine.model;
    return lastRefusal?.sessionId === sessionId && lastRefusal ? lastRefusal.error : signedOutError();
  }

  isInvoking(): boolean {
    return !!this.#latest?.isInvoking;
  }

  coolDown(minMs = 0): ReturnType<Refresher['coolDown']> {
    const { lastFailure } = this.#machine.model;
    if (!lastFailure) return undefined;
    const { error, atMs } = lastFailure;
    const leftMs = Math.max(atMs + minMs, error.retryAtMs ?? 0) - nowMs();
    // A clock that was set back ends the wait: it must not lengthen it.
    return leftMs > 0 && nowMs() >= atMs ? { error, leftMs } : undefined;
  }

  isRunning(): boolean {
    return !!this.#latest && !this.#latest.hasEnded;
  }

  endCoolDown(): void {
    this.#onlineListener.unsubscribe();
    this.#machine.dispatch({ type: 'coolDownEnded' });
  }

  cancel(isRenewed = false): () => void {
    this.#onlineListener.unsubscribe();
    const run = this.#latest;
    if (!run || run.hasEnded) return noop;
    const { id, generation } = run;
    run.cancel();
    const end = isRenewed
      ? ({ phase: 'succeeded' } as const)
      : ({ phase: 'failed', kind: 'signed-out', final: false } as const);
    return this.#report({ refreshId: id, generation, ...end });
  }

  /** Emits an event later, with the number of waiters of now. */
  #report(step: Omit<RefreshEvent, 'type' | 'waiting' | 'atMs'>, warning?: string): () => void {
    const reports = this.#reports;
    const waiting = this.#pending();
    return () => {
      reports.refresh({ ...step, waiting });
      reports.caution(warning);
    };
  }

  #notifySessionExpired(error: SessionExpiredError): void {
    const machine = this.#machine;
    const settings = this.#settings;
    const reports = this.#reports;
    // Re-entrancy: a state subscriber may have signed in again.
    if (machine.state.status !== 'signed-out') return;
    invoke$(() => settings.onSessionExpired(error)).subscribe({
      error: (thrown) => reports.warn('onSessionExpired', thrown),
    });
  }

  #onOutcome({ id, signedIn, generation }: RefreshRun, outcome: RefreshOutcome): void {
    const machine = this.#machine;
    const name = signedIn ? 'refresh' : 'restore';
    const notify = this.#report({ refreshId: id, generation, ...toRefreshEvent(outcome) }, warningOf(outcome, name));
    this.#onlineListener.unsubscribe();
    if (outcome.type === 'failed') this.#onlineListener = this.#online$.subscribe(() => this.endCoolDown());
    if (signedIn || outcome.type === 'failed') machine.dispatch({ ...outcome, generation }, notify);
    // `restore` completes the load, so its tokens count as loaded tokens.
    else if ('tokens' in outcome)
      machine.dispatch({ type: 'loaded', tokens: outcome.tokens, isRestored: true }, notify);
    else machine.dispatch(endOfLoading(machine.state), notify);
    // After the waiters are rejected, which the mailbox may still have to do.
    if (signedIn && outcome.type === 'refused') machine.enqueue(() => this.#notifySessionExpired(outcome.error));
  }

  /** Whether the store's first answer is still to come. */
  #isFirstLoad(): boolean {
    const { state, model } = this.#machine;
    return state.status === 'loading' && model.load !== 'empty';
  }

  /** The store has answered, or its time limit has passed. */
  #onLoaded(tokens: External): void {
    const machine = this.#machine;
    const storage = this.#storage;
    const settings = this.#settings;
    const isAwaited = machine.model.load === 'awaited';
    this.endLoad();
    machine.dispatch({ type: 'loadEmpty' });
    if (tokens && !isElsewhere(tokens)) {
      machine.dispatch({ type: 'loaded', tokens });
      return;
    }
    if (tokens) storage.take(tokens);
    if (isAwaited || !settings.restore) this.restore();
  }

  #awaitLoad(): void {
    const machine = this.#machine;
    const storage = this.#storage;
    if (machine.model.load === 'awaited') return;
    machine.dispatch({ type: 'loadAwaited' });
    this.#loadTimeout = timer(STORE_TIMEOUT_MS).subscribe(() => {
      storage.giveUp();
      // Re-entrancy: a listener of that warning may have signed in.
      if (machine.state.status === 'loading') this.#onLoaded(undefined);
    });
  }
}
