import {
  concatMap,
  defer,
  EMPTY,
  first,
  lastValueFrom,
  map,
  merge,
  noop,
  Observable,
  of,
  Subject,
  switchMap,
  tap,
} from 'rxjs';
import { nowMs } from '../http/clock';
import { checkBoolean, checkOptions, checkText } from '../http/options';
import { toObservable } from '../http/to-observable';
import { createKeepFresh } from './keep-fresh';
import { type SessionOptions, type SessionSettings, withDefaults } from './options';
import { type Admission, SessionAdmission, type Waiter } from './pending/admission';
import { RouteMemory } from './pending/rejected-routes';
import { backoffMs } from './refresh/backoff';
import { type Refresher, SingleFlight } from './refresh/refresher';
import { BRAND, CORE, type SessionCore } from './session-core';
import { type TokenGrant, toTokens } from './state/grants';
import { type Effects, Machine, type StateMachine, signedOutError } from './state/machine';
import type { ModelAction, SessionModel } from './state/model';
import { SessionReports } from './state/reports';
import {
  type Binding,
  decide,
  isElsewhere,
  type SessionState,
  type SignedIn,
  type Tokens,
} from './state/session-state';
import { type StoreSync, Sync } from './store/store-sync';
import { QueuedStorage, type TokenStorage } from './store/token-storage';
import { CAUTION, type CautiousStore } from './store/token-store';
import type { Wake } from './wake';

/** The options of {@link Session.keepFresh$}. */
export interface KeepFreshOptions {
  /** Whether to continue while the page is hidden. In Node, no page is ever hidden. @defaultValue false */
  readonly whileHidden?: boolean | undefined;
}

/** The options of {@link Session.refresh$}. */
export interface RefreshOptions {
  /**
   * An access token that a server has rejected: on a socket, on a stream, in another client. If the session has another
   * one by now, that is emitted, and no refresh starts.
   */
  readonly rejected?: string | undefined;
  /** Whether to end a cool-down first, for a button that tries again. @defaultValue false */
  readonly force?: boolean | undefined;
}

/** A session: its tokens, and the one refresh that renews them. Made by `createSession`. */
export interface Session {
  /** The newest state. Reading it does not read the store; a subscription to {@link state$} does, and each request. */
  readonly state: SessionState;
  /** Replays the newest state, then emits each change; never errors, completes on {@link destroy}. */
  readonly state$: Observable<SessionState>;
  /**
   * Begins a session. The state changes at once; resolves when the store has the tokens, or has failed. Rejects with a
   * `TypeError` for a malformed grant.
   */
  signIn(grant: TokenGrant): Promise<void>;
  /**
   * Replaces the tokens within the session, for a grant that came outside of a refresh: in the header of a response, by
   * a step-up, a change of tenant or password. `sessionId` stays, and so do a refresh token and extras that the grant
   * does not bring. Requests continue: those that wait leave with the new tokens. A running refresh is cancelled: if it
   * has spent the refresh token, the grant must bring the next one. While the session is loading, waits for that.
   * Resolves when the store has the tokens, or has failed. Rejects with `SignedOutError` if there is no session, or if
   * it has ended by then, and with a `TypeError` for a malformed grant.
   */
  update(grant: TokenGrant): Promise<void>;
  /** Ends the session. The state changes at once; resolves when the store is clear, or has failed. */
  signOut(): Promise<void>;
  /**
   * Starts the one refresh or joins it; emits the new tokens and completes. Errors with `RefreshError`, also during a
   * cool-down, with `SessionExpiredError` or with `SignedOutError`.
   */
  refresh$(options?: RefreshOptions): Observable<Tokens>;
  /**
   * Emits one usable access token, after a refresh if necessary, and completes: for a WebSocket, an event source, an
   * image. Errors as {@link refresh$}.
   */
  accessToken$(): Observable<string>;
  /**
   * While subscribed, renews the tokens `refreshAheadMs` before they expire, and checks again when the network is back
   * or the page is visible again. Emits each time the session gets new tokens. A hidden page refreshes only when it is
   * shown again, unless `whileHidden` is true. Continues after transient failures and sign-outs; never errors,
   * completes on {@link destroy}.
   */
  keepFresh$(options?: KeepFreshOptions): Observable<Tokens>;
  /** Ends every wait with `SignedOutError` and leaves the store unchanged. The session stays signed out. */
  destroy(): void;
}

