import type { SessionState } from 'renewal';
import { recordTimeline, type Timeline } from 'renewal/devtools';
import { createShopClient, type ShopClient } from './client';
import { type Expectation, expectations, type StormFlags, type StormSummary } from './expectations';
import { type Outcome, requestOrders, tally } from './outcomes';
import { DEMO_USER } from './protocol';
import type { ShopCounters } from './routes';
import { createShop, type ShopOptions } from './server';

export interface StormOptions extends StormFlags {
  /** Options of the shop. */
  readonly shop?: ShopOptions;
  /** A request that takes longer counts as never settled. @defaultValue 60_000 */
  readonly timeoutMs?: number;
}

export interface StormResult {
  readonly flags: StormFlags;
  readonly timeline: Timeline;
  readonly summary: StormSummary;
  readonly expectations: readonly Expectation[];
  /** Whether every expectation held. */
  readonly ok: boolean;
}

/** Signs in, expires the access token, sends all requests at once, and resolves with their results. */
export async function runStorm({
  requests,
  refresh,
  timeoutMs = 60_000,
  ...options
}: StormOptions): Promise<StormResult> {
  const shop = createShop(options.shop);
  let sessionsEnded = 0;
  try {
    const client = createShopClient(await shop.listen(), () => sessionsEnded++);
    await client.signIn(DEMO_USER);
    shop.expireAccessTokens();
    shop.setRenewalMode(refresh);
    const { timeline, outcomes } = await sendAll(client, requests, timeoutMs);
    const summary = { ...summarise(shop.counters(), outcomes, client.session.state), sessionsEnded };
    client.session.destroy();
    const held = expectations({ requests, refresh }, summary, timeline);
    return {
      flags: { requests, refresh },
      timeline,
      summary,
      expectations: held,
      ok: held.every(({ holds }) => holds),
    };
  } finally {
    await shop.close();
  }
}

async function sendAll({ api }: ShopClient, requests: number, timeoutMs: number) {
  const recorder = recordTimeline(api, { maxLanes: requests });
  const outcomes = await requestOrders(api, requests, timeoutMs);
  recorder.stop();
  return { timeline: recorder.timeline, outcomes };
}

function summarise({ hits, ...counters }: ShopCounters, outcomes: readonly Outcome[], state: SessionState) {
  return {
    ...counters,
    requestsOnTheWire: hits['/orders/:id'] ?? 0,
    ...tally(outcomes),
    session: describeSession(state),
  };
}

function describeSession(state: SessionState): string {
  if (state.status === 'signed-out') return `signed-out, reason ${state.reason}`;
  return state.status === 'loading' ? 'loading' : `${state.status}, tokens kept`;
}
