import { type BrowserContext, launch, type Page } from 'puppeteer-core';
import { type BrowserProfile, type BrowserTab, callOf, type TestBrowser } from './browser';

/** Resolves all names to this machine. */
const PREFERENCES = { 'network.dns.forceResolve': '127.0.0.1' };

const BACK_TIMEOUT_MS = 10_000;

/** Goes back without waiting for an event: WebDriver BiDi reports no navigation to a page that comes from the cache. */
const goBack = async (page: Page): Promise<void> => {
  const left = await page.evaluate('location.href');
  await page.evaluate('history.back()');
  const deadlineMs = performance.now() + BACK_TIMEOUT_MS;
  // An evaluation that the navigation interrupts has run in neither page.
  while ((await page.evaluate('location.href').catch(() => left)) === left) {
    if (performance.now() > deadlineMs) throw new Error(`no other page within ${BACK_TIMEOUT_MS} ms`);
  }
};

const tabOf = (page: Page): BrowserTab => ({
  evaluate: async <R, A>(run: (given: A) => R | Promise<R>, given?: A): Promise<R> => {
    const text = await page.evaluate(`Promise.resolve(${callOf(run, given)}).then((value) => JSON.stringify(value))`);
    return (text === undefined ? undefined : JSON.parse(`${text}`)) as R; // the result went through JSON
  },
  go: async (to) => {
    if (to === 'back') await goBack(page);
    else await page.goto(to);
  },
  show: () => page.bringToFront(),
  close: () => page.close(),
});

const profileOf = (context: BrowserContext): BrowserProfile => ({
  open: async (url) => {
    const page = await context.newPage();
    await page.goto(url);
    return tabOf(page);
  },
  close: () => context.close(),
});

/** Starts the Firefox of this machine, driven by WebDriver BiDi. */
export const startFirefox = async (): Promise<TestBrowser> => {
  const browser = await launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: PREFERENCES,
  });
  return {
    openProfile: async () => profileOf(await browser.createBrowserContext()),
    close: () => browser.close(),
  };
};
