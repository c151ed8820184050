import {
  AsyncSubject,
  defer,
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
import { checkBoolean, checkOptions } from '../http/options';
import { createAdmission } from './admission';
import { backoffMs } from './backoff';
import { nowMs } from './clock';
import type { ApiEvent } from './events';
import { createFollower } from './follow';
import { type TokenGrant, toTokens } from './grants';
import { createKeepFresh } from './keep-fresh';
import { createLoading } from './loading';
import { createStateMachine, signedOut } from './machine';
import { type SessionOptions, type SessionSettings, withDefaults } from './options';
import { createRejections, type Rejections } from './rejections';
import { createRenewal } from './renewal';
import { createReports } from './reports';
import { type Held, isHeld, type SessionState, sessionOf, type Tokens } from './state';
import { CAUTION, type CautiousStore } from './store';
import { createStorePort } from './store-port';
import { createWaitingRoom, type Waiter } from './waiting-room';
import type { Wake } from './wake';

/** The options of {@link Session.keepFresh$}. */
export interface KeepFreshOptions {
  /** Whether to go on while the page is hidden. In Node, no page ever is. @defaultValue false */
  readonly whileHidden?: boolean | undefined;
}

/** A session: its tokens, and the one refresh that renews them. Made by `createSession`. */
export interface Session {
  /** The newest state. To read it is no look into the store: a subscription to {@link state$} is, and each request. */
  readonly state: SessionState;
  /** Replays the newest state, then emits each change; never errors, completes on {@link destroy}. */
  readonly state$: Observable<SessionState>;
  /** Begins a session. The state changes at once; resolves when the store has the tokens, or has failed. Rejects with a `TypeError` for a malformed grant. */
  signIn(grant: TokenGrant): Promise<void>;
  /** Ends the session. The state changes at once; resolves when the store is clear, or has failed. */
  signOut(): Promise<void>;
  /** Starts the one refresh or joins it; emits the new tokens and completes. Errors with `RefreshError`, `SessionExpiredError` or `SignedOutError`. */
  refresh$(): Observable<Tokens>;
  /** Emits one usable access token, after a refresh if need be, and completes: for a WebSocket, an event source, an image. Errors as {@link refresh$}. */
  accessToken$(): Observable<string>;
  /**
   * While subscribed, renews the tokens `refreshAheadMs` before they expire, and looks again when the network is back or someone returns to the page;
   * emits the tokens each time the session gets new ones. A page that no one looks at refreshes when it is shown again, and not before, unless `whileHidden` is
   * true. Outlives failures that may pass and sign-outs; never errors, completes on {@link destroy}.
   */
  keepFresh$(options?: KeepFreshOptions): Observable<Tokens>;
  /** Ends every wait with `SignedOutError` and leaves the store as it is; the session is signed out for good. */
  destroy(): void;
}

/** What `bearer` needs of a session beyond its public face. */
export interface SessionCore extends Pick<SessionSettings, 'isExpired' | 'authorize'> {
  readonly rejections: Rejections;
  readonly events$: Observable<ApiEvent>;
  /** Whether `refresh` is being called right now: what is subscribed meanwhile belongs to it. */
  isCalling(): boolean;
  /** Stands for the session that there is now, and for none of its tokens; nothing where there is none. */
  since(): Held | undefined;
  /** Whose a request of now is; of one from before the session is loaded, that is filled in as soon as it is. */
  claim(): { since?: Held | undefined };
  /**
   * Looks into the store if that has changed. When it has answered, emits whose all are that have waited for it, and replays that; errors with `SignedOutError` if
   * a session begins or ends here before that; undefined if there is nothing to wait for.
   */
  look(): Observable<Held | undefined> | undefined;
  /** Lets `waiter` leave with the session's tokens: in this same tick where they live, else after a refresh. */
  admit(waiter: Waiter): void;
  /** `waiter` has given up. */
  dismiss(waiter: Waiter): void;
  /** The server has refused these tokens. */
  reject(held: Held): void;
}

const CORE = Symbol('renewal.session');

/** Marks the sessions of every copy of this package, whose insides differ. */
const BRAND = Symbol.for('renewal.session');

/** The inside of a session that `createSession` has made. */
export const coreOf = (session: Session): SessionCore => {
  const { [CORE]: core, [BRAND]: isForeign } = Object(session) as { [CORE]?: SessionCore; [BRAND]?: true };
  if (core) return core;
  throw new TypeError(
    isForeign
      ? 'session: made by another copy of renewal; use bearer(session, { allowedOrigins }) of that copy as an interceptor'
      : 'session: expected one that createSession has made',
  );
};

/** Makes a session that is told by `wake` when to look again. */
export const makeSession = (options: SessionOptions, wake: Wake): Session => {
  const settings = withDefaults(options);
  const reports = createReports();
  const port = createStorePort(settings.store, reports.warn, (news) => follower.heed(news));
  const room = createWaitingRoom(settings.releaseConcurrency, (waiter, done) => admission.admit(waiter, done));
  let renewAtMs = Infinity;
  let isDestroyed = false;
  let changes = 0;
  /** What requests of before the session is loaded have claimed. */
  let unloaded: { since?: Held | undefined } | undefined;
  /** Emits when a session has begun or ended here. */
  const changed$ = new Subject<void>();

  const machine = createStateMachine(room, ({ status, generation }, action) => {
    const atMs = nowMs();
    loading.end();
    if (unloaded && status !== 'loading') {
      unloaded.since = since();
      unloaded = undefined;
    }
    if (action.type === 'signOut') port.end('sign-out');
    if (action.type === 'refused') port.end('refused');
    if ('tokens' in action && action.tokens) {
      port.own(action.tokens);
      const { expiresAtMs = Infinity } = action.tokens;
      renewAtMs = expiresAtMs - Math.min(settings.refreshAheadMs, Math.max(0, expiresAtMs - atMs) / 2);
    }
    return () => {
      reports.session(action.type, generation, atMs);
      if (status === 'loading') machine.publish(loading.again);
    };
  });
  const renewal = createRenewal(machine, room, port, settings, reports, wake.online$);
  const loading = createLoading(machine, renewal, port, !!settings.restore, (news) => follower.heed(news));
  const admission = createAdmission(machine, room, renewal, (atMs) => atMs >= renewAtMs, loading.need);
  const follower = createFollower(machine, renewal, port, wake.visible$, () => {
    const { [CAUTION]: caution }: CautiousStore = settings.store;
    const message = caution?.();
    if (message) reports.caution(message);
  });

  const change$ = (grant?: TokenGrant): Observable<void> => {
    const granted = grant && toTokens(grant, { sessionId: '' }, nowMs(), 'signIn');
    const own = ++changes;
    // The id of a sign-in is later than that of what the store holds.
    follower.check();
    const tokens = granted && { ...granted, sessionId: port.createId() };
    // One who was told of what the store holds has called for another change.
    if (own !== changes) return of(undefined);
    const resume = port.pause();
    try {
      // Written first: who is told of the new state, or gets into `exclusive` as the refresh lets go, finds it in the store.
      let written$ = port.write(tokens ?? 'sign-out');
      // If the store itself has called for another change from within that, it is the later one.
      if (own === changes) {
        // If it has called for a refresh, that has written after it, or is about to.
        if (port.mine !== tokens) written$ = port.write(tokens ?? 'sign-out');
        machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' }, renewal.reset());
        changed$.next();
      }
      return written$.pipe(map(noop));
    } finally {
      resume();
    }
  };

  /** Milliseconds until a refresh is due that no request asks for; `Infinity` where none is. */
  const dueInMs = (): number => {
    const { status } = machine.state;
    // No request limits how often it is tried: it waits a while also where the server asks for no wait.
    return Math.max(status === 'active' ? renewAtMs - nowMs() : 0, renewal.cooling(backoffMs(1))?.leftMs ?? 0);
  };

  let claimed: Held | undefined;
  const since = (): Held | undefined => {
    const { state } = machine;
    // One for all requests of the same tokens.
    if (!claimed || !isHeld(state) || claimed.tokens !== state.tokens) claimed = sessionOf(state);
    return claimed;
  };

  /** The look that requests wait for, one for all of them; what was asked before a session began or ended here ends with that. */
  let waiting:
    | { readonly looked$: Observable<unknown>; readonly nth: number; readonly over$: Observable<Held | undefined> }
    | undefined;
  const look: SessionCore['look'] = () => {
    const nth = changes;
    const looked$ = follower.check();
    if (nth !== changes) throw signedOut();
    if (!looked$) return undefined;
    if (waiting?.looked$ !== looked$ || waiting.nth !== nth) {
      const over$ = new AsyncSubject<Held | undefined>();
      const ended$ = changed$.pipe(
        map(() => {
          throw signedOut();
        }),
      );
      // Asked once: the first of them that goes on may begin or end a session.
      merge(looked$.pipe(map(since)), ended$)
        .pipe(first())
        .subscribe(over$);
      waiting = { looked$, nth, over$ };
    }
    return waiting.over$;
  };

  const { isExpired, authorize } = settings;
  const core: SessionCore = {
    isExpired,
    authorize,
    rejections: createRejections(),
    events$: reports.events$,
    isCalling: renewal.isCalling,
    since,
    claim: () => {
      if (machine.state.status !== 'loading') return { since: since() };
      unloaded ??= {};
      return unloaded;
    },
    look,
    admit: (waiter) => admission.admit(waiter),
    dismiss: room.exit,
    reject: ({ generation }) => machine.dispatch({ type: 'rejected', generation }),
  };

  const wait$ = (isNew?: boolean): Observable<Tokens> =>
    defer(() => look()?.pipe(switchMap((since) => admission.wait$(isNew, since))) ?? admission.wait$(isNew));

  const state$: Observable<SessionState> = new Observable((subscriber) => {
    follower.check();
    subscriber.add(machine.state$.subscribe(subscriber));
    if (machine.state.status === 'loading') loading.need();
  });

  const wake$ = merge(wake.online$.pipe(tap(renewal.thaw)), wake.visible$);
  const keepFresh$: Session['keepFresh$'] = (options = {}) => {
    const { whileHidden = false } = checkOptions(options, { whileHidden: checkBoolean });
    const dueInSightMs = () => (whileHidden || !wake.isHidden() ? dueInMs() : Infinity);
    return createKeepFresh(machine, state$, dueInSightMs, renewal.start, wake$, admission.wait$());
  };

  const session: Omit<Session, 'state'> = {
    state$,
    signIn: (grant) =>
      lastValueFrom(
        defer(() => {
          if (isDestroyed) throw signedOut();
          return change$(Object(grant));
        }),
      ),
    signOut: () => lastValueFrom(defer(() => (isDestroyed ? of(undefined) : change$()))),
    refresh$: () => wait$(true),
    accessToken$: () => wait$().pipe(map(({ accessToken }) => accessToken)),
    keepFresh$,
    destroy: () => {
      isDestroyed = true;
      changes++;
      follower.end();
      machine.dispatch({ type: 'signOut' }, renewal.reset());
      changed$.next();
      port.close();
      machine.complete();
    },
  };

  loading.begin();
  // None is enumerable: what prints a session shows no token.
  const hidden = { state: { get: () => machine.state }, [CORE]: { value: core }, [BRAND]: { value: true } };
  return Object.defineProperties(session, hidden) as Session;
};
