import type { SessionState } from 'renewal';
import type { Tally } from '../outcomes';
import type { RenewalMode } from '../protocol';
import type { LiveOrders } from './live-view';

/** Explains the state of a session. `coolDown` is the remaining time without a refresh, in seconds. */
export function meaningOf(state: SessionState, coolDown: number): string {
  switch (state.status) {
    case 'loading':
      return 'The page reads the tokens from its store.';
    case 'active':
      return 'The token is valid, as far as this page knows.';
    case 'refreshing':
      return state.rejected ? 'The token has expired. Requests wait for the next.' : 'A refresh is running.';
    case 'expired':
      if (coolDown > 0) return `The refresh failed. Cool-down: for ${coolDown}\u00a0s, requests fail at once.`;
      return state.error
        ? 'The refresh failed. The next request tries again.'
        : 'The token has expired. The next request starts a refresh.';
    case 'signed-out':
      return SIGNED_OUT_MEANINGS[state.reason];
  }
}

const SIGNED_OUT_MEANINGS = {
  none: 'No user has signed in yet.',
  'sign-out': 'Signed out, here or in another tab.',
  'session-expired': 'The shop refused the refresh token. Sign in again.',
} as const;

/** The headline after the end of a session. */
export const SIGNED_OUT_HEADLINES = {
  none: 'No user is signed in. Sign in as Ada or Grace.',
  'sign-out': 'Signed out, in all tabs.',
  'session-expired': 'The shop refused the refresh: the session has expired.',
} as const;

/** The next step for the user. */
export function hintOf({ status }: SessionState): string {
  return status === 'signed-out' ? 'Sign in as Ada or Grace.' : 'Expire the token, then send 50.';
}

/** Why the token cannot be expired now; `undefined` if it can. */
export function whyNotExpirable({ status }: SessionState): string | undefined {
  switch (status) {
    case 'signed-out':
      return 'There is no token: no user is signed in. Sign in as Ada or Grace.';
    case 'expired':
      return 'The token has already expired, and the page knows it.';
    case 'refreshing':
      return 'A refresh is running. Its tokens can be expired after it.';
    default:
      return undefined;
  }
}

/** The effect of an expired token. */
export function expiredTextOf(isWatching: boolean): string {
  return isWatching
    ? 'The token has expired. The shop ends the stream, which reconnects with a new one.'
    : 'The token has expired. The page does not know yet: send some requests.';
}

/** The effect of the button for live orders. */
export function liveTextOf(isOpen: boolean): string {
  return isOpen ? 'Live orders arrive. Expire the token: none is lost.' : 'The stream of live orders is closed.';
}

/** Describes the newest live order. */
export function liveOrderTextOf({ lastId, newest }: LiveOrders): string {
  return `No. ${lastId}: ${newest.quantity} × ${newest.item}`;
}

/** Describes the number of live orders. Their ids have no gaps. */
export function liveCountTextOf({ firstId, lastId, count }: LiveOrders): string {
  const lost = lastId - firstId + 1 - count;
  return `${plural(count, 'order')}, ${lost === 0 ? 'none lost' : `${Math.abs(lost)} ${lost > 0 ? 'lost' : 'twice'}`}`;
}

/** Why a stream of live orders has ended, by the code of its error. */
export const LIVE_END_TEXTS: Readonly<Record<string, string>> = {
  'session-expired': 'The session has expired.',
  'signed-out': 'The user has signed out.',
  refresh: 'The refresh failed.',
  // Without a network, the stream reconnects. It ends with this error if the response is no event stream.
  network: 'No user is signed in.',
};

/** Describes requests that have just been sent. */
export function progressTextOf(requests: number): string {
  return `${plural(requests, 'request')} in flight.`;
}

/** Describes the outcomes of requests that were sent at once. */
export function resultTextOf({ responses, errors }: Tally, refreshes: number): string {
  const reasons: Readonly<Record<string, string>> =
    refreshes > 0 ? ERROR_TEXTS : { ...ERROR_TEXTS, refresh: COOL_DOWN_TEXT };
  const parts = [
    ...(responses > 0 ? [plural(responses, 'response')] : []),
    ...Object.entries(errors).map(([code, times]) => `${plural(times, 'error')} (${reasons[code] ?? code})`),
  ];
  const renewed = refreshes > 0 ? `, after ${plural(refreshes, 'refresh', 'refreshes')}` : '';
  const failed = Object.values(errors).reduce((sum, times) => sum + times, 0);
  return `${plural(responses + failed, 'request')}: ${parts.join(' and ')}${renewed}.`;
}

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  'session-expired': 'the session has expired',
  refresh: 'the refresh failed',
  'signed-out': 'the user has signed out',
  business: 'rejected: no user is signed in',
  network: 'the shop cannot be reached',
};

/** Why requests fail without a refresh. */
const COOL_DOWN_TEXT = 'cool-down: the last refresh failed';

/** Describes the selected refresh mode. */
export const REFRESH_MODE_TEXTS: Readonly<Record<RenewalMode, string>> = {
  ok: 'The next refresh returns new tokens.',
  slow: 'The next refresh takes two seconds longer. Requests wait for it.',
  refused: 'The next refresh is refused, which ends the session.',
  offline: 'The next refresh finds no network. The session is kept.',
};

/** A user name with a capital letter. */
export function properName(user: string): string {
  return user.charAt(0).toUpperCase() + user.slice(1);
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
