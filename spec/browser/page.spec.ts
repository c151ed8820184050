import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { unevenLatency } from '../../examples/shop/latency';
import { pageFiles } from '../../examples/shop/page-files';
import type { PageFile } from '../../examples/shop/page-routes';
import { createShop, type Shop, type ShopOptions } from '../../examples/shop/server';
import { violationsIn } from '../support/axe';
import { createBarrier } from '../support/barrier';
import { startChromium } from '../support/chromium';

const root = fileURLToPath(new URL('../../', import.meta.url));

// axe is slow, and a machine may be busy
vi.setConfig({ testTimeout: 60_000 });

let browser: Browser;
let files: PageFile[];

beforeAll(async () => {
  files = await pageFiles(() => {});
  browser = await startChromium();
}, 240_000);

afterAll(() => browser?.close());

interface Opened {
  readonly page: Page;
  readonly shop: Shop;
  /** The messages on the console of the page. */
  readonly messages: string[];
}

// Messages of a browser for a failed response and for a missing one. Both occur in these tests.
const EXPECTED = /^Failed to load resource: (net::|the server responded with a status of 400)/;

/** Opens a new shop and its page, and waits for the sign-in. */
const open = async (options: BrowserContextOptions = {}, shopOptions: ShopOptions = {}): Promise<Opened> => {
  const shop = createShop({ ...shopOptions, page: files });
  const url = await shop.listen();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const messages: string[] = [];
  context.on('weberror', (error) => messages.push(String(error.error())));
  context.on('console', (message) => messages.push(message.text()));
  onTestFinished(async () => {
    await context.close();
    await shop.close();
    expect(messages.filter((text) => !EXPECTED.test(text))).toEqual([]);
  });
  const page = await context.newPage();
  await page.goto(url);
  await shows(page, '#user', 'Ada');
  return { page, shop, messages };
};

const shows = (page: Page, part: string, text: string): Promise<void> =>
  page.locator(part, { hasText: new RegExp(`^${text}`) }).waitFor();
const says = (page: Page, text: string): Promise<void> => shows(page, '#outcome', text);
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const choose = async (page: Page, name: string, then: string): Promise<void> => {
  await page.getByLabel(name, { exact: true }).check();
  await says(page, then);
};
const send = (page: Page, count: number): Promise<void> =>
  press(page, `Send ${count} request${count === 1 ? '' : 's'}`);

const expireToken = async (page: Page): Promise<void> => {
  await press(page, 'Expire the token');
  await says(page, 'The token has expired');
};

const storm = async (page: Page): Promise<void> => {
  await expireToken(page);
  await send(page, 50);
  await says(page, '50 requests: 50 responses, after 1 refresh\\.');
};

const countsOf = (page: Page): Promise<string[]> => page.locator('.counts dd').allTextContents();
const sessionOf = (page: Page): Promise<string[]> => page.locator('#user, #status, #generation').allTextContents();

