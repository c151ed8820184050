import { HttpStatusError, NetworkError, RefreshError, SessionExpiredError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { toRefreshEvent } from '../../../lib/session/state/events';
import { MalformedGrantError } from '../../../lib/session/state/grants';
import type { RefreshOutcome } from '../../../lib/session/state/session-state';
import { requestOf } from '../../support/request';
import { response } from '../../support/virtual';

const request = requestOf({ method: 'POST', url: 'https://api.test/renew' });
const tokens = { accessToken: 'T2', sessionId: 's' };
const failed = (cause?: unknown): RefreshOutcome => ({ type: 'failed', error: new RefreshError(cause), atMs: 0 });
const refused = (cause: unknown): RefreshOutcome => ({
  type: 'refused',
  error: new SessionExpiredError('no', { cause }),
});
const statusError = (status: number) => new HttpStatusError(request, response(status));

describe('the event of the end of a refresh', () => {
  it.each<[string, RefreshOutcome, object]>([
    ['new tokens', { type: 'refreshed', tokens }, { phase: 'succeeded' }],
    ['tokens of the store', { type: 'adopt', tokens }, { phase: 'succeeded' }],
    ['an empty store', { type: 'signOut' }, { phase: 'failed', kind: 'signed-out', final: true }],
    ['a timeout', failed(), { phase: 'failed', kind: 'timeout', final: false }],
    ['no grant', failed(new MalformedGrantError('no')), { phase: 'failed', kind: 'malformed', final: false }],
    ['no network', failed(new NetworkError('no', { request })), { phase: 'failed', kind: 'network', final: false }],
    ['a status', failed(statusError(503)), { phase: 'failed', kind: 'status', status: 503, final: false }],
    ['a refusal', refused(statusError(400)), { phase: 'failed', kind: 'status', status: 400, final: true }],
    ['an error of another kind', failed(new Error('other')), { phase: 'failed', kind: 'unknown', final: false }],
  ])('has the right phase and kind for %s', (_, outcome, event) => {
    expect(toRefreshEvent(outcome)).toEqual(event);
  });
});
