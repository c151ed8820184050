import { noop, Observable } from 'rxjs';
import { nowMs } from '../../http/clock';
import type { Refresher } from '../refresh/refresher';
import { type StateMachine, signedOut } from '../state/machine';
import { type Binding, decide, hasTokens, type SignedIn, type Tokens, type Verdict } from '../state/session-state';
import type { PendingQueue, Waiter } from './queue';

/** Decides which requests are sent with the session's tokens, and which wait. */
export interface Admission {
  /** Sends `waiter`: in this same tick if the tokens are alive, otherwise after a refresh. `release` gives its slot back, if it has one. */
  admit(waiter: Waiter, release?: () => void): void;
  /** Emits the tokens that a request with this binding could be sent with, and completes; with `isNew`, only tokens newer than those of now. */
  wait$(isNew?: boolean, binding?: Binding): Observable<Tokens>;
}

/** Only tokens of this session that are newer than those of `state` will do. */
export const newerThan = ({ tokens, generation }: SignedIn): Binding => ({
  sessionId: tokens.sessionId,
  after: generation,
});

export const createAdmission = (machine: StateMachine, queue: PendingQueue, refresher: Refresher): Admission => {
  const verdictOn = (waiter: Waiter): Verdict => {
    const atMs = nowMs();
    const verdict = decide(machine.state, waiter.binding, atMs);
    if (typeof verdict === 'string' || atMs < machine.model.renewAtMs) return verdict;
    waiter.binding ??= machine.model.binding;
    refresher.start();
    // Re-entrancy: a synchronous refresh may be over already, and a subscriber may have ended the session.
    return decide(machine.state, { sessionId: verdict.tokens.sessionId }, atMs);
  };

  const sendOrWait = (waiter: Waiter, release: () => void): void => {
    const verdict = verdictOn(waiter);
    if (verdict === 'session-gone') throw refresher.errorFor(waiter.binding?.sessionId);
    if (verdict !== 'wait') {
      waiter.send(verdict === 'no-session' ? null : verdict, release);
      return;
    }
    release();
    const { state } = machine;
    const coolDown = state.status === 'refreshing' ? undefined : refresher.coolingDown();
    if (coolDown) throw coolDown.error;
    if (hasTokens(state)) waiter.binding = newerThan(state);
    queue.add(waiter);
    waiter.onQueued?.(hasTokens(state) ? refresher.refreshId : undefined);
    // Re-entrancy: a listener of that event may have begun or ended a session, which has settled this waiter.
    if (machine.state.generation === state.generation) refresher.start();
  };

  const admit = (waiter: Waiter, release = noop): void => {
    try {
      if (waiter.closed) release();
      else sendOrWait(waiter, release);
    } catch (error) {
      release();
      waiter.error(error);
    }
  };

  const wait$ = (isNew = false, binding?: Binding): Observable<Tokens> =>
    new Observable((subscriber) => {
      const waiter: Waiter = {
        binding,
        takesSlot: false,
        get closed() {
          return subscriber.closed;
        },
        send: (state, release) => {
          release();
          if (!state) throw signedOut();
          if (isNew && waiter.binding?.after === undefined) {
            waiter.binding = newerThan(state);
            admit(waiter);
          } else {
            subscriber.next(state.tokens);
            subscriber.complete();
          }
        },
        error: (error) => subscriber.error(error),
      };
      admit(waiter);
      return () => queue.remove(waiter);
    });

  return { admit, wait$ };
};
