import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from '../../support/chromium';
import { SIGNALS } from '../../support/server';
import { bundleTab, isOrder, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

const ROUNDS = 20;

let browser: Browser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startChromium(), bundleTab()]);
});
afterAll(() => browser?.close());

describe.each(SIGNALS)('six tabs whose token is dead for all, by %s', (signal) => {
  it.each(['', 'keys'])(
    'refresh once, in each of 20 rounds, and no token comes twice (%s)',
    async (layout) => {
      const tabs = await openTabs(browser, await openDoor(page, signal));
      const { shop, calls } = tabs.door;
      const first = await tabs.open(layout);
      await first.evaluate(() => tab.signIn());
      const others = await Promise.all(Array.from({ length: 5 }, () => tabs.open(layout)));

      for (let round = 1; round <= ROUNDS; round++) {
        shop.expireAccessTokens();
        const outcomes = await Promise.all([first, ...others].map((each) => each.evaluate(() => tab.get(20))));
        expect(outcomes.flat()).toEqual(Array(120).fill('ok'));
        expect(shop.counters()).toMatchObject({ refreshes: round, reuseDetected: 0 });
      }
      expect(calls.filter(isRenewal)).toHaveLength(ROUNDS);
      expect(calls.filter(isOrder).length).toBeLessThanOrEqual(2 * 120 * ROUNDS);
      await tabs.close();
    },
    60_000,
  );
});