describe('the demo page', () => {
  it('shows 50 responses to 50 requests with an expired token, after one refresh', async () => {
    const { page, shop } = await open();
    await storm(page);
    await shows(page, '#sent', '100$');
    expect(await countsOf(page)).toEqual(['100', '50', '1', '50', '0']);
    expect(await sessionOf(page)).toEqual(['Ada', 'active', '2']);
    expect(shop.counters()).toMatchObject({ refreshes: 1, expiredResponses: 50, reuseDetected: 0 });
    await page.locator('renewal-timeline').getByText('50', { exact: true }).waitFor();
  });

  it('starts again when it is cleared', async () => {
    const { page } = await open();
    await send(page, 10);
    await says(page, '10 requests: 10 responses\\.');
    await press(page, 'Clear');
    await shows(page, '#sent', '0$');
    await says(page, 'Cleared\\. Expire the token, then send 50\\.');
    await page.getByText('Each request becomes a row here').waitFor();
    await send(page, 1);
    await says(page, '1 request: 1 response\\.');
    expect(await countsOf(page)).toEqual(['1', '0', '0', '1', '0']);
  });

  it('shows a slow refresh while it runs', async () => {
    const { page } = await open();
    await choose(page, 'slow', 'The next refresh takes');
    await expireToken(page);
    await send(page, 10);
    await shows(page, '#status', 'refreshing');
    await says(page, '10 requests: 10 responses, after 1 refresh\\.');
    expect(await sessionOf(page)).toEqual(['Ada', 'active', '2']);
  });

  it('shows the end of a session after a refused refresh, and the next session', async () => {
    const { page } = await open();
    await choose(page, 'refused', 'The next refresh is refused');
    await expireToken(page);
    await send(page, 10);
    await says(page, '10 requests: 10 errors \\(the session has expired\\), after 1 refresh\\.');
    expect(await sessionOf(page)).toEqual(['No user', 'signed-out', '2']);
    await shows(page, '#meaning', 'The shop refused');
    await press(page, 'Sign in as Ada');
    await shows(page, '#user', 'Ada');
    await send(page, 1);
    await says(page, '1 request: 1 response\\.');
  });

  it('keeps the session without network, and continues once it is back', async () => {
    const { page } = await open();
    await choose(page, 'offline', 'The next refresh finds no network');
    await expireToken(page);
    await send(page, 10);
    await says(page, '10 requests: 10 errors \\(the refresh failed\\), after 1 refresh\\.');
    expect(await sessionOf(page)).toEqual(['Ada', 'expired', '1']);
    await choose(page, 'normal', 'The next refresh returns');
    await send(page, 10);
    await says(page, '10 requests: 10 responses, after 1 refresh\\.');
    expect(await countsOf(page)).toEqual(['20', '10', '2', '10', '10']);
  });

  it('ends waiting requests of one user when another one signs in', async () => {
    const { page } = await open({}, { slowMs: 3_600_000 });
    await choose(page, 'slow', 'The next refresh takes');
    await expireToken(page);
    await send(page, 10);
    await shows(page, '#expired', '10$');
    await press(page, 'Sign in as Grace');
    await shows(page, '#user', 'Grace');
    await shows(page, '#errors', '10$');
    await send(page, 1);
    await says(page, '1 request: 1 response\\.');
  });

  it('sends without a token once the user has signed out', async () => {
    const { page } = await open();
    await press(page, 'Sign out');
    await says(page, 'Signed out');
    expect(await sessionOf(page)).toEqual(['No user', 'signed-out', '2']);
    await send(page, 10);
    await says(page, '10 requests: 10 errors \\(rejected: no user is signed in\\)\\.');
    await press(page, 'Clear');
    await says(page, 'Cleared\\. Sign in as Ada or Grace\\.');
  });

  it('runs the demo with one button while there are no requests', async () => {
    const { page } = await open();
    const all = page.getByRole('button', { name: 'Expire the token, then send 50' });
    await all.click();
    await says(page, '50 requests: 50 responses, after 1 refresh\\.');
    expect(await all.isVisible()).toBe(false);
    await press(page, 'Sign out');
    await says(page, 'Signed out');
    await press(page, 'Clear');
    await all.click();
    await says(page, '50 requests: 50 responses, after 1 refresh\\.');
    expect(await sessionOf(page)).toEqual(['Ada', 'active', '5']);
  });

  it('loses no live order while the token dies, and draws each connection', async () => {
    const { page, shop } = await open({}, { liveMs: 20 });
    await press(page, 'Watch live orders');
    await says(page, 'Live orders arrive\\. Expire the token: none is lost\\.');
    await page.getByText(/^\d+ orders, none lost$/).waitFor();
    const lane = page.locator('renewal-timeline .row:has(b:text-is("~1"))');
    for (const deaths of [1, 2]) {
      await press(page, 'Expire the token');
      await says(page, 'The token has expired\\. The shop ends the stream');
      await lane.locator('.marble.opened').nth(deaths).waitFor();
    }
    expect(await sessionOf(page)).toEqual(['Ada', 'active', '3']);
    await page.getByText(/^\d\d+ orders, none lost$/).waitFor();
    expect(await lane.locator('.marble').allTextContents()).toEqual(['O', '…', 'O', '…', 'O']);
    expect(shop.counters()).toMatchObject({ refreshes: 2, expiredResponses: 2, reuseDetected: 0 });
    await press(page, 'Watch live orders');
    await says(page, 'The stream of live orders is closed');
    await lane.locator('.marble.ended').waitFor();
    expect(await page.locator('#live-count').textContent()).toMatch(/^\d+ orders, none lost$/);
  });

  it('ends the stream with the session, and opens it for the next user', async () => {
    const { page } = await open({}, { liveMs: 20 });
    const pressed = page.locator('#watch[aria-pressed=true]');
    await press(page, 'Watch live orders');
    await page.getByText(/none lost$/).waitFor();
    await press(page, 'Sign in as Grace');
    await shows(page, '#live-count', 'The user has signed out\\.');
    expect(await pressed.count()).toBe(0);
    await press(page, 'Watch live orders');
    await page.getByText(/none lost$/).waitFor();
    await choose(page, 'refused', 'The next refresh is refused');
    await press(page, 'Expire the token');
    await shows(page, '#live-count', 'The session has expired\\.');
    await press(page, 'Watch live orders');
    await shows(page, '#live-count', 'No user is signed in\\.');
    expect(await pressed.count()).toBe(0);
  });

  it('explains that there is no token to expire', async () => {
    const { page } = await open();
    await press(page, 'Sign out');
    await says(page, 'Signed out');
    await press(page, 'Expire the token');
    await says(page, 'There is no token: no user is signed in\\.');
  });

  it('says that the token has already expired', async () => {
    const { page } = await open();
    await choose(page, 'offline', 'The next refresh finds no network');
    await expireToken(page);
    await send(page, 1);
    await says(page, '1 request: 1 error \\(the refresh failed\\)');
    await press(page, 'Expire the token');
    await says(page, 'The token has already expired');
  });

  it('says what requests in flight wait for', async () => {
    const { page } = await open({}, { slowMs: 3_600_000 });
    await choose(page, 'slow', 'The next refresh takes');
    await expireToken(page);
    await send(page, 10);
    await says(page, '10 requests in flight\\.');
    await shows(page, '#meaning', 'The token has expired\\. Requests wait');
    await press(page, 'Expire the token');
    await says(page, 'A refresh is running');
  });

  it('explains the cool-down after a failed refresh, while it lasts', async () => {
    const { page } = await open();
    await page.clock.install();
    await choose(page, 'offline', 'The next refresh finds no network');
    await expireToken(page);
    await send(page, 10);
    await says(page, '10 requests: 10 errors \\(the refresh failed\\), after 1 refresh\\.');
    // A time that the page has not passed when the command arrives, within the cool-down of a second.
    await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 200)));
    await send(page, 10);
    await says(page, '10 requests: 10 errors \\(cool-down: the last refresh failed\\)\\.');
    await shows(page, '#meaning', 'The refresh failed\\. Cool-down: for 1\\ss, requests fail at once\\.');
    await page.clock.runFor(1_000);
    await shows(page, '#meaning', 'The refresh failed\\. The next request tries again\\.');
  });

  it('refreshes after mode normal, even if an earlier refresh fails later', async () => {
    const { page } = await open();
    const lost = createBarrier();
    await page.route('**/app/renewal', async (route) => {
      await lost.opened;
      await route.abort();
    });
    await choose(page, 'offline', 'The next refresh finds no network');
    await expireToken(page);
    await send(page, 10);
    await shows(page, '#status', 'refreshing');
    await choose(page, 'normal', 'The next refresh returns new tokens');
    lost.open();
    await says(page, '10 requests: 10 errors \\(the refresh failed\\)');
    await page.unroute('**/app/renewal');
    await send(page, 10);
    await says(page, '10 requests: 10 responses, after 1 refresh');
  });

  it('has one session in all tabs', async () => {
    const { page } = await open();
    await storm(page);
    const opened = page.context().waitForEvent('page');
    await page.getByRole('link', { name: 'Open a second tab' }).click();
    const other = await opened;
    await shows(other, '#user', 'Ada');
    await press(other, 'Sign in as Grace');
    await shows(page, '#user', 'Grace');
    await press(page, 'Sign out');
    await shows(other, '#user', 'No user');
  });

  it('shows the changes of one tab in all tabs', async () => {
    const { page } = await open();
    await says(page, 'Ada is signed in, in all tabs\\. Expire the token, then send 50\\.');
    const other = await page.context().newPage();
    await other.goto(page.url());
    await says(other, 'Ada is signed in');
    await press(page, 'Sign out');
    await says(page, 'Signed out, in all tabs\\.');
    await says(other, 'Signed out, in all tabs\\.');
    await press(other, 'Sign in as Grace');
    await says(page, 'Grace is signed in');
    await says(other, 'Grace is signed in');
    await expireToken(page);
    await send(other, 10);
    await says(other, '10 requests: 10 responses, after 1 refresh');
    await says(page, 'Another tab has refreshed the token');
    await choose(other, 'refused', 'The next refresh is refused');
    await says(page, 'The next refresh is refused');
    expect(await page.locator('[value=refused]').isChecked()).toBe(true);
  });

  it('signs in by itself only at the first opening', async () => {
    const { page } = await open();
    await press(page, 'Sign out');
    await says(page, 'Signed out');
    await choose(page, 'offline', 'The next refresh finds');
    await page.reload();
    await page.locator('[value=offline]:checked').waitFor({ state: 'attached' });
    await shows(page, '#user', 'No user');
  });

  it('says so when the shop has stopped', async () => {
    const { page, shop } = await open();
    await shop.close();
    await press(page, 'Expire the token');
    await says(page, 'The shop does not respond');
  });

  it('shows and logs no token', async () => {
    const { page, messages } = await open();
    await storm(page);
    const shown = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector('renewal-timeline') ?? {};
      return `${document.documentElement.outerHTML}${shadowRoot?.innerHTML}`;
    });
    expect(shown).toContain('/orders/6');
    expect(shown + messages.join()).not.toMatch(/\b[ar]t_|bearer|analytical/i);
  });
});

