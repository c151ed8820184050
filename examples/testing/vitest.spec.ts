import { memoryStore } from 'renewal';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { createShop } from './shop';

it('shows a page although its token expires in the middle', async () => {
  const backend = fakeBackend({ routes: { '/orders': async ({ query }) => ({ id: Number(query.get('id')) }) } });
  const { page$ } = createShop({ transport: backend.transport, store: memoryStore(backend.issue()) });
  const page = firstValueFrom(page$); // five of its ten requests are sent
  backend.expireTokens();
  expect(await page).toHaveLength(10);
  expect(backend.refreshes).toBe(1);
});

afterEach(() => {
  vi.useRealTimers();
});

it('refreshes once although five responses are late', async () => {
  vi.useFakeTimers();
  const backend = fakeBackend({ latencyMs: 200, routes: { '/orders': () => ({ id: 7 }) } });
  const { session, page$ } = createShop({ transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  const page = firstValueFrom(page$);
  await vi.advanceTimersByTimeAsync(800);
  expect(await page).toHaveLength(10);
  expect(backend.refreshes).toBe(1);
  backend.verify();
});
