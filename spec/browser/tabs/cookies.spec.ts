import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { BrowserTab, TestBrowser } from '../../support/browsers/browser';
import { roundsOf, timeoutOf } from '../../support/rounds';
import { bundleTab, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

const ROUNDS = roundsOf(2, 20);

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

const open = async ({ onTestFinished }: TestContext): Promise<Tabs> => {
  const tabs = await openTabs(browser, await openDoor(page, 'HTTP 401', undefined, { keepsAccessTokens: true }));
  onTestFinished(tabs.close);
  return tabs;
};

/** Opens tabs that send two requests at load. */
const openMany = (tabs: Tabs, count: number): Promise<BrowserTab[]> =>
  Promise.all(Array.from({ length: count }, () => tabs.open('cookie&requests=2')));

const come = (all: readonly BrowserTab[], user: string): Promise<unknown> =>
  vi.waitUntil(
    async () => (await Promise.all(all.map((each) => each.evaluate(() => tab.me())))).every((each) => each === user),
    { timeout: 5_000 },
  );

describe('tabs that share one rotating cookie as their refresh token', () => {
  it(
    `are signed in if six open at once, in ${ROUNDS} rounds`,
    async (context) => {
      const tabs = await open(context);
      const first = await tabs.open('cookie');
      await first.evaluate(() => tab.signIn());
      for (let round = 0; round < ROUNDS; round++) {
        const six = await openMany(tabs, 6);
        const outcomes = await Promise.all(six.map((each) => each.evaluate(() => tab.initialOutcomes)));
        expect(outcomes.flat()).toEqual(Array(12).fill('ok'));
        expect(tabs.door.shop.counters().reuseDetected).toBe(0);
        for (const each of six) await each.close();
      }
    },
    timeoutOf(ROUNDS),
  );

  it(
    `stay signed in if the token of six expires at once, in ${ROUNDS} rounds`,
    async (context) => {
      const tabs = await open(context);
      const first = await tabs.open('cookie');
      await first.evaluate(() => tab.signIn());
      const six = [first, ...(await openMany(tabs, 5))];
      for (let round = 0; round < ROUNDS; round++) {
        tabs.door.shop.expireAccessTokens();
        const outcomes = await Promise.all(six.map((each) => each.evaluate(() => tab.get(5))));
        expect(outcomes.flat()).toEqual(Array(30).fill('ok'));
        expect(tabs.door.shop.counters().reuseDetected).toBe(0);
      }
    },
    timeoutOf(ROUNDS),
  );

  it('follow a sign-in, another user and a sign-out in one of them', async (context) => {
    const tabs = await open(context);
    const [first, ...others] = await openMany(tabs, 3);
    const last = others.at(-1);
    if (!first || !last) throw new Error('too few tabs');
    for (const each of [first, ...others]) expect(await each.evaluate(() => tab.me())).toBe('status');

    const active = Promise.all(others.map((each) => each.evaluate(() => tab.until('active'))));
    await first.evaluate(() => tab.signIn('ada'));
    await active;
    expect(await Promise.all(others.map((each) => each.evaluate(() => tab.me())))).toEqual(['ada', 'ada']);

    await last.evaluate(() => tab.signIn('grace'));
    await come([first, ...others], 'grace');

    const signedOut = Promise.all([first, ...others].map((each) => each.evaluate(() => tab.until('signed-out'))));
    await last.evaluate(() => tab.signOut());
    await signedOut;
    for (const each of [first, ...others]) expect(await each.evaluate(() => tab.me())).toBe('status');
    expect(tabs.door.shop.counters().reuseDetected).toBe(0);
  });
});
