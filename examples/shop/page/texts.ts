import type { SessionState } from 'renewal';
import type { Tally } from '../outcomes';
import type { RenewalMode } from '../protocol';

/** What the state of a session means; `coolDown` is for how many seconds more it starts no refresh. */
export function meaningOf(state: SessionState, coolDown: number): string {
  switch (state.status) {
    case 'loading':
      return 'The page asks its store who is here.';
    case 'active':
      return 'The token is good, as far as this page knows.';
    case 'refreshing':
      return state.rejected ? 'The token is dead. Requests wait for the next.' : 'New tokens are on their way.';
    case 'expired':
      if (coolDown > 0) return `The refresh failed. Cool-down: for ${coolDown}\u00a0s, requests fail at once.`;
      return state.error
        ? 'The refresh failed. The next request tries again.'
        : 'The token is dead. The next request asks for another.';
    case 'signed-out':
      return SIGNED_OUT_MEANINGS[state.reason];
  }
}

const SIGNED_OUT_MEANINGS = {
  none: 'No one has signed in yet.',
  'sign-out': 'Signed out, here or in another tab.',
  'session-expired': 'The shop refused to renew the session. Sign in again.',
} as const;

/** The headline once no one is signed in any more. */
export const SIGNED_OUT_HEADLINES = {
  none: 'No one is signed in. Sign in as Ada or Grace.',
  'sign-out': 'Signed out, in all tabs.',
  'session-expired': 'The shop has refused the refresh: the session is over.',
} as const;

/** What to do next. */
export function hintOf({ status }: SessionState): string {
  return status === 'signed-out' ? 'Sign in as Ada or Grace.' : 'Let the token die, then send 50.';
}

/** Why no token can die now; `undefined` if there is one that lives. */
export function whyNotExpirable({ status }: SessionState): string | undefined {
  switch (status) {
    case 'signed-out':
      return 'There is no token: no one is signed in. Sign in as Ada or Grace.';
    case 'expired':
      return 'The token is dead already, and the page knows it.';
    case 'refreshing':
      return 'A refresh is running: its tokens can die once they are here.';
    default:
      return undefined;
  }
}

/** What becomes of requests that have just been made. */
export function progressTextOf(requests: number): string {
  return `${plural(requests, 'request')} on the way.`;
}

/** What became of some requests that were made at once. */
export function resultTextOf({ responses, errors }: Tally, refreshes: number): string {
  const reasons: Readonly<Record<string, string>> =
    refreshes > 0 ? ERROR_TEXTS : { ...ERROR_TEXTS, refresh: COOL_DOWN_TEXT };
  const parts = [
    ...(responses > 0 ? [plural(responses, 'answer')] : []),
    ...Object.entries(errors).map(([code, times]) => `${plural(times, 'error')} (${reasons[code] ?? code})`),
  ];
  const renewed = refreshes > 0 ? `, after ${plural(refreshes, 'refresh', 'refreshes')}` : '';
  const failed = Object.values(errors).reduce((sum, times) => sum + times, 0);
  return `${plural(responses + failed, 'request')}: ${parts.join(' and ')}${renewed}.`;
}

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  'session-expired': 'the session is over',
  refresh: 'the refresh failed',
  'signed-out': 'the user has left',
  business: 'turned away: no one is signed in',
  network: 'the shop cannot be reached',
};

/** Why requests fail with the refresh before them. */
const COOL_DOWN_TEXT = 'cool-down: the last refresh failed';

/** What the user has chosen for the next refresh. */
export const REFRESH_MODE_TEXTS: Readonly<Record<RenewalMode, string>> = {
  ok: 'The next refresh brings new tokens.',
  slow: 'The next refresh takes two seconds more. Requests wait for it.',
  refused: 'The next refresh is refused: that ends the session.',
  offline: 'The next refresh meets no network. The session is kept.',
};

/** A user as a person is written. */
export function properName(user: string): string {
  return user.charAt(0).toUpperCase() + user.slice(1);
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
