import type { RefreshError } from '../http/errors';

/** What a session keeps and a store holds. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch by this machine's clock; left out where unknown. */
  readonly expiresAtMs?: number;
  /** Made by `signIn` and kept through refreshes: tells two users, or two sign-ins of one, apart. */
  readonly sessionId: string;
}

/** What a session is. `generation` rises whenever the tokens change or vanish. */
export type SessionState = { readonly generation: number } & (
  | { /** The store has not answered yet. */ readonly status: 'loading' }
  | { readonly status: 'signed-out'; readonly reason: 'none' | 'sign-out' | 'expired' }
  | { readonly status: 'active'; readonly tokens: Tokens }
  | {
      /** Known dead, no refresh running. */ readonly status: 'expired';
      readonly tokens: Tokens;
      readonly error?: RefreshError;
    }
  | {
      readonly status: 'refreshing';
      readonly tokens: Tokens;
      /** Whether the server has refused the access token: nothing leaves with it any more. */
      readonly rejected: boolean;
    }
);

/** A state that has tokens. */
export type Held = Extract<SessionState, { tokens: Tokens }>;

export type SessionAction =
  | { readonly type: 'loaded'; readonly tokens: Tokens | null }
  | { readonly type: 'signIn' | 'adopt'; readonly tokens: Tokens }
  | { readonly type: 'rejected'; readonly generation: number }
  | { readonly type: 'refreshStarted' }
  | { readonly type: 'refreshed'; readonly generation: number; readonly tokens: Tokens }
  | { readonly type: 'refused'; readonly generation: number }
  | { readonly type: 'failed'; readonly generation: number; readonly error: RefreshError; readonly atMs: number }
  | { readonly type: 'signOut' };

export const isHeld = (state: SessionState): state is Held => 'tokens' in state;

/** Whether the tokens are past their own expiry. */
export const isPast = ({ expiresAtMs }: Tokens, atMs: number): boolean =>
  expiresAtMs !== undefined && atMs >= expiresAtMs;

/** Whether a request may leave with the state's token: neither refused by the server nor past its expiry. */
export const isAlive = (state: SessionState, atMs: number): state is Held =>
  (state.status === 'active' || (state.status === 'refreshing' && !state.rejected)) && !isPast(state.tokens, atMs);

/**
 * The one place where a session changes. Pure; an action that does not concern the state, or speaks of another generation
 * of tokens, returns the same object.
 */
export const transition = (state: SessionState, action: SessionAction): SessionState => {
  const { status, generation } = state;
  const next = generation + 1;
  if ('generation' in action && action.generation !== generation) return state;
  switch (action.type) {
    case 'loaded':
      if (status !== 'loading') return state;
      return action.tokens
        ? { status: 'active', tokens: action.tokens, generation: next }
        : { status: 'signed-out', reason: 'none', generation };
    case 'signIn':
    case 'adopt':
      return { status: 'active', tokens: action.tokens, generation: next };
    case 'rejected':
      if (status === 'active') return { status: 'expired', tokens: state.tokens, generation };
      return status === 'refreshing' && !state.rejected ? { ...state, rejected: true } : state;
    case 'refreshStarted':
      if (status !== 'active' && status !== 'expired') return state;
      return { status: 'refreshing', tokens: state.tokens, rejected: status === 'expired', generation };
    case 'refreshed':
      return status === 'refreshing' ? { status: 'active', tokens: action.tokens, generation: next } : state;
    case 'refused':
      return status === 'refreshing' ? { status: 'signed-out', reason: 'expired', generation: next } : state;
    case 'failed':
      if (status !== 'refreshing') return state;
      return state.rejected || isPast(state.tokens, action.atMs)
        ? { status: 'expired', tokens: state.tokens, error: action.error, generation }
        : { status: 'active', tokens: state.tokens, generation };
    case 'signOut':
      return status === 'signed-out' ? state : { status: 'signed-out', reason: 'sign-out', generation: next };
  }
};
