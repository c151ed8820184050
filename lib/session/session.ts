import {
  defer,
  lastValueFrom,
  map,
  merge,
  type Observable,
  of,
  Subject,
  switchMap,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { SignedOutError } from '../http/errors';
import type { HttpRequest } from '../http/request';
import { nowMs } from './clock';
import type { ApiEvent, SessionEvent } from './events';
import type { ExpiryPredicate } from './expiry';
import { type TokenGrant, toTokens } from './grants';
import { createStateMachine } from './machine';
import { resolveOptions, type SessionOptions } from './options';
import { createRejections, type Rejections } from './rejections';
import { createRenewal } from './renewal';
import { type Held, isAlive, isHeld, type SessionAction, type SessionState, type Tokens } from './state';
import { createStorePort, STORE_TIMEOUT_MS } from './store';

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

/** Told of the tokens that a request starts to wait for the end of. */
type OnWait = (held: Held) => void;

/** What `bearer` needs of a session beyond its public face. */
export interface SessionCore {
  readonly isExpired: ExpiryPredicate;
  readonly authorize: (request: HttpRequest, tokens: Tokens) => HttpRequest;
  readonly rejections: Rejections;
  /** Whether `refresh` is being called right now: what is subscribed meanwhile belongs to it. */
  isCalling(): boolean;
  /** The tokens to leave with in this same tick; where their expiry is near, starts a refresh beside it. */
  ready(): Held | undefined;
  /** Emits live tokens to leave with, or `null` for none, and completes. */
  first$(onWait?: OnWait): Observable<Held | null>;
  /** For tokens that the server has refused: emits those that came after them, of the same session, and completes. */
  after$(refused: Held, onWait?: OnWait): Observable<Held>;
  readonly events$: Observable<ApiEvent>;
}

const CORE = Symbol('renewal.session');

/** The inside of a session; a `TypeError` for what {@link createSession} did not make. */
export const coreOf = (session: Session): SessionCore => {
  const core = (session as { [CORE]?: SessionCore })?.[CORE];
  if (!core) throw new TypeError('session: expected what createSession returns');
  return core;
};

/** What the actions that begin or end a session are called in events. */
const PHASES: { readonly [Type in SessionAction['type']]?: SessionEvent['phase'] } = {
  signIn: 'signed-in',
  signOut: 'signed-out',
  refused: 'expired',
  adopt: 'adopted',
};

/** When to renew tokens ahead of their expiry: never earlier than half of what is left of them now. */
const renewalTimeMs = ({ expiresAtMs = Infinity }: Tokens, aheadMs: number): number =>
  expiresAtMs - Math.min(aheadMs, Math.max(0, expiresAtMs - nowMs()) / 2);

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
  const { refresh, store, isExpired, isRefused, authorize, refreshTimeoutMs, refreshAheadMs, onExpired } =
    resolveOptions(options);
  const events = new Subject<ApiEvent>();
  const warn = (what: string, error: unknown): void =>
    events.next({ type: 'warning', message: `${what}: ${Object(error).name}`, atMs: nowMs() });
  const port = createStorePort(store, (what, error) => warn(`the store failed to ${what}`, error));
  let renewAtMs = Infinity;
  let destroyed = false;

  const machine = createStateMachine(({ generation }, action) => {
    if ('tokens' in action && action.tokens) renewAtMs = renewalTimeMs(action.tokens, refreshAheadMs);
    const phase = PHASES[action.type];
    if (phase) events.next({ type: 'session', phase, generation, atMs: nowMs() });
  });

  const renewal = createRenewal({
    machine,
    refresh,
    store: port,
    exclusive: store.exclusive && ((work) => store.exclusive?.(work) ?? work),
    isRefused,
    timeoutMs: refreshTimeoutMs,
    nowMs,
    report: (step) => events.next({ type: 'refresh', ...step, atMs: nowMs() }),
    onExpired: (error) => {
      try {
        onExpired(error);
      } catch (thrown) {
        warn('onExpired threw', thrown);
      }
    },
  });

  /** Emits once the store has answered, or has had its time. */
  const loaded$ = merge(
    machine.settled$,
    timer(STORE_TIMEOUT_MS).pipe(
      tap(() => {
        warn('the store failed to load', { name: 'TimeoutError' });
        machine.dispatch({ type: 'loaded', tokens: null });
      }),
    ),
  ).pipe(take(1));

  /** Joins the one refresh or starts it; emits what came after `held`. */
  const renewed$ = (held: Held, onWait?: OnWait): Observable<Held> => {
    if (held.status !== 'refreshing') renewal.start();
    if (machine.state.status !== 'refreshing') return next$(held, onWait);
    onWait?.(held);
    return machine.settled$.pipe(switchMap(() => next$(held, onWait)));
  };

  /** Emits live tokens that came after `held`, of the same session; waits for them where the newest are dead as well. */
  const next$ = (held: Held, onWait?: OnWait): Observable<Held> => {
    const { state } = machine;
    const isSameSession = isHeld(state) && state.tokens.sessionId === held.tokens.sessionId;
    if (!isSameSession || state.generation === held.generation) return throwError(() => renewal.errorFor(held));
    return isAlive(state, nowMs()) ? of(state) : renewed$(state, onWait);
  };

  const after$ = (refused: Held, onWait?: OnWait): Observable<Held> => {
    machine.dispatch({ type: 'rejected', generation: refused.generation });
    const { state } = machine;
    return isHeld(state) && state.generation === refused.generation ? renewed$(state, onWait) : next$(refused, onWait);
  };

  const whenLoaded$ = <T>(then: (state: SessionState) => Observable<T>): Observable<T> =>
    defer(() =>
      machine.state.status === 'loading' ? loaded$.pipe(switchMap(() => then(machine.state))) : then(machine.state),
    );

  const first$ = (onWait?: OnWait): Observable<Held | null> =>
    whenLoaded$((state) => {
      if (!isHeld(state)) return of(null);
      return isAlive(state, nowMs()) ? of(state) : renewed$(state, onWait);
    });

  const ready = (): Held | undefined => {
    const { state } = machine;
    const atMs = nowMs();
    if (!isAlive(state, atMs)) return undefined;
    if (atMs >= renewAtMs && !renewal.isCooling()) renewal.start();
    return state;
  };

  const refresh$ = (): Observable<Held> =>
    whenLoaded$((state) => (isHeld(state) ? renewed$(state) : throwError(() => new SignedOutError())));

  const core: SessionCore = {
    isExpired,
    authorize,
    isCalling: renewal.isCalling,
    rejections: createRejections(),
    ready,
    first$,
    after$,
    events$: events,
  };

  const change = (tokens: Tokens | null): Promise<void> => {
    // Written first, so that whoever hears of the new state finds it in the store.
    const written$ = port.write(tokens);
    machine.dispatch(tokens ? { type: 'signIn', tokens } : { type: 'signOut' });
    renewal.reset();
    return lastValueFrom(written$);
  };

  const session: Omit<Session, 'state'> = {
    state$: machine.state$,
    signIn: (grant) => {
      try {
        if (destroyed) throw new SignedOutError();
        return change(toTokens(grant, {}, nowMs()));
      } catch (error) {
        return lastValueFrom(throwError(() => error));
      }
    },
    signOut: () => change(null),
    refresh$: () => refresh$().pipe(map(({ tokens }) => tokens)),
    accessToken$: () =>
      first$().pipe(
        map((held) => {
          if (!held) throw new SignedOutError();
          return held.tokens.accessToken;
        }),
      ),
    destroy: () => {
      destroyed = true;
      machine.dispatch({ type: 'signOut' });
      renewal.reset();
      machine.complete();
    },
  };

  port.load$().subscribe((tokens) => machine.dispatch({ type: 'loaded', tokens: tokens ?? null }));
  // Neither is enumerable: what prints a session shows no token.
  return Object.defineProperties(session, { state: { get: () => machine.state }, [CORE]: { value: core } }) as Session;
};
