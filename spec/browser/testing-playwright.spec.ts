import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { showsOrders } from '../../examples/testing/playwright';
import { bundlePage, startChromium } from '../support/chromium';

const PAGE = 'https://shop.test/';

it('the sample for Playwright shows a page although its token has expired', async () => {
  const body = await bundlePage(fileURLToPath(new URL('../../examples/testing/page.ts', import.meta.url)));
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.route(PAGE, (route) => route.fulfill({ contentType: 'text/html', body }));
    await showsOrders(page, PAGE);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});
