import { defer, lastValueFrom, map, merge, noop, Observable, Subject, Subscription, tap, timer } from 'rxjs';
import { nowMs } from './clock';
import type { ApiEvent, SessionEvent } from './events';
import { type TokenGrant, toTokens } from './grants';
import { createKeepFresh } from './keep-fresh';
import { createStateMachine, signedOut } from './machine';
import { type SessionOptions, type SessionSettings, withDefaults } from './options';
import { createRejections, type Rejections } from './rejections';
import { createRenewal } from './renewal';
import { type Held, isAlive, isHeld, type SessionAction, type SessionState, type Tokens } from './state';
import { createStorePort, STORE_TIMEOUT_MS } from './store';
import { createWaitingRoom, type Waiter } from './waiting-room';
import type { Wake } from './wake';

/** A session: its tokens, and the one refresh that renews them. Made by `createSession`. */
export interface Session {
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
   * emits the tokens each time the session gets new ones. Outlives failures that may pass and sign-outs; never errors, completes on {@link destroy}.
   */
  keepFresh$(): Observable<Tokens>;
  /** Ends every wait with `SignedOutError` and leaves the store as it is; the session is signed out for good. */
  destroy(): void;
}

/** What `bearer` needs of a session beyond its public face. */
export interface SessionCore extends Pick<SessionSettings, 'isExpired' | 'authorize'> {
  readonly rejections: Rejections;
  readonly events$: Observable<ApiEvent>;
  /** Whether `refresh` is being called right now: what is subscribed meanwhile belongs to it. */
  isCalling(): boolean;
  /** Lets `waiter` leave with the session's tokens: in this same tick where they live, else after a refresh. */
  admit(waiter: Waiter): void;
  /** `waiter` has given up. */
  dismiss(waiter: Waiter): void;
  /** The server has refused these tokens. */
  reject(held: Held): void;
}

const CORE = Symbol('renewal.session');

/** The inside of a session that `createSession` has made. */
export const coreOf = (session: Session): SessionCore => {
  const { [CORE]: core } = Object(session) as { [CORE]?: SessionCore };
  if (core) return core;
  throw new TypeError('session: not made by createSession');
};

/** What the actions that begin or end a session are called in events. */
const PHASES: { readonly [Type in SessionAction['type']]?: SessionEvent['phase'] } = {
  signIn: 'signed-in',
  signOut: 'signed-out',
  refused: 'expired',
  adopt: 'adopted',
};

