import type { RefreshError, SessionExpiredError } from '../../http/errors';

/**
 * The tokens of a session, as its store holds them. The later `sessionId` has precedence and, of one `sessionId`, the
 * higher `revision`.
 */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch by this machine's clock; missing if unknown. */
  readonly expiresAtMs?: number;
  /**
   * Made by `signIn` and kept through refreshes. Distinguishes two users, and two sign-ins of one user. Sorts as a
   * string by the time of the sign-in. Stored tokens without an id form a separate session.
   */
  readonly sessionId: string;
  /**
   * Rises by 1 with each grant of a session: 1 is the grant of `signIn`, 0 that of `restore`. Missing if another writer
   * does not know it.
   */
  readonly revision?: number;
  /** What else came with a grant, as JSON: an id token, a user. Kept by grants without extras. */
  readonly extras?: Readonly<Record<string, unknown>>;
}

/** What a session is. `generation` rises whenever the tokens change or vanish. */
export type SessionState = { readonly generation: number } & (
  | {
      /** Neither the store nor `restore` has answered yet. */
      readonly status: 'loading';
    }
  | {
      readonly status: 'signed-out';
      /**
       * `'none'`: nobody was signed in. `'sign-out'`: signed out here or in another tab. `'session-expired'`: the
       * refresh was refused here; in other tabs that is a `'sign-out'`.
       */
      readonly reason: 'none' | 'sign-out' | 'session-expired';
    }
  | { readonly status: 'active'; readonly tokens: Tokens }
  | {
      /** The access token is known to be dead, and no refresh is running. */
      readonly status: 'expired';
      readonly tokens: Tokens;
      /** Why the last refresh failed, if it did. */
      readonly error?: RefreshError;
      /** When the cool-down after that failure ends, in milliseconds since the epoch: the next use refreshes then. */
      readonly retryAtMs?: number;
    }
  | {
      readonly status: 'refreshing';
      readonly tokens: Tokens;
      /** Whether the server has rejected the access token: no request is sent with it any more. */
      readonly rejected: boolean;
    }
);

/** A state that has tokens. */
export type SignedIn = Extract<SessionState, { tokens: Tokens }>;

/** What changes a session. An action with a `generation` concerns the tokens of that generation only. */
export type SessionAction =
  | {
      readonly type: 'loaded';
      readonly tokens: Tokens | null;
      /** Whether `restore` brought them: no one who waited needs newer ones. */
      readonly isRestored?: true;
    }
  | { readonly type: 'signIn' | 'update'; readonly tokens: Tokens }
  | { readonly type: 'rejected'; readonly generation: number }
  | { readonly type: 'refreshStarted' | 'coolDownEnded' }
  | ({ readonly generation?: number } & RefreshOutcome);

/**
 * How a refresh ended: with a grant, with external tokens, with an empty store, with a refusal, or with a transient
 * failure.
 */
export type RefreshOutcome =
  | { readonly type: 'refreshed' | 'adopt'; readonly tokens: Tokens }
  | { readonly type: 'signOut' }
  | { readonly type: 'refused'; readonly error: SessionExpiredError }
  | { readonly type: 'failed'; readonly error: RefreshError; readonly atMs: number };

export const hasTokens = (state: SessionState): state is SignedIn => 'tokens' in state;

/** Whether a store knows of a session whose tokens are kept elsewhere: in the memory of another tab. */
export const isElsewhere = ({ accessToken, refreshToken }: Tokens): boolean => !accessToken && !refreshToken;

/** Whether the tokens are past their own expiry. */
export const isPast = ({ expiresAtMs = Infinity }: Tokens, atMs: number): boolean => atMs >= expiresAtMs;

/**
 * The action for a session that is loading and finds no tokens: a session that has been loaded before was signed out
 * in another tab.
 */
export const endOfLoading = ({ generation }: SessionState): SessionAction =>
  generation ? { type: 'signOut' } : { type: 'loaded', tokens: null };

/** Whether the server has rejected the access token, or it was past its expiry when its refresh failed. */
const isDead = (state: SessionState): boolean =>
  state.status === 'expired' || (state.status === 'refreshing' && state.rejected);

/** Whether a request may be sent with the state's token: it is neither rejected by the server nor past its expiry. */
export const isAlive = (state: SessionState, atMs: number): state is SignedIn =>
  hasTokens(state) && !isDead(state) && !isPast(state.tokens, atMs);

/** What a request is bound to: one session and, with `after`, only tokens that are newer than that generation. */
export interface Binding {
  readonly sessionId: string;
  readonly after?: number;
}

/**
 * What a request may do now: be sent with these tokens, be sent without any, wait, or fail because its session is gone.
 */
export type Verdict = SignedIn | 'no-session' | 'wait' | 'session-gone';

/**
 * Pure; the same for a first attempt, for a replay, and after every wait.
 *
 * @param renew - Whether a refresh may start. If not, and none is running, dead tokens are sent too.
 */
export const decide = (state: SessionState, binding: Binding | undefined, atMs: number, renew = true): Verdict => {
  if (binding && !(hasTokens(state) && state.tokens.sessionId === binding.sessionId)) return 'session-gone';
  if (state.status === 'loading') return 'wait';
  if (!hasTokens(state)) return 'no-session';
  if (state.generation === binding?.after) return 'wait';
  return (!renew && state.status !== 'refreshing') || isAlive(state, atMs) ? state : 'wait';
};

const withoutCoolDown = (state: SessionState): SessionState => {
  if (state.status !== 'expired' || state.retryAtMs === undefined) return state;
  const { retryAtMs: _retryAtMs, ...expired } = state;
  return expired;
};

/**
 * The one place where a session changes. Pure. An action that does not concern the state, or names another generation
 * of tokens, returns the same object.
 */
export const transition = (state: SessionState, action: SessionAction): SessionState => {
  const { status, generation } = state;
  const signedOut = (reason: 'none' | 'sign-out' | 'session-expired', risen = generation + 1): SessionState => ({
    status: 'signed-out',
    reason,
    generation: risen,
  });
  const active = (tokens: Tokens): SessionState =>
    isElsewhere(tokens)
      ? { status: 'loading', generation: generation + 1 }
      : { status: 'active', tokens, generation: generation + 1 };

  if ('generation' in action && action.generation !== generation) return state;
  switch (action.type) {
    case 'signIn':
    case 'adopt':
      return active(action.tokens);
    case 'update':
      return status === 'signed-out' ? state : active(action.tokens);
    case 'signOut':
      return status === 'signed-out' ? state : signedOut('sign-out');
    case 'loaded':
      if (status !== 'loading') return state;
      return action.tokens ? active(action.tokens) : signedOut('none', generation);
    case 'refreshStarted':
      if (status !== 'active' && status !== 'expired') return state;
      return { status: 'refreshing', tokens: state.tokens, rejected: status === 'expired', generation };
    case 'coolDownEnded':
      return withoutCoolDown(state);
    case 'rejected':
      if (status === 'active') return { status: 'expired', tokens: state.tokens, generation };
      return status === 'refreshing' && !state.rejected ? { ...state, rejected: true } : state;
  }
  if (status !== 'refreshing') return state;
  switch (action.type) {
    case 'refreshed':
      return active(action.tokens);
    case 'refused':
      return signedOut('session-expired');
    case 'failed': {
      const { error } = action;
      const { retryAtMs } = error;
      return state.rejected || isPast(state.tokens, action.atMs)
        ? { status: 'expired', tokens: state.tokens, generation, error, ...(retryAtMs !== undefined && { retryAtMs }) }
        : { status: 'active', tokens: state.tokens, generation };
    }
  }
};
