import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import type { StoppableTab, TestBrowser } from '../../support/browsers/browser';
import { startChromiumTabs } from '../../support/browsers/chromium';
import { SIGNALS, type Signal } from '../../support/server';
import { bundleTab, isRenewal, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

/** The life of a token; it is refreshed after half of it. */
const LIFE_MS = 2_500;

let browser: TestBrowser<StoppableTab>;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startChromiumTabs(), bundleTab()]);
});
afterAll(() => browser?.close());

const open = async (signal: Signal, { onTestFinished }: TestContext): Promise<Tabs<StoppableTab>> => {
  const tabs = await openTabs(browser, await openDoor(page, signal));
  onTestFinished(tabs.close);
  return tabs;
};

const sessionIdOf = (of: StoppableTab): Promise<string> => of.evaluate(() => Object(tab.state).tokens?.sessionId);

const storedBy = (of: StoppableTab): Promise<string | null> => of.evaluate(() => localStorage.getItem('renewal'));

describe.concurrent('tabs that keep their tokens fresh', () => {
  it('refresh once if five of them wake together', async (context) => {
    const tabs = await open('HTTP 401', context);
    const refreshes = () => tabs.door.calls.filter(isRenewal).length;
    const all = await Promise.all(Array.from({ length: 5 }, () => tabs.open(`lifeMs=${LIFE_MS}`)));
    // In front of all other tabs, so that these are hidden.
    await tabs.open('keys');
    const [first] = all;
    if (!first) throw new Error('no tab');
    await first.evaluate(() => tab.signIn());
    await Promise.all(all.map((each) => each.evaluate(() => tab.until('active'))));
    const expiresAtMs = await first.evaluate(() => Object(tab.state).tokens.expiresAtMs as number);
    await Promise.all(all.map((each) => each.evaluate(() => tab.keepFresh(true))));
    await Promise.all(all.map((each) => each.freeze()));
    const asleep = refreshes();
    await vi.waitUntil(() => Date.now() > expiresAtMs, { timeout: 5_000 });
    const gate = tabs.door.hold('out', isRenewal);
    await Promise.all(all.map((each) => each.thaw()));
    await gate.arrived(1);
    await Promise.all(all.map((each) => each.evaluate(() => tab.until('refreshing'))));
    expect(refreshes()).toBe(asleep + 1);
    const fresh = Promise.all(all.map((each) => each.evaluate(() => tab.until('active'))));
    gate.open();
    await fresh;
    const counters = tabs.door.shop.counters();
    expect(counters.reuseDetected).toBe(0);
    const tokens = await Promise.all(all.map((each) => each.evaluate(() => Object(tab.state).tokens.accessToken)));
    expect(new Set(tokens).size).toBe(1);
  });
});

describe.concurrent.each(SIGNALS)('tabs that wait for a refresh, by %s', (signal) => {
  it('compare sessions when they wake: a request of an ended session fails', async (context) => {
    const tabs = await open(signal, context);
    const [first, second] = await tabs.openExpired(2);
    if (!second) throw new Error('too few tabs');
    const old = await sessionIdOf(second);
    const gate = tabs.door.hold('out', isRenewal);
    const waiter = second.evaluate(() => tab.get(1));
    await gate.arrived(1);
    await first.show();
    await second.freeze();
    await first.evaluate(() => tab.signOut());
    await first.evaluate(() => tab.signIn());
    // A write of one tab reaches the others some milliseconds later.
    while ((await storedBy(second)) !== (await storedBy(first))) await second.evaluate(() => tab.state);
    gate.open();
    await second.thaw();
    expect(await waiter).toEqual(['signed-out']);
    await second.evaluate(() => tab.until('active'));
    expect(await sessionIdOf(second)).toBe(await sessionIdOf(first));
    expect(await sessionIdOf(second)).not.toBe(old);
    expect(await second.evaluate(() => tab.get(1))).toEqual(['ok']);
  });
});
