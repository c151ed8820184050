import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { StoppableTab, TestBrowser } from '../../support/browsers/browser';
import { startChromiumTabs } from '../../support/browsers/chromium';
import { SIGNALS } from '../../support/server';
import { bundleTab, isRenewal, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

const LOCK_TIMEOUT_MS = 700;
/** Time for the other tabs besides the wait for the lock, on a busy machine. */
const REFRESH_MS = 5_000;

let browser: TestBrowser<StoppableTab>;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startChromiumTabs(), bundleTab()]);
});
afterAll(() => browser?.close());

const get = (pages: readonly StoppableTab[], count = 5): Promise<string[][]> =>
  Promise.all(pages.map((each) => each.evaluate((requests) => tab.get(requests), count)));

/** The evaluations of a closed tab never settle, or they fail. */
const left = (evaluation: Promise<unknown>): void => {
  evaluation.catch(() => {});
};

describe.concurrent.each(SIGNALS)('a tab that stops while the others need its refresh, by %s', (signal) => {
  const openThree = async ({
    onTestFinished,
  }: TestContext): Promise<[Tabs<StoppableTab>, StoppableTab, StoppableTab[]]> => {
    const tabs = await openTabs(browser, await openDoor(page, signal));
    onTestFinished(tabs.close);
    const [first, ...others] = await tabs.openExpired(3, `lockTimeoutMs=${LOCK_TIMEOUT_MS}`);
    return [tabs, first, others];
  };

  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const startedAtMs = performance.now();
    const result = await work();
    return [result, performance.now() - startedAtMs];
  };

  const countersOf = ({ door }: Tabs) => door.shop.counters();
  const statusOf = (of: StoppableTab): Promise<string> => of.evaluate(() => tab.state.status);

  it('is overtaken if frozen before its refresh, and adopts the others’ tokens', async (context) => {
    const [tabs, first, others] = await openThree(context);
    await first.evaluate(() => tab.holdRefresh());
    const late = first.evaluate(() => tab.get(1));
    await first.evaluate(() => tab.refreshHeld());
    await first.freeze();
    const [outcomes, tookMs] = await timed(() => get(others));
    expect(outcomes.flat()).toEqual(Array(10).fill('ok'));
    expect(tookMs).toBeLessThan(LOCK_TIMEOUT_MS + REFRESH_MS);
    await first.thaw();
    expect(await late).toEqual(['ok']);
    await first.evaluate(() => tab.releaseRefresh());
    expect(await get([first, ...others], 1)).toEqual([['ok'], ['ok'], ['ok']]);
    expect(countersOf(tabs)).toMatchObject({ refreshes: 1, reuseDetected: 0 });
  });

  it.for(['before', 'after'])(
    'is overtaken if frozen with a lost refresh, %s the others have theirs',
    async (when, context) => {
      const [tabs, first, others] = await openThree(context);
      const gate = tabs.door.hold('in', isRenewal);
      const late = first.evaluate(() => tab.get(1));
      await gate.arrived(1);
      await first.freeze();
      const outcomes = timed(() => get(others));
      await gate.arrived(2);
      tabs.door.loses = (call) => call.tab === 1 && isRenewal(call);
      gate.open(({ tab }) => (tab === 1) === (when === 'before'));
      if (when === 'before') gate.open();
      const [[...all], tookMs] = await outcomes;
      gate.open();
      expect(all.flat()).toEqual(Array(10).fill('ok'));
      expect(tookMs).toBeLessThan(LOCK_TIMEOUT_MS + REFRESH_MS);
      await first.thaw();
      expect(await late).toEqual(['ok']);
      expect(await get([first, ...others], 1)).toEqual([['ok'], ['ok'], ['ok']]);
      expect(countersOf(tabs)).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    },
  );

  it('ends the session for all if it is frozen with an unread response', async (context) => {
    const [tabs, first, others] = await openThree(context);
    const gate = tabs.door.hold('out', isRenewal);
    const late = first.evaluate(() => tab.get(1));
    await gate.arrived(1);
    await first.freeze();
    const outcomes = timed(() => get(others));
    await gate.arrived(2);
    gate.open();
    const [[...all], tookMs] = await outcomes;
    // The refused tab clears the storage, and so notifies the others.
    expect(all.flat()).toEqual(Array(10).fill(expect.stringMatching(/^(session-expired|signed-out)$/)));
    expect(all.flat()).toContain('session-expired');
    expect(tookMs).toBeLessThan(LOCK_TIMEOUT_MS + REFRESH_MS);
    expect(countersOf(tabs)).toMatchObject({ reuseDetected: 1 });
    await first.thaw();
    expect(await late).toEqual([expect.stringMatching(/signed-out|session-expired/)]);
    expect(await statusOf(first)).toBe('signed-out');
    expect(await first.evaluate(() => localStorage.length)).toBe(0);
  });

  it('ends the session for all if it is killed between response and write', async (context) => {
    const [tabs, first, others] = await openThree(context);
    const gate = tabs.door.hold('out', isRenewal);
    left(first.evaluate(() => tab.get(1)));
    await gate.arrived(1);
    await first.crash();
    gate.open();
    const [outcomes, tookMs] = await timed(() => get(others));
    expect(outcomes.flat()).toEqual(Array(10).fill(expect.stringMatching(/^(session-expired|signed-out)$/)));
    expect(outcomes.flat()).toContain('session-expired');
    expect(tookMs).toBeLessThan(LOCK_TIMEOUT_MS + REFRESH_MS);
    expect(countersOf(tabs)).toMatchObject({ reuseDetected: 1 });
  });
});
