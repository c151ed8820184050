import type { TestBrowser } from './browser';
import { startChromiumTabs } from './chromium';
import { startFirefox } from './firefox';
import { startWebKit } from './webkit';

const BROWSERS = {
  chromium: startChromiumTabs,
  firefox: startFirefox,
  webkit: startWebKit,
} as const satisfies Record<string, () => Promise<TestBrowser>>;

export type BrowserName = keyof typeof BROWSERS;

const isBrowserName = (name: string): name is BrowserName => Object.hasOwn(BROWSERS, name);

const given = process.env.BROWSER ?? 'chromium';
if (!isBrowserName(given)) throw new TypeError(`BROWSER: expected one of ${Object.keys(BROWSERS).join(', ')}`);

/** The browser that the specs run in, as `BROWSER` says. */
export const browserName: BrowserName = given;

/** Starts that browser. Each name under `test` that the contract uses leads to this machine. */
export const startBrowser = (): Promise<TestBrowser> => BROWSERS[browserName]();
