import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startBrowser } from '../../support/browsers';
import type { TestBrowser } from '../../support/browsers/browser';
import { bundleTab, isRenewal, openDoor, openTabs, type Tabs } from '../../support/shop-tabs';

let browser: TestBrowser;
let page: string;

beforeAll(async () => {
  [browser, page] = await Promise.all([startBrowser(), bundleTab()]);
});
afterAll(() => browser?.close());

/** Fills the storage. */
const fill = (): void => {
  let size = 1 << 23;
  while (size >= 1) {
    try {
      localStorage.setItem(`filled ${size}`, 'x'.repeat(size));
    } catch {
      size >>= 1;
      continue;
    }
    size >>= 1;
  }
};

describe.concurrent('the storage of a real browser', () => {
  const open = async ({ onTestFinished }: TestContext): Promise<Tabs> => {
    const tabs = await openTabs(browser, await openDoor(page, 'code 1002'));
    onTestFinished(tabs.close);
    return tabs;
  };

  it('is full: the session continues in memory, with a warning', async (context) => {
    const { door, open: openTab } = await open(context);
    const first = await openTab();
    await first.evaluate(fill);
    await first.evaluate(() => tab.signIn());
    door.shop.expireAccessTokens();
    expect(await first.evaluate(() => tab.get(5))).toEqual(Array(5).fill('ok'));
    expect(new Set(await first.evaluate(() => tab.warnings))).toEqual(new Set(['write: QuotaExceededError']));
    expect(door.calls.filter(isRenewal)).toHaveLength(1);
  });

  it('is forbidden, with locks, as in a sandbox: the session continues in memory', async (context) => {
    const tabs = await open(context);
    const { door } = tabs;
    const sandboxed = await tabs.open('', '/tab/sandbox');
    await sandboxed.evaluate(() => tab.signIn());
    door.shop.expireAccessTokens();
    expect(await sandboxed.evaluate(() => tab.get(5))).toEqual(Array(5).fill('ok'));
    expect(await sandboxed.evaluate(() => tab.warnings)).toContain('write: SecurityError');
    expect(door.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    await sandboxed.evaluate(() => tab.signOut());
    expect(await sandboxed.evaluate(() => tab.state.status)).toBe('signed-out');
  });

  it('is full when the token grows: no sign-out, and no refresh token is sent twice', async (context) => {
    const tabs = await open(context);
    const { door } = tabs;
    const first = await tabs.open();
    await first.evaluate(() => tab.signIn());
    const second = await tabs.open();
    await second.evaluate(() => tab.until('active'));
    await first.evaluate(fill);
    door.padding = 300;
    for (const each of [first, second, first]) {
      door.shop.expireAccessTokens();
      expect(await each.evaluate(() => tab.get(2))).toEqual(['ok', 'ok']);
    }
    expect(await Promise.all([first, second].map((each) => each.evaluate(() => tab.me())))).toEqual(['ada', 'ada']);
    expect(door.shop.counters().reuseDetected).toBe(0);
  });

  it.for<[string, () => void]>([
    ['all of it', () => localStorage.clear()],
    ['the entry', () => localStorage.removeItem('renewal')],
  ])('is cleared by code of the page, %s: all tabs are signed out', async ([, clear], context) => {
    const tabs = await open(context);
    const [first, second] = await tabs.openExpired(2);
    if (!second) throw new Error('too few tabs');
    // A session listens to the storage from its first use.
    await second.evaluate(() => tab.until('active'));
    const signedOut = second.evaluate(() => tab.until('signed-out'));
    const callsBefore = tabs.door.calls.length;
    await first.evaluate(clear);
    // Without a token, the caller gets an expired response.
    expect(await first.evaluate(() => tab.get(2))).toEqual(['business', 'business']);
    expect(await first.evaluate(() => tab.state.status)).toBe('signed-out');
    await signedOut;
    expect(tabs.door.calls.slice(callsBefore)).toMatchObject(Array(2).fill({ path: '/orders', token: '' }));
  });

  it.for(['clears', 'overwrites'])(
    'is written by a login of the page, which %s it first: no data leaks',
    async (way, context) => {
      const tabs = await open(context);
      const only = await tabs.open('keys');
      await only.evaluate(() => tab.signIn('ada'));
      expect(await only.evaluate(() => tab.me())).toBe('ada');
      const callsBefore = tabs.door.calls.length;
      const seen = await only.evaluate(async (how) => {
        const { token, refreshToken } = await tab.login('grace');
        if (how === 'clears') localStorage.clear();
        localStorage.setItem('token', token);
        localStorage.setItem('refreshToken', refreshToken);
        return [await tab.me(), token];
      }, way);
      expect(seen[0]).toBe('grace');
      expect(tabs.door.calls.slice(callsBefore)).toMatchObject([
        { path: '/app/login' },
        { path: '/me', token: seen[1] },
      ]);
      // No data of the first user is shown after the next refresh, or in a page that is loaded later.
      tabs.door.shop.expireAccessTokens();
      expect(await only.evaluate(() => tab.me())).toBe('grace');
      expect(await (await tabs.open('keys')).evaluate(() => tab.me())).toBe('grace');
    },
  );

  it('is written by a login of the page: a waiting request of the old user ends', async (context) => {
    const tabs = await open(context);
    const [only] = await tabs.openExpired(1, 'keys');
    const seen = await only.evaluate(async () => {
      tab.holdRefresh();
      const waiting = tab.get(1);
      await tab.refreshHeld();
      const { token, refreshToken } = await tab.login('grace');
      localStorage.setItem('token', token);
      localStorage.setItem('refreshToken', refreshToken);
      const user = await tab.me();
      tab.releaseRefresh();
      return [...(await waiting), user, await tab.me()];
    });
    expect(seen).toEqual(['signed-out', 'grace', 'grace']);
  });

  it('is overwritten with invalid tokens: signed-in tabs stay so, a new one is not', async (context) => {
    const tabs = await open(context);
    const { door } = tabs;
    const first = await tabs.open();
    await first.evaluate(() => tab.signIn());
    const second = await tabs.open();
    await second.evaluate(() => tab.get(1));
    const values = ['{', 'null,', '[]', '{"accessToken":7}', 'foreign'];
    for (const [index, value] of values.entries()) {
      await first.evaluate((entry) => localStorage.setItem('renewal', entry), value);
      expect(await (await tabs.open()).evaluate(() => tab.state.status)).toBe('signed-out');
      door.shop.expireAccessTokens();
      expect(await second.evaluate(() => tab.get(2))).toEqual(['ok', 'ok']);
      expect(await first.evaluate(() => tab.get(2))).toEqual(['ok', 'ok']);
      expect(door.shop.counters()).toMatchObject({ refreshes: index + 1, reuseDetected: 0 });
    }
  });

  it('keeps fresh pages in the back/forward cache, and they adopt external changes', async (context) => {
    const tabs = await open(context);
    const { door } = tabs;
    const first = await tabs.open();
    await first.evaluate(() => tab.signIn());
    await first.evaluate(() => {
      tab.keepFresh();
      addEventListener('pageshow', ({ persisted }) => tab.phases.push(persisted ? 'kept' : 'loaded'));
    });
    expect(await first.evaluate(() => tab.get(1))).toEqual(['ok']);
    await first.go(`${door.origin}/tab?keys`);
    const second = await tabs.open();
    door.shop.expireAccessTokens();
    expect(await second.evaluate(() => tab.get(2))).toEqual(['ok', 'ok']);
    await first.go('back');
    expect(await first.evaluate(() => tab.phases)).toEqual(expect.arrayContaining(['signed-in', 'kept', 'adopted']));
    expect(await first.evaluate(() => tab.get(2))).toEqual(['ok', 'ok']);
    expect(door.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
  });
});
