import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { BrowserTab, TestBrowser } from '../../support/browsers/browser';
import { SIGNALS } from '../../support/server';
import { bundleTab, isRenewal, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

/** The evaluations of a closed tab never settle, or they fail. */
const left = (evaluation: Promise<unknown>): void => {
  evaluation.catch(() => {});
};

describe.concurrent.each(SIGNALS)('a tab that is closed while the others need its refresh, by %s', (signal) => {
  const openThree = async ({ onTestFinished }: TestContext): Promise<[Tabs, BrowserTab, BrowserTab[]]> => {
    const tabs = await openTabs(browser, await openDoor(page, signal));
    onTestFinished(tabs.close);
    const [first, ...others] = await tabs.openExpired(3);
    return [tabs, first, others];
  };

  it('delays no other tab if it has not sent its refresh', async (context) => {
    const [{ door }, first, others] = await openThree(context);
    await first.evaluate(() => tab.holdRefresh());
    left(first.evaluate(() => tab.get(1)));
    await first.evaluate(() => tab.refreshHeld());
    await first.close();
    const outcomes = await Promise.all(others.map((each) => each.evaluate(() => tab.get(5))));
    expect(outcomes.flat()).toEqual(Array(10).fill('ok'));
    expect(door.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
  });

  it('delays no other tab if its refresh is lost', async (context) => {
    const [{ door }, first, others] = await openThree(context);
    const gate = door.hold('in', isRenewal);
    left(first.evaluate(() => tab.get(1)));
    await gate.arrived(1);
    door.loses = (call) => call.tab === 1 && isRenewal(call);
    const outcomes = Promise.all(others.map((each) => each.evaluate(() => tab.get(5))));
    await first.close();
    gate.open();
    expect((await outcomes).flat()).toEqual(Array(10).fill('ok'));
    expect(door.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
  });
});
