import { noop, Observable } from 'rxjs';
import { nowMs } from '../../http/clock';
import type { Refresher } from '../refresh/refresher';
import { type StateMachine, signedOutError } from '../state/machine';
import { type Binding, decide, hasTokens, type SignedIn, type Tokens, type Verdict } from '../state/session-state';
import { createLimiter, type Limiter } from './limiter';

/** Someone who needs the session's tokens: a request, or a subscriber of `accessToken$` or `refresh$`. */
export interface Waiter {
  /** The session that it belongs to; with `after`, it needs newer tokens: those of that generation are dead. */
  binding?: Binding | undefined;
  /** Whether it may start a refresh. If not, it waits only for one that is running, and for the first load. */
  readonly renew: boolean;
  /** Whether it sends a request, and so takes one of `releaseConcurrency` slots. */
  readonly takesSlot: boolean;
  /** Whether it has unsubscribed. */
  readonly closed: boolean;
  /** Called when it starts to wait, with the number of the refresh that it waits for, if there is one. */
  onQueued?(refreshId: number | undefined): void;
  /** Uses live tokens, or none if there is no session. `release` gives the slot back. */
  send(state: SignedIn | null, release: () => void): void;
  /** Its wait has failed. */
  error(error: unknown): void;
}

/** The waiters of a session, until it has tokens or none will come. */
export interface PendingQueue {
  readonly size: number;
  add(waiter: Waiter): void;
  remove(waiter: Waiter): void;
  /**
   * Detaches the current waiters, and returns a function that releases them in the order of arrival. Waiters without a
   * session are then bound to `binding`. With `error` they are rejected instead; with `includesReleased`, so are those
   * of earlier batches that have not been sent.
   */
  takeAll(error?: Error, includesReleased?: boolean, binding?: Binding): () => void;
}

/** Decides which requests are sent with the session's tokens, and which wait. */
export interface Admission extends Omit<PendingQueue, 'add'> {
  /**
   * Sends `waiter`: in this same tick if the tokens are alive, otherwise after a refresh. `release` gives its slot
   * back, if it has one.
   */
  admit(waiter: Waiter, release?: () => void): void;
  /**
   * Emits the tokens that a request with this binding could be sent with, and completes.
   *
   * @param isStale - Whether newer tokens than these are needed. Asked once, before any wait.
   */
  wait$(isStale?: (state: SignedIn) => boolean, binding?: Binding): Observable<Tokens>;
}

/**
 * Sets keep the waiters in the order of arrival, and let each be removed without a walk over the others. The observer
 * list of a subject is searched and spliced, which would cost the square of their number.
 *
 * `concurrency`: how many released waiters that take a slot are under way at once.
 */
export abstract class BatchQueue implements PendingQueue {
  /** The first batch waits; the others are being released. */
  #batches: readonly [Set<Waiter>, ...Set<Waiter>[]] = [new Set()];
  readonly #limiter: Limiter<Waiter>;

  constructor(concurrency: number) {
    this.#limiter = createLimiter(concurrency, (waiter, release) => this.admit(waiter, release));
  }

  /** Called with each released waiter in its turn. `release` gives its slot back, if it has one. */
  abstract admit(waiter: Waiter, release: () => void): void;

  get size(): number {
    return this.#batches[0].size;
  }

  add(waiter: Waiter): void {
    this.#batches[0].add(waiter);
  }