/** Makes a session that is told by `wake` when to look again. */
export const makeSession = (options: SessionOptions, wake: Wake): Session => {
  const settings = withDefaults(options);
  const events = new Subject<ApiEvent>();
  const warn = (what: string, error?: unknown): undefined => {
    const why = error instanceof Error ? error.name : error === undefined ? 'no answer' : `threw a ${typeof error}`;
    events.next({ type: 'warning', message: `${what}: ${why}`, atMs: nowMs() });
  };
  const port = createStorePort(settings.store, warn);
  const room = createWaitingRoom(settings.releaseConcurrency, (waiter, done) => admit(waiter, done));
  let renewAtMs = Infinity;
  let isDestroyed = false;

  const machine = createStateMachine(room, ({ generation }, action) => {
    const atMs = nowMs();
    patience.unsubscribe();
    if ('tokens' in action && action.tokens) {
      const { expiresAtMs = Infinity } = action.tokens;
      renewAtMs = expiresAtMs - Math.min(settings.refreshAheadMs, Math.max(0, expiresAtMs - atMs) / 2);
    }
    const phase = PHASES[action.type];
    return () => phase && events.next({ type: 'session', phase, generation, atMs });
  });
  const renewal = createRenewal(
    machine,
    room,
    port,
    settings,
    (step) => events.next({ type: 'refresh', ...step, waiting: room.size, atMs: nowMs() }),
    warn,
    wake.online$,
  );

  let isAnswered = false;
  let isNeeded = false;
  let patience = Subscription.EMPTY;

  /** The store has answered, or has had its time. */
  const loaded = (tokens: Tokens | null | undefined): void => {
    isAnswered = true;
    patience.unsubscribe();
    if (tokens || !settings.restore) machine.dispatch({ type: 'loaded', tokens: tokens ?? null });
    else if (isNeeded) renewal.start();
  };

  /** Someone can't go on before the session is loaded. */
  const load = (): void => {
    if (isAnswered) renewal.start();
    else if (!isNeeded) patience = timer(STORE_TIMEOUT_MS).subscribe(() => loaded(warn('load')));
    isNeeded = true;
  };

  /** What to leave with in this same tick: live tokens, `null` for none, or `undefined` for having to wait. Throws where nothing will come. */
  const ready = (old: Held | undefined): Held | null | undefined => {
    const { state } = machine;
    if (state.status === 'loading') return undefined;
    if (old && !(isHeld(state) && state.tokens.sessionId === old.tokens.sessionId)) throw renewal.errorFor(old);
    if (!isHeld(state)) return null;
    const atMs = nowMs();
    if (!isAlive(state, atMs) || state.generation === old?.generation) return undefined;
    if (atMs >= renewAtMs) renewal.start();
    return state;
  };

  /** Lets `waiter` leave, or makes it wait; throws where nothing will come. */
  const place = (waiter: Waiter, done: () => void): void => {
    const held = ready(waiter.old);
    if (held !== undefined) {
      waiter.leave(held, done);
      return;
    }
    done();
    const { state } = machine;
    const failure = state.status === 'refreshing' ? undefined : renewal.cooling();
    if (failure) throw failure.error;
    if (isHeld(state)) waiter.old = state;
    room.enter(waiter);
    waiter.waits?.(isHeld(state) ? renewal.refreshId : undefined);
    if (isHeld(state)) renewal.start();
    else load();
  };

  const admit = (waiter: Waiter, done = noop): void => {
    try {
      if (waiter.closed) done();
      else place(waiter, done);
    } catch (error) {
      done();
      waiter.error(error);
    }
  };

  /** Emits what a request could leave with, and completes; with `isNew`, only what comes after what the session has now. */
  const wait$ = (isNew = false): Observable<Tokens> =>
    new Observable((subscriber) => {
      const waiter: Waiter = {
        old: undefined,
        get closed() {
          return subscriber.closed;
        },
        leave: (held, done) => {
          done();
          if (!held) throw signedOut();
          if (isNew && !waiter.old) {
            waiter.old = held;
            admit(waiter);
          } else {
            subscriber.next(held.tokens);
            subscriber.complete();
          }
        },
        error: (error) => subscriber.error(error),
      };
      admit(waiter);
      return () => room.exit(waiter);
    });

  const change$ = (tokens: Tokens | null): Observable<void> => {
    // Written first: who hears of the new state, or gets into `exclusive` as the refresh lets go, finds it in the store.
    const written$ = port.write(tokens);
    renewal.reset();
    machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' });
    return written$.pipe(map(noop));
  };

  /** Milliseconds until a refresh is due; `Infinity` where none is. */
  const dueInMs = (): number => {
    const { state } = machine;
    if (!isHeld(state) || state.status === 'refreshing') return Infinity;
    const aheadMs = state.status === 'expired' ? 0 : renewAtMs - nowMs();
    return Math.max(aheadMs, renewal.cooling()?.leftMs ?? 0);
  };

  const { isExpired, authorize } = settings;
  const core: SessionCore = {
    isExpired,
    authorize,
    rejections: createRejections(),
    events$: events,
    isCalling: renewal.isCalling,
    admit,
    dismiss: room.exit,
    reject: ({ generation }) => machine.dispatch({ type: 'rejected', generation }),
  };

  const state$: Observable<SessionState> = new Observable((subscriber) => {
    subscriber.add(machine.state$.subscribe(subscriber));
    if (machine.state.status === 'loading') load();
  });

  const wake$ = merge(wake.online$.pipe(tap(renewal.thaw)), wake.visible$);
  const keepFresh$ = createKeepFresh(machine, state$, dueInMs, renewal.start, wake$);

  const session: Omit<Session, 'state'> = {
    state$,
    signIn: (grant) =>
      lastValueFrom(
        defer(() => {
          if (isDestroyed) throw signedOut();
          return change$(toTokens(grant, {}, nowMs()));
        }),
      ),
    signOut: () => lastValueFrom(change$(null)),
    refresh$: () => wait$(true),
    accessToken$: () => wait$().pipe(map(({ accessToken }) => accessToken)),
    keepFresh$: () => keepFresh$,
    destroy: () => {
      isDestroyed = true;
      renewal.reset();
      machine.dispatch({ type: 'signOut' });
      machine.complete();
    },
  };

  port.news$.subscribe((tokens) => isAnswered || loaded(tokens));
  // Neither is enumerable: what prints a session shows no token.
  return Object.defineProperties(session, { state: { get: () => machine.state }, [CORE]: { value: core } }) as Session;
};
