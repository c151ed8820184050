import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../../examples/angular/host';
import { startChromium } from '../support/chromium';

const example = fileURLToPath(new URL('../../examples/angular/', import.meta.url));
const run = promisify(execFile);

/** How long it takes to install and to build an app, on a machine that does other things too. */
const BUILD_MS = 600_000;

/** What a page has complained of. */
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

/** The tokens that the page has stored. */
const storedBy = (page: Page): Promise<{ accessToken: string; refreshToken: string }> =>
  page.evaluate(() => JSON.parse(localStorage.getItem('renewal') ?? 'null'));

describe('the example, built by Angular for production, in Chromium', () => {
  let browser: Browser;
  let host: Host;
  let page: Page;
  let complaints: Complaints;

  beforeAll(async () => {
    // As a user installs it: from what was built last, and not from what an earlier run has left.
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
    page = await browser.newPage({ baseURL: host.url });
    complaints = listen(page);
  });
  afterEach(async () => {
    await page.close();
    await host.close();
  });

  const textOf = (selector: string) => page.locator(selector).textContent();

  const signIn = async (): Promise<void> => {
    await page.goto('/orders');
    await page.waitForURL('**/login?from=%2Forders');
    await page.click('#sign-in');
    await page.waitForURL('**/orders');
    await page.locator('#orders li').first().waitFor();
  };

  it('signs in: the guard asks for it, the orders come afterwards', async () => {
    await signIn();
    expect(await page.locator('#orders li').count()).toBe(6);
    expect(await textOf('#status')).toBe('active');
    expect(complaints.texts).toEqual([]);
  });

  it('serves a storm of requests after the token has died by one refresh', async () => {
    await signIn();
    const before = await storedBy(page);
    host.shop.expireAccessTokens();
    const { expiredAnswers } = host.shop.counters();
    await page.click('#storm');
    await page.getByText('20 answers').waitFor();
    expect(host.shop.counters()).toMatchObject({ refreshes: 1, reuseDetected: 0 });
    expect(host.shop.counters().expiredAnswers).toBeGreaterThan(expiredAnswers);
    // It has a size only once it draws.
    await page.locator('renewal-timeline').waitFor();
    expect((await storedBy(page)).accessToken).not.toBe(before.accessToken);
    expect(await textOf('#status')).toBe('active');
    expect(complaints.texts).toEqual([]);
  });

  it('signs out: nothing is left, and the guard is closed', async () => {
    await signIn();
    await page.click('#sign-out');
    await page.getByText('signed-out').waitFor();
    expect(await storedBy(page)).toBeNull();
    await page.click('text=Home');
    await page.click('text=Orders');
    await page.waitForURL('**/login?from=%2Forders');
    expect(host.shop.counters().refreshes).toBe(0);
    expect(complaints.texts).toEqual([]);
  });

  it('leads to the login page when the refresh is refused', async () => {
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
    await page.locator('#orders li').first().waitFor();
  });

  it('uploads a receipt through an expiry, and shows how far it is', async () => {
    await signIn();
    host.shop.expireAccessTokens();
    await page.locator('.attach').first().click();
    await page.getByText('4194304 bytes').waitFor();
    expect(host.shop.counters()).toMatchObject({ refreshes: 1, hits: { '/orders/:id/receipt': 2 } });
    expect(await page.evaluate(() => document.querySelector('progress')?.value)).toBe(1);
    expect(complaints.texts).toEqual([]);
  });

  it('is rendered on the server without a token, and hydrated without a complaint', async () => {
    await signIn();
    const { accessToken, refreshToken } = await storedBy(page);
    // All that a browser may send of its own accord.
    const answer = await page.goto('/');
    const html = (await answer?.text()) ?? '';
    expect(html).toContain('A shop whose tokens die</h1>');
    expect(html).toContain('ng-server-context="ssr"');
    for (const secret of [accessToken, refreshToken, 'Bearer']) expect(html).not.toContain(secret);
    await page.getByText('active').waitFor();
    // It stands once the app is stable, and so tells that `keepFresh$()` has not kept it from that.
    await page.locator('renewal-timeline').waitFor({ state: 'attached' });
    await page.waitForFunction(() => !document.querySelector('[ngh]') && !document.querySelector('[jsaction]'));
    expect(complaints.texts).toEqual([]);
  });
});
