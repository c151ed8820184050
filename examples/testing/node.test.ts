import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { createShop } from './shop';

it('shows a page although its token expires', async () => {
  const backend = fakeBackend({ routes: { '/orders': ({ query }) => ({ id: Number(query.get('id')) }) } });
  const { session, page$ } = createShop({ transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  assert.equal((await firstValueFrom(page$)).length, 10);
  assert.equal(backend.refreshes, 1);
  backend.verify();
});
