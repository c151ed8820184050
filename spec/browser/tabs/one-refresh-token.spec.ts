import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { TestBrowser } from '../../support/browsers/browser';
import { roundsOf, timeoutOf } from '../../support/rounds';
import { SIGNALS } from '../../support/server';
import { bundleTab, isRenewal, openDoor, openTabs } from '../../support/shop-tabs';

const HUNG = roundsOf(3, 50);

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

describe.concurrent.each(SIGNALS)('four tabs whose refresh token is refused, by %s', (signal) => {
  it('send it once, and are all signed out', async ({ onTestFinished }) => {
    const tabs = await openTabs(browser, await openDoor(page, signal));
    onTestFinished(tabs.close);
    const { door } = tabs;
    const all = await tabs.openExpired(4);
    door.shop.setRenewalMode('refused');
    const outcomes = (await Promise.all(all.map((each) => each.evaluate(() => tab.get(5))))).flat();
    expect(outcomes).toEqual(Array(20).fill(expect.stringMatching(/^(session-expired|signed-out)$/)));
    expect(outcomes).toContain('session-expired');
    expect(door.calls.filter(isRenewal)).toHaveLength(1);
    expect(await Promise.all(all.map((each) => each.evaluate(() => tab.state.status)))).toEqual(
      Array(4).fill('signed-out'),
    );
    expect(await Promise.all(all.map((each) => each.evaluate(() => localStorage.length)))).toEqual(Array(4).fill(0));
  });
});

describe('two tabs of which the first refreshes without a response', () => {
  it(
    `keep the session when the second refreshes after its deadline, in ${HUNG} rounds`,
    async () => {
      const door = await openDoor(page, 'HTTP 401', undefined, { renewalMs: 50 });
      const tabs = await openTabs(browser, door);
      const query = 'refreshTimeoutMs=500&lockTimeoutMs=5000';
      const [first, second] = [await tabs.open(query), await tabs.open(query)];
      door.loses = (call) => call.tab === 1 && isRenewal(call);
      const lost: number[] = [];

      for (let round = 0; round < HUNG; round++) {
        await first.evaluate(() => tab.signIn());
        await second.evaluate(() => tab.until('active'));
        door.shop.expireAccessTokens();
        const gate = door.hold('in', ({ tab, ...call }) => tab === 1 && isRenewal({ tab, ...call }));
        const outcomes = [first.evaluate(() => tab.get(1))];
        await gate.arrived(1);
        outcomes.push(second.evaluate(() => tab.get(1)));
        for (const [outcome] of await Promise.all(outcomes)) expect(['ok', 'refresh']).toContain(outcome);
        gate.open();
        // The shop accepts the tokens in the storage.
        const { code } = await second.evaluate(async () => {
          const { refreshToken } = JSON.parse(`${localStorage.getItem('renewal')}`) ?? {};
          const body = JSON.stringify({ authorization: 'shop-example-app', refreshToken });
          return (await fetch('/app/renewal', { method: 'POST', body })).json();
        });
        if (code !== 0) lost.push(round);
      }
      expect(lost).toEqual([]);
      expect(door.shop.counters().reuseDetected).toBe(0);
      await tabs.close();
    },
    timeoutOf(HUNG),
  );
});
