import type { SessionState } from 'renewal';
import type { Tally } from '../outcomes';
import type { RenewalMode } from '../protocol';

/** What the state of a session means. */
export function meaningOf(state: SessionState): string {
  switch (state.status) {
    case 'loading':
      return 'The page asks its store who is here.';
    case 'active':
      return 'The token is good, as far as this page knows.';
    case 'refreshing':
      return state.rejected ? 'The token is dead. Requests wait for the next.' : 'New tokens are on their way.';
    case 'expired':
      return state.error
        ? 'The refresh failed, in a way that may pass. The session is kept.'
        : 'The token is dead. The next request asks for another.';
    case 'signed-out':
      return SIGNED_OUT[state.reason];
  }
}

const SIGNED_OUT = {
  none: 'No one has signed in yet.',
  'sign-out': 'The user has signed out.',
  expired: 'The shop refused to renew the session. Sign in again.',
} as const;

/** What became of some requests that were made at once. */
export function sentenceOf({ answers, errors }: Tally, refreshes: number): string {
  const parts = [
    ...(answers > 0 ? [plural(answers, 'answer')] : []),
    ...Object.entries(errors).map(([code, times]) => `${plural(times, 'error')} (${REASONS[code] ?? code})`),
  ];
  const renewed = refreshes > 0 ? `, after ${plural(refreshes, 'refresh', 'refreshes')}` : '';
  const failed = Object.values(errors).reduce((sum, times) => sum + times, 0);
  return `${plural(answers + failed, 'request')}: ${parts.join(' and ')}${renewed}.`;
}

const REASONS: Readonly<Record<string, string>> = {
  'session-expired': 'the session is over',
  refresh: 'the refresh failed',
  'signed-out': 'the user has left',
  business: 'turned away: no one is signed in',
  network: 'the shop can not be reached',
};

/** What the user has chosen for the next refresh. */
export const CHOSEN: Readonly<Record<RenewalMode, string>> = {
  ok: 'The next refresh brings new tokens.',
  slow: 'The next refresh takes two seconds more. Requests wait for it.',
  refused: 'The next refresh is refused: that ends the session.',
  offline: 'The next refresh meets no network. The session is kept.',
};

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
