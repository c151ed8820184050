import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createShop } from './shop';

it('shows a page although its token expires', async () => {
  const backend = fakeBackend({ routes: { '/orders': ({ query }) => ({ id: Number(query.get('id')) }) } });
  const { session, page$ } = createShop({ transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  expect(await firstValueFrom(page$)).toHaveLength(10);
  expect(backend.refreshes).toBe(1);
  backend.verify();
});