  remove(waiter: Waiter): void {
    for (const batch of this.#batches) batch.delete(waiter);
    this.#limiter.remove(waiter);
  }

  takeAll(error?: Error, includesReleased?: boolean, binding?: Binding): () => void {
    const limiter = this.#limiter;
    const [batch, ...releasing] = this.#batches;
    if (error) {
      this.#batches = [new Set(), ...releasing];
      const rejected = includesReleased ? [...limiter.clear(), ...releasing.flatMap((other) => [...other])] : [];
      if (includesReleased) for (const other of releasing) other.clear();
      return () => {
        for (const waiter of [...rejected, ...batch]) waiter.error(error);
      };
    }
    this.#batches = [new Set(), batch, ...releasing];
    return () => {
      for (const waiter of batch) {
        batch.delete(waiter);
        waiter.binding ??= binding;
        if (waiter.takesSlot) limiter.push(waiter);
        else this.admit(waiter, noop);
      }
      const [waiting, ...others] = this.#batches;
      this.#batches = [waiting, ...others.filter((other) => other !== batch)];
    };
  }
}

/** A binding to tokens of the same session that are newer than those of `state`. */
export const newerThan = ({ tokens, generation }: SignedIn): Binding => ({
  sessionId: tokens.sessionId,
  after: generation,
});

export class SessionAdmission extends BatchQueue implements Admission {
  readonly #machine: StateMachine;
  readonly #refresher: Refresher;

  constructor(machine: StateMachine, refresher: Refresher, concurrency: number) {
    super(concurrency);
    this.#machine = machine;
    this.#refresher = refresher;
  }

  admit(waiter: Waiter, release = noop): void {
    try {
      const verdict = waiter.closed ? undefined : this.#verdictOn(waiter);
      if (verdict === 'session-gone') throw this.#refresher.errorFor(waiter.binding?.sessionId);
      if (verdict && verdict !== 'wait') {
        waiter.send(verdict === 'no-session' ? null : verdict, release);
        return;
      }
      release();
      if (verdict) this.#wait(waiter);
    } catch (error) {
      release();
      waiter.error(error);
    }
  }

  wait$(isStale: (state: SignedIn) => boolean = () => false, binding?: Binding): Observable<Tokens> {
    return new Observable((subscriber) => {
      const waiter: Waiter = {
        binding,
        renew: true,
        takesSlot: false,
        get closed() {
          return subscriber.closed;
        },
        send: (state, release) => {
          release();
          if (!state) throw signedOutError();
          if (waiter.binding?.after === undefined && isStale(state)) {
            waiter.binding = newerThan(state);
            this.admit(waiter);
          } else {
            subscriber.next(state.tokens);
            subscriber.complete();
          }
        },
        error: (error) => subscriber.error(error),
      };
      this.admit(waiter);
      return () => this.remove(waiter);
    });
  }

  /** Whether `restore` has failed, and nothing calls it again until a request that may renew. */
  #isRestoreGivenUp(): boolean {
    const { state, model } = this.#machine;
    return state.status === 'loading' && model.failures > 0 && !this.#refresher.isRunning();
  }

  #verdictOn(waiter: Waiter): Verdict {
    const machine = this.#machine;
    const atMs = nowMs();
    const { renew } = waiter;
    const verdict = decide(machine.state, waiter.binding, atMs, renew);
    if (verdict === 'wait' && !renew && this.#isRestoreGivenUp()) return 'no-session';
    if (typeof verdict === 'string' || !renew || atMs < machine.model.renewAtMs) return verdict;
    waiter.binding ??= machine.model.binding;
    this.#refresher.start();
    // Re-entrancy: a synchronous refresh may be over already, and a subscriber may have ended the session.
    return decide(machine.state, { sessionId: verdict.tokens.sessionId }, atMs);
  }

  #wait(waiter: Waiter): void {
    const machine = this.#machine;
    const refresher = this.#refresher;
    const { state } = machine;
    const coolDown = state.status === 'refreshing' ? undefined : refresher.coolDown();
    if (coolDown) throw coolDown.error;
    if (hasTokens(state)) waiter.binding = newerThan(state);
    this.add(waiter);
    waiter.onQueued?.(hasTokens(state) ? refresher.refreshId : undefined);
    // Re-entrancy: a listener of that event may have begun or ended a session; then this waiter has its outcome.
    if (machine.state.generation === state.generation) refresher.start();
  }
}
