import { defer, Observable, type ObservableInput, Subscription, tap } from 'rxjs';
import { codeOf, type SessionExpiredError, SignedOutError } from '../http/errors';
import { type CoolDown, coolDown, isCooling } from './cool-down';
import type { RefreshEvent } from './events';
import type { TokenGrant } from './grants';
import type { StateMachine } from './machine';
import { type Outcome, type RefreshPorts, runRefresh } from './refresh';
import type { Held, Tokens } from './state';

/** The one refresh of a session: at most one runs, and after a failure that may pass the next one waits. */
export interface Renewal {
  /** Starts a refresh unless one is running; throws the last `RefreshError` while that is cooling down. */
  start(): void;
  /** Why nothing came after `held`: its refresh failed or was refused, or its session ended or changed hands. */
  errorFor(held: Held): Error;
  /** Whether `refresh` is being called right now. */
  isCalling(): boolean;
  /** Whether the next refresh has to wait. */
  isCooling(): boolean;
  /** The session has begun, ended or changed hands: what runs is let go, what cools down is forgotten. */
  reset(): void;
}

export interface RenewalOptions extends Omit<RefreshPorts, 'call'> {
  readonly machine: StateMachine;
  readonly refresh: (tokens: Tokens) => ObservableInput<TokenGrant>;
  readonly onExpired: (error: SessionExpiredError) => void;
  readonly report: (step: Omit<RefreshEvent, 'type' | 'atMs'>) => void;
}

export const createRenewal = (options: RenewalOptions): Renewal => {
  const { machine, refresh, onExpired, report, nowMs } = options;
  let running = new Subscription();
  let cooling: CoolDown | undefined;
  let ended: { sessionId: string; error: SessionExpiredError } | undefined;
  let calling = false;
  let count = 0;

  // What is subscribed while `refresh` is called, and while what it returned is subscribed, belongs to the refresh itself.
  const call = (tokens: Tokens): Observable<unknown> =>
    new Observable((subscriber) => {
      const called = () => {
        calling = false;
      };
      calling = true;
      const answer$ = defer(() => refresh(tokens)).pipe(tap({ next: called, error: called, complete: called }));
      subscriber.add(answer$.subscribe(subscriber));
      called();
    });

  const conclude = ({ tokens, generation }: Held, refreshId: number, outcome: Outcome): void => {
    // A sign-in or a sign-out has ended it.
    if (machine.state.status !== 'refreshing' || machine.state.generation !== generation) return;
    const failed = outcome.type === 'failed' || outcome.type === 'refused';
    report(
      failed
        ? {
            phase: 'failed',
            refreshId,
            generation,
            final: outcome.type === 'refused',
            error: codeOf(outcome.error.cause),
          }
        : { phase: 'succeeded', refreshId, generation },
    );
    cooling = outcome.type === 'failed' ? coolDown(outcome.error, nowMs(), cooling) : undefined;
    switch (outcome.type) {
      case 'refreshed':
        machine.dispatch({ type: 'refreshed', generation, tokens: outcome.tokens });
        break;
      case 'adopted':
        machine.dispatch({ type: 'adopt', tokens: outcome.tokens });
        break;
      case 'emptied':
        machine.dispatch({ type: 'signOut' });
        break;
      case 'failed':
        machine.dispatch({ type: 'failed', generation, error: outcome.error, atMs: nowMs() });
        break;
      case 'refused':
        ended = { sessionId: tokens.sessionId, error: outcome.error };
        machine.dispatch({ type: 'refused', generation });
        onExpired(outcome.error);
    }
  };

  const isWaiting = () => cooling !== undefined && isCooling(cooling, nowMs());

  return {
    start: () => {
      if (cooling && isWaiting()) throw cooling.error;
      if (!machine.dispatch({ type: 'refreshStarted' })) return;
      const { state } = machine;
      // A subscriber may have signed out meanwhile.
      if (state.status !== 'refreshing') return;
      const refreshId = ++count;
      report({ phase: 'started', refreshId, generation: state.generation });
      // Held before it runs: one that ends in this same tick may already be followed by another.
      const own = new Subscription();
      running = own;
      own.add(runRefresh(state.tokens, { ...options, call }, (outcome) => conclude(state, refreshId, outcome)));
    },
    errorFor: ({ tokens, generation }) => {
      if (cooling && machine.state.generation === generation) return cooling.error;
      return ended?.sessionId === tokens.sessionId ? ended.error : new SignedOutError();
    },
    isCalling: () => calling,
    isCooling: isWaiting,
    reset: () => {
      cooling = undefined;
      running.unsubscribe();
    },
  };
};
