import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../../examples/angular/host';
import { violationsIn } from '../support/axe';
import { startChromium } from '../support/chromium';

const example = fileURLToPath(new URL('../../examples/angular/', import.meta.url));
const run = promisify(execFile);

/** The time to install and build an app, on a busy machine. */
const BUILD_MS = 600_000;

/** The errors and warnings of a page. */
interface Complaints {
  readonly texts: string[];
}

const listen = (page: Page): Complaints => {
  const texts: string[] = [];
  page.on('console', (message: ConsoleMessage) => {
    if (['warning', 'error'].includes(message.type())) texts.push(message.text());
  });
  page.on('pageerror', (error) => texts.push(error.message));
  return { texts };
};

/** The tokens in the storage of the page. */
const storedBy = (page: Page): Promise<{ accessToken: string; refreshToken: string }> =>
  page.evaluate(() => JSON.parse(localStorage.getItem('renewal') ?? 'null'));

describe('the example, built by Angular for production, in Chromium', () => {
  let browser: Browser;
  let host: Host;
  let page: Page;
  let problems: Complaints;

  beforeAll(async () => {
    // As a user installs it: from the last build, without the files of an earlier run.
    for (const path of ['node_modules/renewal', 'node_modules/.package-lock.json']) {
      await rm(`${example}${path}`, { recursive: true, force: true });
    }
    const flags = ['--no-save', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...flags], { cwd: example });
    await run('npm', ['run', 'build'], { cwd: example });
    browser = await startChromium();
  }, BUILD_MS);
  afterAll(() => browser?.close());

  beforeEach(async () => {
    host = await startHost();
    page = await (await browser.newContext({ baseURL: host.url })).newPage();
    problems = listen(page);
  });
  afterEach(async () => {
    await page.context().close();
    await host.close();
  });

  const textOf = (selector: string) => page.locator(selector).textContent();

  const signIn = async (): Promise<void> => {
    await page.goto('/orders');
    await page.waitForURL('**/login?from=%2Forders');
    await page.click('#sign-in');
    await page.waitForURL('**/orders');
    await page.locator('.attach').first().waitFor();
  };

  /** Number of lanes in the timeline. */
  const lanes = () => page.locator('renewal-timeline').evaluate((element) => Object(element).timeline.requests.length);

  it('signs in at the request of the guard, and then shows the orders', async () => {
    await signIn();
    expect(await page.locator('#orders li').count()).toBe(6);
    expect(await textOf('#status')).toBe('Signed in');
    expect(problems.texts).toEqual([]);
  });

  it('shows why the shop refuses a sign-in', async () => {
    await page.goto('/login');
    await page.fill('input[type=password]', 'wrong');
    await page.click('#sign-in');
    await page.getByText('The shop says: ').waitFor();
    expect(await textOf('#error')).not.toMatch(/http|api/);
    expect(host.shop.counters().refreshes).toBe(0);
  });

  it('serves a storm of requests with an expired token by one refresh', async () => {
    await signIn();
    const before = await storedBy(page);
    await page.click('#expire');
    await page.getByText('The token has expired.').waitFor();
    const { expiredResponses } = host.shop.counters();
    await page.click('#storm');
    await page.getByText('20 responses').waitFor();
    expect(host.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    expect(host.shop.counters().expiredResponses).toBeGreaterThan(expiredResponses);
    // The sign-in, the orders of the page, the request that expired the token, and these.
    expect(await lanes()).toBe(23);
    expect((await storedBy(page)).accessToken).not.toBe(before.accessToken);
    expect(await textOf('#status')).toBe('Signed in');
    expect(problems.texts).toEqual([]);
  });

  it('signs out in all tabs, shows the login page, and hides all orders', async () => {
    await signIn();
    const other = await page.context().newPage();
    await other.goto('/orders');
    await other.locator('.attach').first().waitFor();
    await page.click('#sign-out');
    await Promise.all([page.waitForURL('**/login'), other.waitForURL('**/login')]);
    for (const each of [page, other]) expect(await each.locator('#orders').count()).toBe(0);
    expect(await storedBy(page)).toBeNull();
    await page.click('text=Orders');
    await page.waitForURL('**/login?from=%2Forders');
    expect(host.shop.counters().refreshes).toBe(0);
    expect(problems.texts).toEqual([]);
  });

  it('shows the login page when the refresh is refused', async () => {
    await signIn();
    host.shop.expireAccessTokens();
    host.shop.setRenewalMode('refused');
    await page.click('#storm');
    await page.waitForURL('**/login');
    expect(host.shop.counters().refreshes).toBe(1);
    expect(await storedBy(page)).toBeNull();
    host.shop.setRenewalMode('ok');
    await page.click('#sign-in');
    await page.waitForURL('**/orders');
    await page.locator('.attach').first().waitFor();
  });

  it('uploads a receipt with an expired token, and shows the progress', async () => {
    await signIn();
    host.shop.expireAccessTokens();
    await page.evaluate(() => {
      const shown: number[] = Object.assign(globalThis, { shown: [] }).shown;
      new MutationObserver(() => shown.push(document.querySelector('progress')?.value ?? -1)).observe(document.body, {
        attributes: true,
        childList: true,
        subtree: true,
      });
    });
    await page.locator('.attach').first().click();
    await page.getByText('The shop received 4 MB.').waitFor();
    expect(host.shop.counters()).toMatchObject({ refreshes: 1, hits: { '/orders/:id/receipt': 2 } });
    const shown: number[] = await page.evaluate(() => Object(globalThis).shown);
    expect(shown.some((part) => part > 0 && part <= 1)).toBe(true);
    expect(await page.locator('progress').count()).toBe(0);
    expect(problems.texts).toEqual([]);
  });

  it('continues a stream when its token has expired, in an app that is stable', async () => {
    await signIn();
    await page.goto('/packing');
    await page.locator('#packed strong').waitFor();
    await page.waitForFunction(() => performance.getEntriesByName('stable').length === 1);
    const refreshed = page.waitForResponse('**/api/app/renewal');
    await page.click('#expire');
    await refreshed;
    const packed = Number(await textOf('#packed strong'));
    await page.waitForFunction((last) => Number(document.querySelector('#packed strong')?.textContent) > last, packed);
    expect(host.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    await page.click('#sign-out');
    await page.waitForURL('**/login');
    expect(problems.texts).toEqual([]);
  });

  it('is rendered on the server without a token, and hydrated without errors', async () => {
    await signIn();
    const { accessToken, refreshToken } = await storedBy(page);
    // Everything that a browser sends by itself.
    const response = await page.goto('/');
    const html = (await response?.text()) ?? '';
    expect(html).toContain('A shop with expiring tokens</h1>');
    expect(html).toContain('ng-server-context="ssr"');
    for (const secret of [accessToken, refreshToken, 'Bearer']) expect(html).not.toContain(secret);
    await page.getByText('Signed in').waitFor();
    // The app becomes stable in spite of `keepFresh$()`.
    await page.waitForFunction(() => performance.getEntriesByName('stable').length === 1);
    await page.waitForFunction(() => !document.querySelector('[ngh]') && !document.querySelector('[jsaction]'));
    expect(problems.texts).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'has no violation that axe finds, in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.goto('/login');
      await page.fill('input[type=password]', 'wrong');
      await page.click('#sign-in');
      await page.getByText('The shop says: ').waitFor();
      expect(await violationsIn(page)).toEqual([]);
      await signIn();
      await page.click('#storm');
      await page.getByText('20 responses').waitFor();
      expect(await violationsIn(page)).toEqual([]);
      await page.getByRole('navigation').getByText('Packing').click();
      await page.locator('#packed strong').waitFor();
      expect(await violationsIn(page)).toEqual([]);
    },
    60_000,
  );
});