describe('the layout and accessibility of the demo page', () => {
  it('works by keyboard alone, in reading order', async () => {
    const { page } = await open();
    const names: string[] = [];
    const tab = async (): Promise<void> => {
      await page.keyboard.press('Tab');
      names.push(
        await page.evaluate(() => {
          let active = document.activeElement;
          while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
          if (active instanceof HTMLInputElement) return active.value;
          return active?.getAttribute('aria-label') ?? active?.textContent ?? '';
        }),
      );
    };
    for (let stops = 0; stops < 13; stops++) await tab();
    expect(names).toEqual([
      'Expire the token',
      'Send 1 request',
      'Send 10 requests',
      'Send 50 requests',
      'Watch live orders',
      'ok',
      'Sign in as Ada',
      'Sign in as Grace',
      'Sign out',
      'Open a second tab',
      'Clear',
      'Table',
      'Expire the token, then send 50',
    ]);
    await page.keyboard.press('Enter');
    await says(page, '50 requests: 50 responses, after 1 refresh');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('outcome');
    await page.locator('#expire').focus();
    await page.keyboard.press('Enter');
    await says(page, 'The token has expired');
    await page.locator('[value=ok]').focus();
    await page.keyboard.press('ArrowRight');
    await says(page, 'The next refresh takes');
    await page.locator('[data-send="10"]').focus();
    await page.keyboard.press('Space');
    await says(page, '10 requests: 10 responses, after 1 refresh\\.');
  });

  it.each([320, 390, 800])('needs no horizontal scrolling, %i pixels wide', async (width) => {
    const { page } = await open({ viewport: { width, height: 800 } });
    await storm(page);
    if (width === 390) await page.screenshot({ path: `${root}.tmp/page-narrow.png`, fullPage: true });
    const [needed, given] = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth, clientWidth];
    });
    expect(needed).toBe(given);
  });

  it.each([320, 390, 1280])('clips no counter and no word of the code, %i pixels wide', async (width) => {
    const { page } = await open({ viewport: { width, height: 800 } });
    await storm(page);
    const broken = await page.evaluate(() => {
      const range = document.createRange();
      const found: string[] = [];
      for (const counter of document.querySelectorAll('.counts div')) {
        const { right } = counter.getBoundingClientRect();
        for (const text of counter.children) {
          range.selectNodeContents(text);
          if (range.getBoundingClientRect().right > right) found.push(`${text.textContent}`);
        }
      }
      const code = document.createTreeWalker(document.querySelector('pre') ?? document.body, NodeFilter.SHOW_TEXT);
      for (let node = code.nextNode(); node; node = code.nextNode()) {
        for (const { 0: word, index } of `${node.textContent}`.matchAll(/[\w$]+/g)) {
          range.setStart(node, index);
          range.setEnd(node, index + word.length);
          if (range.getClientRects().length > 1) found.push(word);
        }
      }
      return found;
    });
    expect(broken).toEqual([]);
  });

  it.each([390, 1280])('moves no element, %i pixels wide', async (width) => {
    const { page } = await open({ viewport: { width, height: 800 } });
    const places = () =>
      page.evaluate(() =>
        [
          ...document.querySelectorAll('section, h2, section > button, fieldset button, #live, dl, renewal-timeline'),
        ].map((element) => {
          const { top, height } = element.getBoundingClientRect();
          return `${element.id || element.className || element.textContent}: ${top} ${height}`;
        }),
      );
    const before = await places();
    await storm(page);
    expect(await places()).toEqual(before);
    await press(page, 'Watch live orders');
    await page.getByText(/none lost$/).waitFor();
    expect(await places()).toEqual(before);
    await choose(page, 'refused', 'The next refresh is refused');
    await expireToken(page);
    await send(page, 10);
    await says(page, '10 requests: 10 errors');
    expect(await places()).toEqual(before);
    await press(page, 'Sign in as Grace');
    await says(page, 'Grace is signed in');
    await choose(page, 'offline', 'The next refresh finds no network');
    await expireToken(page);
    await send(page, 1);
    await shows(page, '#meaning', 'The refresh failed');
    expect(await places()).toEqual(before);
    await press(page, 'Sign out');
    await says(page, 'Signed out');
    expect(await places()).toEqual(before);
  });
});

describe.each(['light', 'dark'] as const)('the demo page in %s', (colorScheme) => {
  it('has no violation that axe finds, before a storm, after it, and as tables', async () => {
    const { page } = await open({ colorScheme });
    expect(await violationsIn(page)).toEqual([]);
    await storm(page);
    expect(await violationsIn(page)).toEqual([]);
    await press(page, 'Watch live orders');
    await page.getByText(/none lost$/).waitFor();
    expect(await violationsIn(page)).toEqual([]);
    await press(page, 'Table');
    expect(await violationsIn(page)).toEqual([]);
  });

  it('is the picture in the README', async () => {
    const { page } = await open(
      { colorScheme, viewport: { width: 1280, height: 792 } },
      { latencyMs: unevenLatency(), renewalMs: 400 },
    );
    await storm(page);
    await page.locator('renewal-timeline .scroller').focus();
    await page.keyboard.press('Home');
    await page.getByText(/^Request 1, /).waitFor();
    await page.locator('#outcome').click();
    await page.screenshot({ path: `${root}.tmp/page-${colorScheme}.png` });
  });
});