/** All of a session behind its public members, which are functions of their own: a caller may take them off. */
class Core implements SessionCore {
  readonly #wake: Wake;
  /** How often `signIn`, `signOut` or `destroy` was called. */
  #sessionChanges = 0;
  /** The object that gets the binding of all requests made while the session is loading. */
  #unloaded: { binding?: Binding | undefined } | undefined;
  readonly #reports = new SessionReports();
  readonly events$ = this.#reports.events$;
  readonly isExpired: SessionCore['isExpired'];
  readonly authorize: SessionCore['authorize'];
  readonly #settings: SessionSettings;
  readonly #storage: TokenStorage;
  readonly #machine: StateMachine;
  readonly #refresher: Refresher;
  readonly #admission: Admission;
  readonly #sync: StoreSync;
  /** Observed while `onSignOut` is being called: what is subscribed then belongs to no session. */
  readonly #signOutCall$ = new Subject<never>();
  readonly state$ = new Observable<SessionState>((subscriber) => {
    this.#sync.check();
    subscriber.add(this.#machine.state$.subscribe(subscriber));
    if (this.state.status === 'loading') this.#refresher.start();
  });
  readonly rejectedRoutes = new RouteMemory();

  constructor(options: SessionOptions, wake: Wake) {
    this.#wake = wake;
    const settings = withDefaults(options);
    const reports = this.#reports;
    this.#settings = settings;
    this.isExpired = settings.isExpired;
    this.authorize = settings.authorize;
    this.#storage = new QueuedStorage(
      settings.store,
      (what, error) => reports.warn(what, error),
      (external) => this.#sync.apply(external),
    );
    this.#machine = new Machine(settings.refreshAheadMs, (...change) => this.#onChange(...change));
    this.#refresher = new SingleFlight(
      this.#machine,
      this.#storage,
      settings,
      reports,
      wake.online$,
      () => this.#admission.size,
    );
    this.#admission = new SessionAdmission(this.#machine, this.#refresher, settings.releaseConcurrency);
    this.#sync = new Sync(
      this.#machine,
      this.#storage,
      (external) => this.#refresher.applyExternal(external),
      wake.visible$,
      () => {
        const { [CAUTION]: caution }: CautiousStore = settings.store;
        reports.caution(caution?.());
      },
    );
    // Vue makes no proxy of it then, which would have none of its private fields.
    Object.preventExtensions(this);
    this.#refresher.load();
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get binding(): Binding | undefined {
    return this.#machine.model.binding;
  }

  isInvoking(): boolean {
    return this.#signOutCall$.observed || this.#refresher.isInvoking();
  }

  bind(): { binding?: Binding | undefined } {
    const { model } = this.#machine;
    if (model.state.status !== 'loading') return model;
    this.#unloaded ??= {};
    return this.#unloaded;
  }

  end$(sessionId: string): Observable<never> {
    return this.#machine.state$.pipe(
      concatMap((state) => {
        if (decide(state, { sessionId }, 0) === 'session-gone') throw this.#refresher.errorFor(sessionId);
        return EMPTY;
      }),
    );
  }

  checkStore(): ReturnType<SessionCore['checkStore']> {
    const { binding$, hasEnded } = this.#check();
    if (hasEnded) throw signedOutError();
    return binding$;
  }

  admit(waiter: Waiter): void {
    this.#admission.admit(waiter);
  }

  remove(waiter: Waiter): void {
    this.#admission.remove(waiter);
  }

  reject({ generation }: SignedIn): void {
    this.#machine.dispatch({ type: 'rejected', generation });
  }

  signIn$(grant: TokenGrant): Observable<void> {
    if (this.#sync.isDestroyed) throw signedOutError();
    return this.#change$(grant);
  }

  signOut$(): Observable<void> {
    return this.#sync.isDestroyed ? of(undefined) : this.#change$();
  }

  update$(grant: TokenGrant): Observable<void> {
    const storage = this.#storage;
    const atMs = nowMs();
    toTokens(grant, { sessionId: '' }, atMs, 'update');
    if (this.#sync.isDestroyed) throw signedOutError();
    /** The session that the grant is for, once it is loaded. */
    const bound = this.bind();
    const before = this.#sessionChanges;
    const write$ = defer(() => {
      const previous = storage.mine;
      const isSame = this.#sessionChanges === before && previous?.sessionId === bound.binding?.sessionId;
      if (!previous || !isSame) throw signedOutError();
      const tokens = toTokens(grant, previous, atMs, 'update');
      const resume = storage.pause();
      try {
        const written$ = storage.write(tokens);
        // Re-entrancy: the store's own notification may have led to a sign-in, a sign-out or another update.
        if (storage.mine === tokens) this.#machine.dispatch({ type: 'update', tokens }, this.#refresher.cancel(true));
        return written$.pipe(map(noop));
      } finally {
        resume();
      }
    });
    return this.state$.pipe(
      first(({ status }) => status !== 'loading'),
      // Without the lock of a refresh: it is too late for a grant that has been given out.
      switchMap(() => this.#sync.read()),
      switchMap(() => write$),
    );
  }

  wait$(isStale?: (state: SignedIn) => boolean): Observable<Tokens> {
    const admission = this.#admission;
    return defer(
      () =>
        this.checkStore()?.pipe(switchMap((binding) => admission.wait$(isStale, binding))) ?? admission.wait$(isStale),
    );
  }

  refresh$(options: RefreshOptions = {}): Observable<Tokens> {
    const { rejected, force } = checkOptions(options, { rejected: checkText, force: checkBoolean });
    return defer(() => {
      if (force) this.#refresher.endCoolDown();
      return this.wait$((state) => {
        if (rejected === undefined) return true;
        const isRejected = state.tokens.accessToken === rejected;
        if (isRejected) this.reject(state);
        return isRejected;
      });
    });
  }

  keepFresh$(options: KeepFreshOptions = {}): Observable<Tokens> {
    const wake = this.#wake;
    const refresher = this.#refresher;
    const { whileHidden = false } = checkOptions(options, { whileHidden: checkBoolean });
    const dueInSightMs = () => (whileHidden || !wake.isHidden() ? this.#dueInMs() : Infinity);
    const wake$ = merge(wake.online$.pipe(tap(() => refresher.endCoolDown())), wake.visible$);
    const start = () => refresher.start();
    return createKeepFresh(this.#machine, this.state$, dueInSightMs, start, wake$, this.#admission.wait$());
  }

  destroy(): void {
    this.#sessionChanges++;
    this.#sync.destroy();
    this.#machine.dispatch({ type: 'signOut' }, this.#refresher.cancel());
    this.#sync.interrupt();
    this.#storage.close();
    this.#machine.complete();
  }

  #onChange({ state, binding }: SessionModel, action: ModelAction): Effects {
    const { status, generation } = state;
    const machine = this.#machine;
    const storage = this.#storage;
    const refresher = this.#refresher;
    const atMs = nowMs();
    refresher.endLoad();
    if (this.#unloaded && status !== 'loading') {
      this.#unloaded.binding = binding;
      this.#unloaded = undefined;
    }
    if (action.type === 'signOut') storage.end('sign-out');
    if (action.type === 'refused') storage.end('refused');
    if ('tokens' in action && action.tokens) storage.take(action.tokens);
    // All that waits belongs to the session before: also what was released and has no slot yet.
    const isOtherSession = action.type === 'signIn' || action.type === 'signOut';
    const error = isOtherSession ? signedOutError() : 'error' in action ? action.error : undefined;
    // Who waited for `restore` needs no newer tokens.
    const bound = binding && 'isRestored' in action ? { ...binding, after: generation - 1 } : binding;
    // Detached at once: a request that a subscriber of the new state sends waits for what comes next.
    const settleWaiters = status === 'refreshing' ? noop : this.#admission.takeAll(error, isOtherSession, bound);
    const onElsewhere = (): void => {
      if (machine.state.status === 'loading') refresher.restore();
    };
    return {
      report: () => {
        this.#reports.session(action.type, generation, atMs);
        if (status === 'loading' && 'tokens' in action) machine.enqueue(onElsewhere);
      },
      settleWaiters,
    };
  }

  /** Reads the store if it has changed. Re-entrancy: a subscriber of what it holds may have signed in or out. */
  #check() {
    const before = this.#sessionChanges;
    return { binding$: this.#sync.check(), hasEnded: this.#sessionChanges !== before };
  }

  /** Calls `onSignOut` with the last tokens, after all effects of the sign-out. */
  #notifySignOut(last: Tokens | undefined): void {
    const { onSignOut } = this.#settings;
    if (!onSignOut || !last || isElsewhere(last)) return;
    this.#machine.enqueue(() => {
      const call = this.#signOutCall$.subscribe();
      defer(() => toObservable('onSignOut', onSignOut(last))).subscribe({
        error: (error) => {
          call.unsubscribe();
          this.#reports.warn('onSignOut', error);
        },
      });
      call.unsubscribe();
    });
  }

  #change$(grant?: TokenGrant): Observable<void> {
    const storage = this.#storage;
    const granted = grant && toTokens(grant, { sessionId: '' }, nowMs(), 'signIn');
    const nth = ++this.#sessionChanges;
    // The id of a sign-in is later than that of what the store holds.
    if (this.#check().hasEnded) return of(undefined);
    const tokens = granted && { ...granted, sessionId: storage.createId() };
    const { mine: last } = storage;
    const resume = storage.pause();
    try {
      // Written first: a subscriber of the new state, or the next holder of the lock, finds it in the store.
      let written$ = storage.write(tokens ?? 'sign-out');
      // Re-entrancy: the store's own notification may have led to another sign-in or sign-out, which is then the later
      // one; or to a refresh that writes after it.
      if (nth === this.#sessionChanges) {
        if (storage.mine !== tokens) written$ = storage.write(tokens ?? 'sign-out');
        this.#machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' }, this.#refresher.cancel());
        this.#sync.interrupt();
      }
      if (!tokens) this.#notifySignOut(last);
      return written$.pipe(map(noop));
    } finally {
      resume();
    }
  }

  /**
   * Milliseconds until a refresh without a request is due; `Infinity`: never. Call it only while the session is loading
   * or signed in.
   */
  #dueInMs(): number {
    const { state, renewAtMs } = this.#machine.model;
    const coolDown = this.#refresher.coolDown(backoffMs(1));
    // No request limits how often it is tried: it waits a while even if the server asks for no wait.
    return Math.max(state.status === 'active' ? renewAtMs - nowMs() : 0, coolDown?.leftMs ?? 0);
  }
}

/** Shared by all sessions: with a getter of its own, each would be a dictionary, which takes 0.6 kB. */
const STATE = {
  get(this: { readonly [CORE]: Core }): SessionState {
    return this[CORE].state;
  },
};

/** Makes a session. `wake` says when the network is back, and when the page is visible again. */
export const createSessionWith = (options: SessionOptions, wake: Wake): Session => {
  const core = new Core(options, wake);
  const session: Omit<Session, 'state'> = {
    state$: core.state$,
    signIn: (grant) => lastValueFrom(defer(() => core.signIn$(Object(grant)))),
    signOut: () => lastValueFrom(defer(() => core.signOut$())),
    update: (grant) => lastValueFrom(defer(() => core.update$(Object(grant)))),
    refresh$: (refreshOptions) => core.refresh$(refreshOptions),
    accessToken$: () => core.wait$().pipe(map(({ accessToken }) => accessToken)),
    keepFresh$: (keepOptions) => core.keepFresh$(keepOptions),
    destroy: () => core.destroy(),
  };
  // None is enumerable: printing a session shows no token.
  return Object.defineProperties(session, {
    state: STATE,
    [CORE]: { value: core },
    [BRAND]: { value: true },
  }) as Session;
};
