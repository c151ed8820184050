import { setTimeout as delay } from 'node:timers/promises';
import type { TokenGrant } from 'renewal';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { BrowserTab, TestBrowser } from '../../support/browsers/browser';
import { roundsOf, timeoutOf } from '../../support/rounds';
import { bundleTab, isOrder, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

/** The longest time of the sign-in before the response of the refresh, and after it. */
const BEFORE_MS = 15;
const AFTER_MS = 10;
/** The lead time of the messages to both tabs. */
const LEAD_MS = 60;

const ROUNDS = roundsOf(8, 200);

const LAYOUTS = [
  ['code 1002', 'one entry'],
  ['HTTP 401', 'keys'],
] as const;

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

type Pair = Partial<Pick<TokenGrant, 'accessToken' | 'refreshToken'>>;

/** The tokens of a tab, and those in its storage. */
const tokensIn = (of: BrowserTab): Promise<Pair[]> =>
  of.evaluate(() => {
    const read = (name: string) => localStorage.getItem(name) ?? undefined;
    const stored = JSON.parse(read('renewal') ?? 'null') ?? {
      accessToken: read('token'),
      refreshToken: read('refreshToken'),
    };
    return [Object(tab.state).tokens ?? {}, stored].map(({ accessToken, refreshToken }) => ({
      accessToken,
      refreshToken,
    }));
  });

/** Whether all tabs finally hold these tokens, and find them in the storage. */
const comeTo = ({ accessToken, refreshToken }: Pair, tabs: readonly BrowserTab[]): Promise<boolean> =>
  vi
    .waitUntil(
      async () =>
        (await Promise.all(tabs.map(tokensIn)))
          .flat()
          .every((each) => each.accessToken === accessToken && each.refreshToken === refreshToken),
      { timeout: 3_000 },
    )
    .catch(() => false);

describe('a sign-in that crosses the refresh of another tab', () => {
  it.each(LAYOUTS)(
    `counts, by %s, in ${ROUNDS} rounds over ${BEFORE_MS + AFTER_MS} ms (%s)`,
    async (signal, layout) => {
      const tabs = await openTabs(browser, await openDoor(page, signal));
      const { door } = tabs;
      const [first, second] = [await tabs.open(layout), await tabs.open(layout)];
      const both = [first, second];
      // A session listens to the storage from its first use.
      await Promise.all(both.map((each) => each.evaluate(() => tab.until('signed-out'))));
      const wrong: string[] = [];

      for (let round = 0; round < ROUNDS; round++) {
        await first.evaluate(() => tab.signIn('ada'));
        const [ofAda] = await tokensIn(first);
        expect(await comeTo(ofAda ?? {}, both)).toBe(true);
        door.shop.expireAccessTokens();
        const gate = door.hold('out', isRenewal);
        const callsBefore = door.calls.length;
        const outcome = first.evaluate(() => tab.get(1));
        await gate.arrived(1);

        const offsetMs = (round / ROUNDS) * (BEFORE_MS + AFTER_MS) - AFTER_MS;
        const atMs = Date.now() + LEAD_MS;
        const signedIn = second.evaluate((whenMs) => tab.signInAt(whenMs, 'grace'), atMs);
        await delay(atMs + offsetMs - Date.now());
        gate.open();

        const ofGrace = await signedIn;
        const [result = ''] = await outcome;
        // It gets a response as Ada if the refresh has ended by then.
        if (!['ok', 'signed-out'].includes(result)) wrong.push(`round ${round}: ${result}`);
        const isKept = await comeTo(ofGrace, both);
        const users = await Promise.all(both.map((each) => each.evaluate(() => tab.me())));
        if (!isKept || !(await comeTo(ofGrace, both))) wrong.push(`round ${round}: other tokens, of ${users}`);
        expect(users).toEqual(isKept ? ['grace', 'grace'] : expect.anything());
        const orders = door.calls.slice(callsBefore).filter(isOrder);
        expect(orders.map(({ token }) => token)).not.toContain(ofGrace.accessToken);
      }
      expect(wrong).toEqual([]);
      await tabs.close();
    },
    timeoutOf(ROUNDS),
  );
});
