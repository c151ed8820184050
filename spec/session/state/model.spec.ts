import { describe, expect, it } from 'vitest';
import { RefreshError, SessionExpiredError } from '../../../lib/http/errors';
import { INITIAL, type ModelAction, type SessionModel, update } from '../../../lib/session/state/model';
import type { Tokens } from '../../../lib/session/state/session-state';

const NOW_MS = 1_000_000;
const AHEAD_MS = 60_000;
const tokens: Tokens = { accessToken: 'T1', refreshToken: 'R1', sessionId: 'a' };
const error = new RefreshError();
const refusal = new SessionExpiredError('refused');

const modelOf = (...actions: readonly ModelAction[]): SessionModel =>
  actions.reduce((model, action) => update(model, action, NOW_MS, AHEAD_MS), INITIAL);

const signIn: ModelAction = { type: 'signIn', tokens };
const started: ModelAction = { type: 'refreshStarted' };
const failed: ModelAction = { type: 'failed', error, atMs: NOW_MS };

describe('the model', () => {
  it.each<[what: string, actions: readonly ModelAction[], wanted: Partial<SessionModel>]>([
    ['reads the store first', [], { load: 'reading', failures: 0, renewAtMs: Infinity }],
    ['has an awaited load once a waiter needs it', [{ type: 'loadAwaited' }], { load: 'awaited' }],
    ['has no awaited load after an empty store', [{ type: 'loadEmpty' }, { type: 'loadAwaited' }], { load: 'empty' }],
    ['binds requests to the session', [signIn], { binding: { sessionId: 'a' } }],
    ['binds nothing after a sign-out', [signIn, { type: 'signOut' }], { binding: undefined }],
    ['counts failures in a row', [signIn, started, failed, started, failed], { failures: 2 }],
    ['cools down after a failure', [signIn, started, failed], { lastFailure: { error, atMs: NOW_MS } }],
    [
      'keeps the count when the network is back',
      [signIn, started, failed, { type: 'coolDownEnded' }],
      { failures: 1, lastFailure: undefined },
    ],
    ['cools down after a failed restore', [failed], { failures: 1, lastFailure: { error, atMs: NOW_MS } }],
    ['clears failures with new tokens', [signIn, started, failed, signIn], { failures: 0, lastFailure: undefined }],
    [
      'keeps the last refusal',
      [signIn, started, { type: 'refused', error: refusal }, signIn],
      { lastRefusal: { sessionId: 'a', error: refusal } },
    ],
    ['keeps no refusal without a refresh', [signIn, { type: 'refused', error: refusal }], { lastRefusal: undefined }],
    [
      'has an empty load after tokens elsewhere, so that restore is called',
      [{ type: 'adopt', tokens: { accessToken: '', sessionId: 'b' } }],
      { load: 'empty' },
    ],
  ])('%s', (_, actions, wanted) => {
    expect(modelOf(...actions)).toMatchObject(wanted);
  });

  it.each([
    ['without an expiry', undefined, Infinity],
    ['that live for long', 600_000, NOW_MS + 540_000],
    ['in the second half of a short life', 40_000, NOW_MS + 20_000],
    ['that are past their expiry at once', -1, NOW_MS - 1],
  ])('schedules the refresh of tokens %s', (_, lifeMs, wanted) => {
    const given = lifeMs === undefined ? tokens : { ...tokens, expiresAtMs: NOW_MS + lifeMs };
    expect(modelOf({ type: 'signIn', tokens: given }).renewAtMs).toBe(wanted);
  });

  it('stays the same object for an action about other tokens', () => {
    const model = modelOf(signIn, started);
    const stale: ModelAction = { type: 'failed', generation: 7, error, atMs: NOW_MS };
    expect(update(model, stale, NOW_MS, AHEAD_MS)).toBe(model);
  });

  it('keeps one binding for all requests of the same tokens', () => {
    const model = modelOf(signIn);
    expect(update(model, started, NOW_MS, AHEAD_MS).binding).toBe(model.binding);
  });
});
