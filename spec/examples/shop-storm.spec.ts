import { describe, expect, it } from 'vitest';
import { expectations, type StormSummary } from '../../examples/shop/expectations';
import type { RenewalMode } from '../../examples/shop/protocol';
import type { ShopOptions } from '../../examples/shop/server';
import { runStorm, type StormResult } from '../../examples/shop/storm';

const storm = (requests: number, refresh: RenewalMode, shop: ShopOptions = {}): Promise<StormResult> =>
  runStorm({ requests, refresh, shop: { slowMs: 20, ...shop } });

const broken = (result: StormResult) => result.expectations.filter(({ holds }) => !holds);

describe.each([1, 2, 50])('a storm of %i requests with an expired token', (requests) => {
  it.each(['ok', 'slow'] as const)('gets all responses with one refresh in mode %s', async (refresh) => {
    const result = await storm(requests, refresh);
    expect(broken(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(result.summary).toEqual({
      refreshes: 1,
      requestsOnTheWire: 2 * requests,
      expiredResponses: requests,
      reuseDetected: 0,
      responses: requests,
      errors: {},
      sessionsEnded: 0,
      session: 'active, tokens kept',
    });
  });

  it('ends every request and the session when the refresh is refused', async () => {
    const result = await storm(requests, 'refused');
    expect(broken(result)).toEqual([]);
    expect(result.summary).toMatchObject({
      refreshes: 1,
      requestsOnTheWire: requests,
      responses: 0,
      errors: { 'session-expired': requests },
      sessionsEnded: 1,
      session: 'signed-out, reason session-expired',
    });
  });

  it('ends every request and keeps the session when the refresh has no network', async () => {
    const result = await storm(requests, 'offline');
    expect(broken(result)).toEqual([]);
    expect(result.summary).toMatchObject({
      requestsOnTheWire: requests,
      responses: 0,
      errors: { refresh: requests },
      sessionsEnded: 0,
      session: 'expired, tokens kept',
    });
  });

  it('has the same results if the shop responds with 401', async () => {
    expect(broken(await storm(requests, 'ok', { expiredAs: 'status' }))).toEqual([]);
  });

  it('has a timeline with one complete lane for each request', async () => {
    const { timeline } = await storm(requests, 'ok');
    expect(timeline.requests).toHaveLength(requests);
    for (const { marbles } of timeline.requests) {
      const kinds = marbles.map(({ kind }) => kind).filter((kind) => kind !== 'waiting');
      expect(kinds).toEqual(['sent', 'expired', 'sent-again', 'answer']);
      expect(marbles.at(-1)).toMatchObject({ status: 200 });
    }
  });

  it('has a timeline with the only refresh and its waiting requests', async () => {
    const { timeline } = await storm(requests, 'ok');
    expect(timeline.refreshes).toMatchObject([{ phase: 'succeeded' }]);
    const waiters = timeline.requests.filter(({ marbles }) => marbles.some(({ refreshId }) => refreshId === 1));
    expect(waiters).toHaveLength(timeline.refreshes[0]?.waiting ?? 0);
    expect(waiters).not.toEqual([]);
  });

  it('has a result without any token', async () => {
    expect(JSON.stringify(await storm(requests, 'ok'))).not.toMatch(/\b[ar]t_|bearer/i);
  });
});

describe('expectations', () => {
  const summary: StormSummary = {
    refreshes: 1,
    requestsOnTheWire: 4,
    expiredResponses: 2,
    reuseDetected: 0,
    responses: 2,
    errors: {},
    sessionsEnded: 0,
    session: 'active, tokens kept',
  };
  const timeline = { refreshes: [], durationMs: 0 };
  const failedNames = (refresh: RenewalMode, actual: Partial<StormSummary>) =>
    expectations({ requests: 2, refresh }, { ...summary, ...actual }, timeline)
      .filter(({ holds }) => !holds)
      .map(({ what }) => what);

  it('hold for a successful storm', () => {
    expect(failedNames('ok', {})).toEqual([]);
  });

  it.each([
    ['refreshes', { refreshes: 2 }],
    ['requests on the wire', { requestsOnTheWire: 5 }],
    ['responses with code 1002', { expiredResponses: 3 }],
    ['refresh tokens used twice', { reuseDetected: 1 }],
    ['responses', { responses: 1 }],
    ['errors', { errors: { network: 1 } }],
    ['sessions ended', { sessionsEnded: 1 }],
    ['session', { session: 'signed-out, reason session-expired' }],
  ])('name the failed value: %s', (what, actual) => {
    expect(failedNames('ok', actual)).toEqual([what]);
  });

  it('depend on the refresh mode', () => {
    expect(failedNames('refused', {})).toEqual([
      'responses',
      'errors',
      'requests on the wire',
      'session',
      'sessions ended',
    ]);
  });

  it('allow another refresh after a failed one only after its cool-down', () => {
    const holds = (refreshes: number, durationMs: number) =>
      expectations(
        { requests: 2, refresh: 'offline' },
        { ...summary, refreshes },
        { durationMs, refreshes: [{ id: 1, phase: 'failed', startedMs: 0, endedMs: 10, waiting: 1 }] },
      ).find(({ what }) => what === 'refreshes')?.holds;
    expect([holds(1, 1009), holds(2, 1009)]).toEqual([true, false]);
    expect([holds(2, 1010), holds(3, 1010)]).toEqual([true, false]);
    expect([holds(3, 3010), holds(4, 3010)]).toEqual([true, false]);
  });
});
