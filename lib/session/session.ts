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
import { type SessionOptions, withDefaults } from './options';
import { createAdmission } from './pending/admission';
import { createRejectedRoutes } from './pending/rejected-routes';
import { backoffMs } from './refresh/backoff';
import { createRefresher } from './refresh/refresher';
import { BRAND, CORE, type SessionCore } from './session-core';
import { type TokenGrant, toTokens } from './state/grants';
import { createStateMachine, type Effects, signedOutError } from './state/machine';
import type { ModelAction, SessionModel } from './state/model';
import { createReports } from './state/reports';
import {
  type Binding,
  decide,
  isElsewhere,
  type SessionState,
  type SignedIn,
  type Tokens,
} from './state/session-state';
import { createStoreSync } from './store/store-sync';
import { createTokenStorage } from './store/token-storage';
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

/** Makes a session. `wake` says when the network is back, and when the page is visible again. */
export const createSessionWith = (options: SessionOptions, wake: Wake): Session => {
  const settings = withDefaults(options);
  const reports = createReports();
  /** How often `signIn`, `signOut` or `destroy` was called. */
  let sessionChanges = 0;
  /** The object that gets the binding of all requests made while the session is loading. */
  let unloaded: { binding?: Binding | undefined } | undefined;

  const storage = createTokenStorage(settings.store, reports.warn, (external) => sync.apply(external));

  const onChange = ({ state, binding }: SessionModel, action: ModelAction): Effects => {
    const { status, generation } = state;
    const atMs = nowMs();
    refresher.endLoad();
    if (unloaded && status !== 'loading') {
      unloaded.binding = binding;
      unloaded = undefined;
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
    const settleWaiters = status === 'refreshing' ? noop : admission.takeAll(error, isOtherSession, bound);
    return {
      report: () => {
        reports.session(action.type, generation, atMs);
        if (status === 'loading' && 'tokens' in action) machine.enqueue(onElsewhere);
      },
      settleWaiters,
    };
  };
  const machine = createStateMachine(settings.refreshAheadMs, onChange);
  const refresher = createRefresher(machine, storage, settings, reports, wake.online$, () => admission.size);
  const admission = createAdmission(machine, refresher, settings.releaseConcurrency);
  const sync = createStoreSync(machine, storage, refresher.applyExternal, wake.visible$, () => {
    const { [CAUTION]: caution }: CautiousStore = settings.store;
    reports.caution(caution?.());
  });
  const onElsewhere = (): void => {
    if (machine.state.status === 'loading') refresher.restore();
  };

  /** Reads the store if it has changed. Re-entrancy: a subscriber of what it holds may have signed in or out. */
  const check = () => {
    const before = sessionChanges;
    return { binding$: sync.check(), hasEnded: sessionChanges !== before };
  };

  /** Observed while `onSignOut` is being called: what is subscribed then belongs to no session. */
  const signOutCall$ = new Subject<never>();

  /** Calls `onSignOut` with the last tokens, after all effects of the sign-out. */
  const notifySignOut = (last: Tokens | undefined): void => {
    const { onSignOut } = settings;
    if (!onSignOut || !last || isElsewhere(last)) return;
    machine.enqueue(() => {
      const call = signOutCall$.subscribe();
      defer(() => toObservable('onSignOut', onSignOut(last))).subscribe({
        error: (error) => {
          call.unsubscribe();
          reports.warn('onSignOut', error);
        },
      });
      call.unsubscribe();
    });
  };

  const change$ = (grant?: TokenGrant): Observable<void> => {
    const granted = grant && toTokens(grant, { sessionId: '' }, nowMs(), 'signIn');
    const nth = ++sessionChanges;
    // The id of a sign-in is later than that of what the store holds.
    if (check().hasEnded) return of(undefined);
    const tokens = granted && { ...granted, sessionId: storage.createId() };
    const { mine: last } = storage;
    const resume = storage.pause();
    try {
      // Written first: a subscriber of the new state, or the next holder of the lock, finds it in the store.
      let written$ = storage.write(tokens ?? 'sign-out');
      // Re-entrancy: the store's own notification may have led to another sign-in or sign-out, which is then the later
      // one; or to a refresh that writes after it.
      if (nth === sessionChanges) {
        if (storage.mine !== tokens) written$ = storage.write(tokens ?? 'sign-out');
        machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' }, refresher.cancel());
        sync.interrupt();
      }
      if (!tokens) notifySignOut(last);
      return written$.pipe(map(noop));
    } finally {
      resume();
    }
  };

  const update$ = (grant: TokenGrant): Observable<void> => {
    const atMs = nowMs();
    toTokens(grant, { sessionId: '' }, atMs, 'update');
    if (sync.isDestroyed) throw signedOutError();
    /** The session that the grant is for, once it is loaded. */
    const bound = core.bind();
    const before = sessionChanges;
    const write$ = defer(() => {
      const previous = storage.mine;
      const isSame = sessionChanges === before && previous?.sessionId === bound.binding?.sessionId;
      if (!previous || !isSame) throw signedOutError();
      const tokens = toTokens(grant, previous, atMs, 'update');
      const resume = storage.pause();
      try {
        const written$ = storage.write(tokens);
        // Re-entrancy: the store's own notification may have led to a sign-in, a sign-out or another update.
        if (storage.mine === tokens) machine.dispatch({ type: 'update', tokens }, refresher.cancel(true));
        return written$.pipe(map(noop));
      } finally {
        resume();
      }
    });
    return state$.pipe(
      first(({ status }) => status !== 'loading'),
      // Without the lock of a refresh: it is too late for a grant that has been given out.
      switchMap(() => sync.read()),
      switchMap(() => write$),
    );
  };

  /**
   * Milliseconds until a refresh without a request is due; `Infinity`: never. Call it only while the session is loading
   * or signed in.
   */
  const dueInMs = (): number => {
    const { state, renewAtMs } = machine.model;
    // No request limits how often it is tried: it waits a while even if the server asks for no wait.
    return Math.max(state.status === 'active' ? renewAtMs - nowMs() : 0, refresher.coolDown(backoffMs(1))?.leftMs ?? 0);
  };

  const checkStore: SessionCore['checkStore'] = () => {
    const { binding$, hasEnded } = check();
    if (hasEnded) throw signedOutError();
    return binding$;
  };

  const reject = ({ generation }: SignedIn): void => machine.dispatch({ type: 'rejected', generation });

  const { isExpired, authorize } = settings;
  const core: SessionCore = {
    isExpired,
    authorize,
    rejectedRoutes: createRejectedRoutes(),
    events$: reports.events$,
    isInvoking: () => signOutCall$.observed || refresher.isInvoking(),
    get state() {
      return machine.state;
    },
    get binding() {
      return machine.model.binding;
    },
    bind: () => {
      if (machine.state.status !== 'loading') return machine.model;
      unloaded ??= {};
      return unloaded;
    },
    end$: (sessionId) =>
      machine.state$.pipe(
        concatMap((state) => {
          if (decide(state, { sessionId }, 0) === 'session-gone') throw refresher.errorFor(sessionId);
          return EMPTY;
        }),
      ),
    checkStore,
    admit: admission.admit,
    remove: admission.remove,
    reject,
  };

  const wait$ = (isStale?: (state: SignedIn) => boolean): Observable<Tokens> =>
    defer(
      () => checkStore()?.pipe(switchMap((binding) => admission.wait$(isStale, binding))) ?? admission.wait$(isStale),
    );

  const refresh$: Session['refresh$'] = (options = {}) => {
    const { rejected, force } = checkOptions(options, { rejected: checkText, force: checkBoolean });
    return defer(() => {
      if (force) refresher.endCoolDown();
      return wait$((state) => {
        if (rejected === undefined) return true;
        const isRejected = state.tokens.accessToken === rejected;
        if (isRejected) reject(state);
        return isRejected;
      });
    });
  };

  const state$: Observable<SessionState> = new Observable((subscriber) => {
    sync.check();
    subscriber.add(machine.state$.subscribe(subscriber));
    if (machine.state.status === 'loading') refresher.start();
  });

  const wake$ = merge(wake.online$.pipe(tap(refresher.endCoolDown)), wake.visible$);
  const keepFresh$: Session['keepFresh$'] = (options = {}) => {
    const { whileHidden = false } = checkOptions(options, { whileHidden: checkBoolean });
    const dueInSightMs = () => (whileHidden || !wake.isHidden() ? dueInMs() : Infinity);
    return createKeepFresh(machine, state$, dueInSightMs, refresher.start, wake$, admission.wait$());
  };

  const session: Omit<Session, 'state'> = {
    state$,
    signIn: (grant) =>
      lastValueFrom(
        defer(() => {
          if (sync.isDestroyed) throw signedOutError();
          return change$(Object(grant));
        }),
      ),
    signOut: () => lastValueFrom(defer(() => (sync.isDestroyed ? of(undefined) : change$()))),
    update: (grant) => lastValueFrom(defer(() => update$(Object(grant)))),
    refresh$,
    accessToken$: () => wait$().pipe(map(({ accessToken }) => accessToken)),
    keepFresh$,
    destroy: () => {
      sessionChanges++;
      sync.destroy();
      machine.dispatch({ type: 'signOut' }, refresher.cancel());
      sync.interrupt();
      storage.close();
      machine.complete();
    },
  };

  refresher.load();
  // None is enumerable: printing a session shows no token.
  const hidden = { state: { get: () => machine.state }, [CORE]: { value: core }, [BRAND]: { value: true } };
  return Object.defineProperties(session, hidden) as Session;
};
