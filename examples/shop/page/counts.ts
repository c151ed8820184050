import type { ApiEvent, RequestEvent } from 'renewal';

/** Counts since the page was opened or cleared. */
export interface Counts {
  /** Requests on the wire; a replayed request counts twice. */
  readonly sent: number;
  /** Responses to an expired token. */
  readonly expired: number;
  readonly refreshes: number;
  readonly responses: number;
  readonly errors: number;
}

export const NO_COUNTS: Counts = { sent: 0, expired: 0, refreshes: 0, responses: 0, errors: 0 };

export function count(counts: Counts, event: ApiEvent): Counts {
  const what = counterFor(event);
  return what ? { ...counts, [what]: counts[what] + 1 } : counts;
}

function counterFor(event: ApiEvent): keyof Counts | undefined {
  if (event.type === 'request') return requestCounterFor(event);
  return event.type === 'refresh' && event.phase === 'started' ? 'refreshes' : undefined;
}

function requestCounterFor({ phase, error }: RequestEvent): keyof Counts | undefined {
  if (phase === 'sent' || phase === 'resent') return 'sent';
  if (phase === 'settled') return error ? 'errors' : 'responses';
  return phase === 'token-expired' ? 'expired' : undefined;
}
