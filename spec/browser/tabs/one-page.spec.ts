import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { TestBrowser } from '../../support/browsers/browser';
import { SIGNALS } from '../../support/server';
import { bundleTab, openDoor, openTabs } from '../../support/shop-tabs';

/** The ways in which two sessions of a page share their tokens. */
const SHARED = {
  'two stores of one storage': 'second=storage',
  'two stores of one storage, in plain entries': 'keys&second=storage',
  'one store of a storage': 'second=store',
  'one store in memory': 'memory&second=store',
} as const;

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

describe.concurrent.each(SIGNALS)('two sessions of one page, by %s', (signal) => {
  /** The outcome of a request without a token. */
  const anonymous = signal === 'HTTP 401' ? 'status' : 'business';

  it.for(Object.entries(SHARED))('follow each other at once: %s', async ([, query], { onTestFinished }) => {
    const tabs = await openTabs(browser, await openDoor(page, signal));
    onTestFinished(tabs.close);
    const only = await tabs.open(query);
    const seen = await only.evaluate(async () => {
      await tab.signIn('ada');
      const ofAda = await Promise.all([tab.me(), tab.second.me()]);
      await tab.second.signIn('grace');
      const ofGrace = await Promise.all([tab.me(), tab.second.me()]);
      // In the same tick.
      const signedOut = tab.signOut();
      const ofNone = await Promise.all([tab.second.me(), tab.me()]);
      await signedOut;
      return [ofAda, ofGrace, ofNone, [tab.state.status, tab.second.state.status]];
    });
    expect(seen).toEqual([
      ['ada', 'ada'],
      ['grace', 'grace'],
      [anonymous, anonymous],
      ['signed-out', 'signed-out'],
    ]);
  });

  it('end a waiting request of one when the other signs another user in', async ({ onTestFinished }) => {
    const tabs = await openTabs(browser, await openDoor(page, signal));
    onTestFinished(tabs.close);
    const only = await tabs.open('second=storage');
    await only.evaluate(() => tab.signIn('ada'));
    tabs.door.shop.expireAccessTokens();
    const seen = await only.evaluate(async () => {
      tab.holdRefresh();
      const outcome = tab.get(1);
      await tab.refreshHeld();
      await tab.second.signIn('grace');
      return [...(await outcome), await tab.me(), await tab.second.me()];
    });
    expect(seen).toEqual(['signed-out', 'grace', 'grace']);
    expect(tabs.door.shop.counters().refreshes).toBe(0);
  });
});
