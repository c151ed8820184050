import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TokenPair } from '../../../examples/shop/protocol';
import { startBrowser } from '../../support/browsers';
import type { BrowserTab, TestBrowser } from '../../support/browsers/browser';
import { SIGNALS } from '../../support/server';
import { bundleTab, isOrder, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

/** The ways in which an old version of the app, with two storage entries, signs another user in. */
const WAYS: Readonly<Record<string, (pair: TokenPair) => void>> = {
  'removes both entries and writes them': ({ token, refreshToken }) => {
    for (const name of ['token', 'refreshToken']) localStorage.removeItem(name);
    localStorage.setItem('token', token);
    localStorage.setItem('refreshToken', refreshToken);
  },
  'overwrites both entries': ({ token, refreshToken }) => {
    localStorage.setItem('token', token);
    localStorage.setItem('refreshToken', refreshToken);
  },
  'overwrites both entries, the refresh token first': ({ token, refreshToken }) => {
    localStorage.setItem('refreshToken', refreshToken);
    localStorage.setItem('token', token);
  },
};

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

const held = (by: BrowserTab) =>
  by.evaluate(() => {
    const { accessToken, refreshToken, expiresAtMs } = Object(tab.state).tokens ?? {};
    return { accessToken, refreshToken, hasExpiry: expiresAtMs !== undefined };
  });
const entries = (by: BrowserTab) =>
  by.evaluate(() => [localStorage.getItem('token'), localStorage.getItem('refreshToken')]);

describe.concurrent.each(SIGNALS)('an old page in another tab that signs another user in, by %s', (signal) => {
  it.for(Object.entries(WAYS))(
    '%s: that user stays, and no waiting request gets their data',
    async ([, signIn], { onTestFinished }) => {
      const tabs = await openTabs(browser, await openDoor(page, signal));
      onTestFinished(tabs.close);
      const { door } = tabs;
      const [waiting, idle] = await tabs.openExpired(2, 'keys&lifeMs=300000');
      if (!idle) throw new Error('too few tabs');
      const both = [waiting, idle];
      // A session listens to the storage from its first use.
      await idle.evaluate(() => tab.until('active'));
      const old = await tabs.open();
      const pair = await old.evaluate(() => tab.login('grace'));
      const ofGrace = { accessToken: pair.token, refreshToken: pair.refreshToken, hasExpiry: false };

      const gate = door.hold('out', isRenewal);
      const outcome = waiting.evaluate(() => tab.get(1));
      await gate.arrived(1);
      await old.evaluate(signIn, pair);
      expect(await outcome).toEqual(['signed-out']);
      gate.open();
      expect(door.calls.filter(isOrder).map(({ token }) => token)).not.toContain(pair.token);

      await vi.waitUntil(async () => (await held(idle)).accessToken === pair.token, { timeout: 5_000 });
      expect(await Promise.all(both.map((each) => each.evaluate(() => tab.me())))).toEqual(['grace', 'grace']);
      // The refresh token is read later if it was written after the access token.
      const isHeld = async () =>
        (await Promise.all(both.map(held))).every((each) => each.refreshToken === pair.refreshToken);
      await vi.waitUntil(isHeld, { timeout: 5_000 });
      expect(await Promise.all(both.map(held))).toEqual([ofGrace, ofGrace]);
      expect(await Promise.all([...both, old].map(entries))).toEqual(Array(3).fill([pair.token, pair.refreshToken]));

      door.shop.expireAccessTokens();
      expect(await Promise.all(both.map((each) => each.evaluate(() => tab.me())))).toEqual(['grace', 'grace']);
      // The refresh of Ada was cancelled, and both tabs share that of Grace.
      expect(door.shop.counters()).toMatchObject({ refreshes: 2, reuseDetected: 0 });
    },
  );
});
