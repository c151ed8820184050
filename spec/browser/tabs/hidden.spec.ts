import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { TestBrowser } from '../../support/browsers/browser';
import { bundleTab, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

/** The life of a token; it is refreshed after half of it. */
const LIFE_MS = 2_500;

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

describe.concurrent('tabs that keep their tokens fresh', () => {
  const openKept = async (count: number, { onTestFinished }: TestContext) => {
    const tabs = await openTabs(browser, await openDoor(page, 'HTTP 401'));
    onTestFinished(tabs.close);
    const all = await Promise.all(Array.from({ length: count }, () => tabs.open(`lifeMs=${LIFE_MS}`)));
    // In front of all other tabs, so that these are hidden.
    await tabs.open('keys');
    const [first] = all;
    if (!first) throw new Error('no tab');
    await first.evaluate(() => tab.signIn());
    await Promise.all(all.map((each) => each.evaluate(() => tab.until('active'))));
    const expiresAtMs = await first.evaluate(() => Object(tab.state).tokens.expiresAtMs as number);
    return { tabs, first, all, expiresAtMs, refreshes: () => tabs.door.calls.filter(isRenewal).length };
  };

  it('do nothing while they are hidden, and refresh once when one is shown', async (context) => {
    const { tabs, first, all, expiresAtMs, refreshes } = await openKept(2, context);
    await Promise.all(all.map((each) => each.evaluate(() => tab.keepFresh())));
    await vi.waitUntil(() => Date.now() > expiresAtMs, { timeout: 5_000 });
    expect(await first.evaluate(() => document.visibilityState)).toBe('hidden');
    expect(refreshes()).toBe(0);
    const gate = tabs.door.hold('in', isRenewal);
    gate.open();
    await first.show();
    await gate.arrived(1);
    await first.evaluate(() => tab.until('active'));
    expect(await first.evaluate(() => tab.get(1))).toEqual(['ok']);
  });

  it('refresh while they are hidden, by option', async (context) => {
    const { tabs, all, refreshes } = await openKept(1, context);
    const gate = tabs.door.hold('in', isRenewal);
    gate.open();
    await Promise.all(all.map((each) => each.evaluate(() => tab.keepFresh(true))));
    await gate.arrived(1);
    expect(refreshes()).toBe(1);
  });
});
