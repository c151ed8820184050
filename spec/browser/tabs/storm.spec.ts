import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { TestBrowser } from '../../support/browsers/browser';
import { bundleTab, isOrder, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

/** Number of rounds, and the format of the stored tokens. */
const STORMS = [
  ['code 1002', 20, 'one entry'],
  ['HTTP 401', 5, 'keys'],
] as const;

describe('six tabs with an expired token', () => {
  it.each(STORMS)(
    'refresh once by %s, in each of %d rounds, and send no token twice (%s)',
    async (signal, rounds, layout) => {
      const tabs = await openTabs(browser, await openDoor(page, signal));
      const { shop, calls } = tabs.door;
      const first = await tabs.open(layout);
      await first.evaluate(() => tab.signIn());
      const others = await Promise.all(Array.from({ length: 5 }, () => tabs.open(layout)));

      for (let round = 1; round <= rounds; round++) {
        shop.expireAccessTokens();
        const outcomes = await Promise.all([first, ...others].map((each) => each.evaluate(() => tab.get(20))));
        expect(outcomes.flat()).toEqual(Array(120).fill('ok'));
        expect(shop.counters()).toMatchObject({ refreshes: round, reuseDetected: 0 });
      }
      expect(calls.filter(isRenewal)).toHaveLength(rounds);
      expect(calls.filter(isOrder).length).toBeLessThanOrEqual(2 * 120 * rounds);
      await tabs.close();
    },
    120_000,
  );
});
