import assert from 'node:assert/strict';
import { it } from 'node:test';
import { memoryStore } from 'renewal';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { createShop } from './shop';

it('shows a page although its token expires in the middle', async () => {
  const backend = fakeBackend({ routes: { '/orders': async ({ query }) => ({ id: Number(query.get('id')) }) } });
  const { page$ } = createShop({ transport: backend.transport, store: memoryStore(backend.issue()) });
  const page = firstValueFrom(page$); // five of its ten requests are sent
  backend.expireTokens();
  assert.equal((await page).length, 10);
  assert.equal(backend.refreshes, 1);
});

/** They clear no interval in its own callback, as RxJS does. */
const hasTimersOfNode20 = process.version.startsWith('v20.');

it('refreshes once although five responses are late', { skip: hasTimersOfNode20 }, async ({ mock: { timers } }) => {
  timers.enable({ apis: ['setInterval', 'Date'] });
  const backend = fakeBackend({ latencyMs: 200, routes: { '/orders': () => ({ id: 7 }) } });
  const { session, page$ } = createShop({ transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  const page = firstValueFrom(page$);
  for (let ms = 0; ms < 800; ms += 200) timers.tick(200);
  assert.equal((await page).length, 10);
  assert.equal(backend.refreshes, 1);
  backend.verify();
});
