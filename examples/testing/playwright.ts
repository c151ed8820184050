import assert from 'node:assert/strict';
import type { Page } from 'playwright-core'; // or '@playwright/test'
import { type FakeBackend, fakeBackend } from 'renewal/testing';

/** Lets a backend respond to all requests of a page to `/api/`. */
export const routeToBackend = (page: Page, { fetch }: FakeBackend): Promise<unknown> =>
  page.route('**/api/**', async (route) => {
    const request = route.request();
    const [method, headers, body] = [request.method(), await request.allHeaders(), request.postData()];
    const response = await fetch(request.url(), { method, headers, body });
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    });
  });

/** As a test: `test('shows a page although its token has expired', ({ page }) => showsOrders(page, '/'))`. */
export const showsOrders = async (page: Page, url: string): Promise<void> => {
  const backend = fakeBackend({
    refreshPath: '/api/refresh',
    routes: { 'POST /api/login': () => backend.issue(), '/api/orders': ({ query }) => ({ id: query.get('id') }) },
    publicRoutes: ['POST /api/login'],
  });
  await routeToBackend(page, backend);
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('signed in').waitFor();
  backend.expireTokens();
  await page.getByRole('button', { name: 'Show orders' }).click();
  await page.getByText('10 orders').waitFor();
  assert.equal(backend.refreshes, 1);
  backend.verify();
};
