import { http } from 'msw';
import { setupServer } from 'msw/node';
import { fetchTransport } from 'renewal';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createShop } from './shop';

const backend = fakeBackend({ routes: { '/orders': ({ query }) => ({ id: Number(query.get('id')) }) } });
const server = setupServer(http.all('https://shop.example/*', ({ request }) => backend.fetch(request)));

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterAll(() => server.close());

it('shows a page although its token has expired', async () => {
  const { session, page$ } = createShop({ transport: fetchTransport() });
  await session.signIn(backend.issue());
  backend.expireTokens();
  expect(await firstValueFrom(page$)).toHaveLength(10);
  expect(backend.refreshes).toBe(1);
});
