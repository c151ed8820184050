import { TestBed } from '@angular/core/testing';
import { provideApiTesting, SESSION } from 'renewal/angular';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { OrderPage, shopSession } from './angular-shop';

it('shows a page although its token expires in the middle', async () => {
  const backend = fakeBackend({ routes: { '/orders': async ({ query }) => ({ id: Number(query.get('id')) }) } });
  TestBed.configureTestingModule({ providers: [provideApiTesting({ transport: backend.transport }, shopSession)] });
  await TestBed.inject(SESSION).signIn(backend.issue());
  const page = firstValueFrom(TestBed.inject(OrderPage).orders$); // five of its ten requests are sent
  backend.expireTokens();
  expect([(await page).length, backend.refreshes]).toEqual([10, 1]);
});
