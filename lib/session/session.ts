import { defer, lastValueFrom, map, noop, type Observable, of, Subject, switchMap } from 'rxjs';
import { nowMs } from './clock';
import type { ApiEvent, SessionEvent } from './events';
import { type TokenGrant, toTokens } from './grants';
import { createStateMachine, signedOut } from './machine';
import { type SessionOptions, type SessionSettings, withDefaults } from './options';
import { createRejections, type Rejections } from './rejections';
import { createRenewal } from './renewal';
import { type Held, isAlive, isHeld, type SessionAction, type SessionState, type Tokens } from './state';
import { createStorePort, inTime } from './store';

/** A session: its tokens, and the one refresh that renews them. Made by {@link createSession}. */
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
  /** Ends every wait with `SignedOutError` and leaves the store as it is; the session is signed out for good. */
  destroy(): void;
}

/** What `bearer` needs of a session beyond its public face. */
export interface SessionCore extends Pick<SessionSettings, 'isExpired' | 'authorize'> {
  readonly rejections: Rejections;
  readonly events$: Observable<ApiEvent>;
  /** Whether `refresh` is being called right now: what is subscribed meanwhile belongs to it. */
  isCalling(): boolean;
  /**
   * What to leave with in this same tick: live tokens, `null` for none, or `undefined` for having to wait. With `old`: only tokens of the
   * same session that came after those; throws where none will come.
   */
  ready(old?: Held): Held | null | undefined;
  /** Waits, after a refresh if need be, for what {@link ready} then returns; emits that and completes. */
  wait$(old?: Held): Observable<Held | null>;
  /** The server has refused these tokens. */
  reject(held: Held): void;
}

const CORE = Symbol('renewal.session');

/** The inside of a session that {@link createSession} has made. */
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

/**
 * Makes a session. A synchronous store is read at once; nothing else happens, and no timer runs, before someone subscribes.
 * Throws a `TypeError` that names the option which is wrong.
 *
 * @example
 * ```ts
 * const session = createSession({
 *   refresh: ({ refreshToken }) => http.post$<TokenGrant>('/renew', { refreshToken }),
 *   onExpired: () => location.assign('/login'),
 * });
 * ```
 */
export const createSession = (options: SessionOptions): Session => {
  const settings = withDefaults(options);
  const events = new Subject<ApiEvent>();
  const warn = (what: string, error?: unknown): undefined => {
    const why = error instanceof Error ? error.name : error === undefined ? 'no answer' : `threw a ${typeof error}`;
    events.next({ type: 'warning', message: `${what}: ${why}`, atMs: nowMs() });
  };
  const port = createStorePort(settings.store, warn);
  let renewAtMs = Infinity;

  const machine = createStateMachine(({ generation }, action) => {
    const atMs = nowMs();
    if ('tokens' in action && action.tokens) {
      const { expiresAtMs = Infinity } = action.tokens;
      renewAtMs = expiresAtMs - Math.min(settings.refreshAheadMs, Math.max(0, expiresAtMs - atMs) / 2);
    }
    const phase = PHASES[action.type];
    if (phase) events.next({ type: 'session', phase, generation, atMs });
  });
  const renewal = createRenewal(
    machine,
    port,
    settings,
    (step) => events.next({ type: 'refresh', ...step, atMs: nowMs() }),
    warn,
  );

  const loaded = (tokens: Tokens | null | undefined): boolean =>
    machine.dispatch({ type: 'loaded', tokens: tokens ?? null });

  const ready = (old?: Held): Held | null | undefined => {
    const { state } = machine;
    if (state.status === 'loading') return undefined;
    if (old && !(isHeld(state) && state.tokens.sessionId === old.tokens.sessionId)) throw renewal.errorFor(old);
    if (!isHeld(state)) return null;
    const atMs = nowMs();
    if (!isAlive(state, atMs) || state.generation === old?.generation) return undefined;
    if (atMs >= renewAtMs && !renewal.cooling()) renewal.start();
    return state;
  };

  /** Emits once the store has answered, or has had its time. */
  const loaded$ = defer(() =>
    machine.state.status === 'loading' ? machine.settled$.pipe(inTime(() => loaded(warn('load')))) : of(true),
  );

  const wait$ = (old?: Held): Observable<Held | null> =>
    loaded$.pipe(
      switchMap(() => {
        const held = ready(old);
        const { state } = machine;
        return held === undefined && isHeld(state) ? renewed$(state) : of(held ?? null);
      }),
    );

  /** Joins the one refresh or starts it; emits what came after `held`. */
  const renewed$ = (held: Held): Observable<Held | null> => {
    if (held.status !== 'refreshing') renewal.start();
    const settled$: Observable<unknown> = machine.state.status === 'refreshing' ? machine.settled$ : of(true);
    return settled$.pipe(
      switchMap(() => {
        if (machine.state.generation === held.generation) throw renewal.errorFor(held);
        return wait$(held);
      }),
    );
  };

  const tokens$ = (held$: Observable<Held | null>): Observable<Tokens> =>
    held$.pipe(
      map((held) => {
        if (!held) throw signedOut();
        return held.tokens;
      }),
    );

  let isDestroyed = false;
  const change$ = (tokens: Tokens | null): Observable<void> => {
    // Written first: who hears of the new state, or gets into `exclusive` as the refresh lets go, finds it in the store.
    const written$ = port.write(tokens);
    renewal.reset();
    machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' });
    return written$.pipe(map(noop));
  };

  const { isExpired, authorize } = settings;
  const core: SessionCore = {
    isExpired,
    authorize,
    rejections: createRejections(),
    events$: events,
    isCalling: renewal.isCalling,
    ready,
    wait$,
    reject: ({ generation }) => machine.dispatch({ type: 'rejected', generation }),
  };

  const session: Omit<Session, 'state'> = {
    state$: machine.state$,
    signIn: (grant) =>
      lastValueFrom(
        defer(() => {
          if (isDestroyed) throw signedOut();
          return change$(toTokens(grant, {}, nowMs()));
        }),
      ),
    signOut: () => lastValueFrom(change$(null)),
    refresh$: () =>
      tokens$(loaded$.pipe(switchMap(() => (isHeld(machine.state) ? renewed$(machine.state) : of(null))))),
    accessToken$: () => tokens$(wait$()).pipe(map(({ accessToken }) => accessToken)),
    destroy: () => {
      isDestroyed = true;
      renewal.reset();
      machine.dispatch({ type: 'signOut' });
      machine.complete();
    },
  };

  port.news$.subscribe(loaded);
  // Neither is enumerable: what prints a session shows no token.
  return Object.defineProperties(session, { state: { get: () => machine.state }, [CORE]: { value: core } }) as Session;
};
