import { noop, type Observable, Subscription, timer } from 'rxjs';
import { nowMs } from '../../http/clock';
import type { RefreshError, SessionExpiredError } from '../../http/errors';
import { invoke$ } from '../../http/to-observable';
import { type RefreshEvent, toRefreshEvent } from '../state/events';
import { type StateMachine, signedOutError } from '../state/machine';
import type { Reports } from '../state/reports';
import { endOfLoading, isElsewhere, isPast, type RefreshOutcome, type Tokens } from '../state/session-state';
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

/** @param pending - How many waiters there are. */
export const createRefresher = (
  machine: StateMachine,
  storage: TokenStorage,
  settings: RefresherSettings,
  reports: Reports,
  online$: Observable<unknown>,
  pending: () => number,
): Refresher => {
  let latest: RefreshRun | undefined;
  /** Ends the cool-down when the network is back. */
  let onlineListener = Subscription.EMPTY;
  let loadTimeout = Subscription.EMPTY;

  const isRunning = (): boolean => !!latest && !latest.hasEnded;

  /** Emits an event later, with the number of waiters of now. */
  const report = (step: Omit<RefreshEvent, 'type' | 'waiting' | 'atMs'>, warning?: string): (() => void) => {
    const waiting = pending();
    return () => {
      reports.refresh({ ...step, waiting });
      reports.caution(warning);
    };
  };

  const notifySessionExpired = (error: SessionExpiredError): void => {
    // Re-entrancy: a state subscriber may have signed in again.
    if (machine.state.status !== 'signed-out') return;
    invoke$(() => settings.onSessionExpired(error)).subscribe({
      error: (thrown) => reports.warn('onSessionExpired', thrown),
    });
  };

  const endCoolDown = (): void => {
    onlineListener.unsubscribe();
    machine.dispatch({ type: 'coolDownEnded' });
  };

  const onOutcome = ({ id, signedIn, generation }: RefreshRun, outcome: RefreshOutcome): void => {
    const name = signedIn ? 'refresh' : 'restore';
    const notify = report({ refreshId: id, generation, ...toRefreshEvent(outcome) }, warningOf(outcome, name));
    onlineListener.unsubscribe();
    if (outcome.type === 'failed') onlineListener = online$.subscribe(endCoolDown);
    if (signedIn || outcome.type === 'failed') machine.dispatch({ ...outcome, generation }, notify);
    // `restore` completes the load, so its tokens count as loaded tokens.
    else if ('tokens' in outcome)
      machine.dispatch({ type: 'loaded', tokens: outcome.tokens, isRestored: true }, notify);
    else machine.dispatch(endOfLoading(machine.state), notify);
    // After the waiters are rejected, which the mailbox may still have to do.
    if (signedIn && outcome.type === 'refused') machine.enqueue(() => notifySessionExpired(outcome.error));
  };

  const coolDown: Refresher['coolDown'] = (minMs = 0) => {
    const { lastFailure } = machine.model;
    if (!lastFailure) return undefined;
    const { error, atMs } = lastFailure;
    const leftMs = Math.max(atMs + minMs, error.retryAtMs ?? 0) - nowMs();
    // A clock that was set back ends the wait: it must not lengthen it.
    return leftMs > 0 && nowMs() >= atMs ? { error, leftMs } : undefined;
  };

  /** Whether the store's first answer is still to come. */
  const isFirstLoad = (): boolean => machine.state.status === 'loading' && machine.model.load !== 'empty';

  const start = (): void => {
    if (isFirstLoad()) {
      awaitLoad();
      return;
    }
    if (isRunning() || coolDown()) return;
    machine.dispatch({ type: 'refreshStarted' });
    const { state } = machine;
    // Re-entrancy: a state subscriber may have signed out, or have started the refresh.
    if (isRunning() || (state.status !== 'loading' && state.status !== 'refreshing')) return;
    // Assigned before it starts: a refresh that ends in this same tick may already be followed by another.
    latest = new RefreshRun((latest?.id ?? 0) + 1, machine.model, storage, settings, onOutcome);
    machine.enqueue(report({ phase: 'started', refreshId: latest.id, generation: state.generation }));
    latest.start();
  };

  const restore = (): void => {
    if (settings.restore) start();
    else machine.dispatch(endOfLoading(machine.state));
  };

  /** The store has answered, or its time limit has passed. */
  const onLoaded = (tokens: External): void => {
    const isAwaited = machine.model.load === 'awaited';
    loadTimeout.unsubscribe();
    machine.dispatch({ type: 'loadEmpty' });
    if (tokens && !isElsewhere(tokens)) {
      machine.dispatch({ type: 'loaded', tokens });
      return;
    }
    if (tokens) storage.take(tokens);
    if (isAwaited || !settings.restore) restore();
  };

  const awaitLoad = (): void => {
    if (machine.model.load === 'awaited') return;
    machine.dispatch({ type: 'loadAwaited' });
    loadTimeout = timer(STORE_TIMEOUT_MS).subscribe(() => {
      storage.giveUp();
      // Re-entrancy: a listener of that warning may have signed in.
      if (machine.state.status === 'loading') onLoaded(undefined);
    });
  };

  const cancel = (isRenewed = false): (() => void) => {
    onlineListener.unsubscribe();
    if (!latest || latest.hasEnded) return noop;
    const { id, generation } = latest;
    latest.cancel();
    const end = isRenewed
      ? ({ phase: 'succeeded' } as const)
      : ({ phase: 'failed', kind: 'signed-out', final: false } as const);
    return report({ refreshId: id, generation, ...end });
  };

  const supersede = (run: RefreshRun, tokens: Tokens): void => {
    run.cancel();
    onOutcome(run, { type: 'adopt', tokens });
  };

  const applyExternal = (external: External): void => {
    if (external === undefined) return;
    const { state } = machine;
    if (!external) {
      machine.dispatch({ type: 'signOut' }, cancel());
    } else if (state.status === 'refreshing' && external.sessionId === state.tokens.sessionId) {
      // Tokens past their expiry, or of the same grant, are for the refresh to judge.
      if (latest && !latest.hasEnded && !isPast(external, nowMs()) && !isSameGrant(external, state.tokens))
        supersede(latest, external);
    } else {
      machine.dispatch({ type: 'adopt', tokens: external }, cancel());
    }
  };

  return {
    get refreshId() {
      return (latest?.id ?? 0) + (isRunning() ? 0 : 1);
    },
    load: () =>
      storage.read().subscribe((found) => {
        if (isFirstLoad()) onLoaded(found);
        else applyExternal(found);
      }),
    start,
    restore,
    endLoad: () => loadTimeout.unsubscribe(),
    applyExternal,
    errorFor: (sessionId) => {
      const { lastRefusal } = machine.model;
      return lastRefusal?.sessionId === sessionId && lastRefusal ? lastRefusal.error : signedOutError();
    },
    isInvoking: () => !!latest?.isInvoking,
    isRunning,
    coolDown,
    endCoolDown,
    cancel,
  };
};
