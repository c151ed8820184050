import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { BrowserTab, TestBrowser } from '../../support/browsers/browser';
import { SIGNALS } from '../../support/server';
import { bundleTab, isOrder, isRenewal, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

let browser: TestBrowser;
let page: string;
let tabs: Tabs;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());
afterEach(() => tabs.close());

const sessionIdOf = (of: BrowserTab): Promise<string> => of.evaluate(() => Object(tab.state).tokens?.sessionId);

describe.each(SIGNALS)('tabs that wait for a refresh, by %s', (signal) => {
  beforeEach(async () => {
    tabs = await openTabs(browser, await openDoor(page, signal));
  });

  /** Three tabs: the second refreshes, and the shop delays its response. The third waits for it. The first is idle. */
  const openWaiting = async () => {
    const [first, ...others] = await tabs.openExpired(3);
    const gate = tabs.door.hold('out', isRenewal);
    const orders = tabs.door.hold('in', isOrder);
    orders.open();
    const [second, third] = others;
    if (!second || !third) throw new Error('too few tabs');
    const waiters = [second.evaluate(() => tab.get(5))];
    await gate.arrived(1);
    waiters.push(third.evaluate(() => tab.get(5)));
    await third.evaluate(() => tab.until('refreshing'));
    await orders.arrived(10);
    return { first, others, gate, waiters };
  };

  it('sign out within 500 ms of another tab: requests fail, the refresh is dropped', async () => {
    const { first, others, gate, waiters } = await openWaiting();
    const signedOut = Promise.all(others.map((each) => each.evaluate(() => tab.until('signed-out'))));
    const atMs = await first.evaluate(async () => {
      const before = Date.now();
      await tab.signOut();
      return before;
    });
    for (const eachAtMs of await signedOut) expect(eachAtMs - atMs).toBeLessThan(500);
    expect((await Promise.all(waiters)).flat()).toEqual(Array(10).fill('signed-out'));

    gate.open();
    await Promise.all(others.map((each) => each.evaluate(() => tab.get(1))));
    expect(
      tabs.door.calls
        .filter(isOrder)
        .slice(-2)
        .map(({ token }) => token),
    ).toEqual(['', '']);
    for (const each of [first, ...others]) {
      expect(await each.evaluate(() => tab.state)).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      expect(await each.evaluate(() => localStorage.length)).toBe(0);
      expect(await each.evaluate(() => tab.expired)).toBe(0);
    }
  });

  it('adopt a session that starts in one of them, and no request crosses', async () => {
    const { first, others, gate, waiters } = await openWaiting();
    const before = tabs.door.calls.length;
    await first.evaluate(() => tab.signIn());
    expect((await Promise.all(waiters)).flat()).toEqual(Array(10).fill('signed-out'));
    gate.open();
    await Promise.all(others.map((each) => each.evaluate(() => tab.until('active'))));
    const ids = await Promise.all([first, ...others].map(sessionIdOf));
    expect(new Set(ids).size).toBe(1);
    // Only the sign-in was sent.
    expect(tabs.door.calls.slice(before).filter(isOrder)).toEqual([]);
    expect((await Promise.all(others.map((each) => each.evaluate(() => tab.get(3))))).flat()).toEqual(
      Array(6).fill('ok'),
    );
    const stored = await first.evaluate(() => JSON.parse(`${localStorage.getItem('renewal')}`).accessToken);
    expect(
      new Set(
        tabs.door.calls
          .slice(before)
          .filter(isOrder)
          .map(({ token }) => token),
      ),
    ).toEqual(new Set([stored]));
  });
});
