import { noop, type Observable, Subscription } from 'rxjs';
import type { RefreshError, SessionExpiredError } from '../http/errors';
import { invoke$ } from '../http/to-observable';
import { backoffMs } from './backoff';
import { nowMs } from './clock';
import { endOf, type RefreshEvent } from './events';
import { type StateMachine, signedOut } from './machine';
import type { SessionSettings } from './options';
import { createRefresh } from './refresh';
import { warningOf } from './refusal';
import type { Reports } from './reports';
import { endOfLoading, type Held, isHeld, type RefreshOutcome, type Tokens } from './state';
import type { StorePort } from './store-port';
import type { WaitingRoom } from './waiting-room';

/** The one refresh of a session: at most one runs, and after a failure that may pass the next one waits. */
export interface Renewal {
  /** The number of the refresh that runs, or else of the next. */
  readonly refreshId: number;
  /** Starts a refresh, or where the store is empty asks `restore`, unless one is running or has to wait. */
  start(): void;
  /** Others have renewed the tokens meanwhile: what runs here is let go, as it might present a spent token. */
  bring(tokens: Tokens): void;
  /** Why nothing came after `held`: its refresh was refused, or its session ended or changed hands. */
  errorFor(held: Held): Error;
  /** Whether `refresh` is being called right now. */
  isCalling(): boolean;
  /** The failure after which the next refresh still has to wait, for `leastMs` or longer, and for how many milliseconds more. */
  cooling(leastMs?: number): { readonly error: RefreshError; readonly leftMs: number } | undefined;
  /** The network is back: what cools down need not wait any longer. */
  thaw(): void;
  /**
   * The session is about to begin, end or change hands: what runs is let go without a trace, what cools down is forgotten. What it returns tells of that,
   * once the session has changed.
   */
  reset(): () => void;
}

interface Running {
  readonly held: Held | undefined;
  readonly refreshId: number;
  readonly generation: number;
  readonly work: Subscription;
}

export const createRenewal = (
  machine: StateMachine,
  room: WaitingRoom,
  port: StorePort,
  settings: SessionSettings,
  reports: Reports,
  online$: Observable<unknown>,
): Renewal => {
  const refresh = createRefresh(port, settings);
  /** Tells of a step, later, what is so now. */
  const report = (step: Omit<RefreshEvent, 'type' | 'waiting' | 'atMs'>, warning?: string): (() => void) => {
    const waiting = room.size;
    return () => {
      reports.refresh({ ...step, waiting });
      reports.caution(warning);
    };
  };
  let running: Running | undefined;
  let failure: { readonly error: RefreshError; readonly atMs: number; readonly count: number } | undefined;
  /** Listens for the network while the failure cools down; closed where nothing has to wait. */
  let cold = Subscription.EMPTY;
  let ended: { readonly sessionId: string; readonly error: SessionExpiredError } | undefined;
  let count = 0;

  const conclude = ({ held, refreshId, generation }: Running, outcome: RefreshOutcome): void => {
    running = undefined;
    failure = outcome.type === 'failed' ? { ...outcome, count: (failure?.count ?? 0) + 1 } : undefined;
    thaw();
    if (failure) cold = online$.subscribe(thaw);
    const tell = report({ refreshId, generation, ...endOf(outcome) }, warningOf(outcome, held ? 'refresh' : 'restore'));
    const error = 'error' in outcome ? outcome.error : undefined;
    if (held) {
      if (outcome.type === 'refused') ended = { ...outcome, ...held.tokens };
      machine.dispatch({ ...outcome, generation }, tell, error);
      if (outcome.type === 'refused') expire(outcome.error);
    } else if (failure) {
      // Still loading: who comes from now on asks anew.
      const letGo = room.empty(error);
      tell();
      letGo();
    } else {
      // The store was empty: what came, if anything, is what it held.
      machine.dispatch(
        'tokens' in outcome ? { type: 'loaded', tokens: outcome.tokens } : endOfLoading(machine.state),
        tell,
      );
    }
  };

  const expire = (error: SessionExpiredError): void => {
    // One who has heard of it may have begun another session.
    if (machine.state.status !== 'signed-out') return;
    invoke$(() => settings.onSessionExpired(error)).subscribe({
      error: (thrown) => reports.warn('onSessionExpired', thrown),
    });
  };

  const thaw = (): void => cold.unsubscribe();

  const cooling: Renewal['cooling'] = (leastMs = 0) => {
    if (!failure || cold.closed) return undefined;
    const { error, atMs } = failure;
    const leftMs = atMs + Math.max(leastMs, error.retryAfterMs ?? backoffMs(failure.count)) - nowMs();
    // A clock that was set back ends the wait: it must not lengthen it.
    return leftMs > 0 && nowMs() >= atMs ? { error, leftMs } : undefined;
  };

  return {
    get refreshId() {
      return running?.refreshId ?? count + 1;
    },
    start: () => {
      if (running || cooling()) return;
      machine.dispatch({ type: 'refreshStarted' });
      const { state } = machine;
      // A subscriber may have signed out meanwhile, or have started it.
      if (running || (state.status !== 'loading' && state.status !== 'refreshing')) return;
      const held = isHeld(state) ? state : undefined;
      const { generation } = state;
      // Held before it runs: one that ends in this same tick may already be followed by another.
      const own = { held, refreshId: ++count, generation, work: new Subscription() };
      running = own;
      machine.publish(report({ phase: 'started', refreshId: own.refreshId, generation }));
      refresh.run(held?.tokens, own.work, (outcome) => running === own && conclude(own, outcome));
    },
    bring: (tokens) => {
      const overtaken = running;
      if (!overtaken) return;
      running = undefined;
      overtaken.work.unsubscribe();
      conclude(overtaken, { type: 'adopt', tokens });
    },
    errorFor: ({ tokens }) => (ended?.sessionId === tokens.sessionId ? ended.error : signedOut()),
    isCalling: refresh.isCalling,
    cooling,
    thaw,
    reset: () => {
      const abandoned = running;
      running = undefined;
      failure = undefined;
      thaw();
      if (!abandoned) return noop;
      const { refreshId, generation, work } = abandoned;
      work.unsubscribe();
      return report({ phase: 'failed', refreshId, generation, kind: 'signed-out', final: false });
    },
  };
};
