import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { MOCK_TRANSPORT, provideApiTesting, SESSION, sessionInterceptor } from 'renewal/angular';
import { expect, it } from 'vitest';
import { shopSession } from './angular-shop';

it('replays a request of HttpClient with the next token', async () => {
  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(withInterceptors([sessionInterceptor()])),
      provideHttpClientTesting(),
      provideApiTesting({ baseUrl: '/api/' }, shopSession),
    ],
  });
  const [controller, transport] = [TestBed.inject(HttpTestingController), TestBed.inject(MOCK_TRANSPORT)];
  await TestBed.inject(SESSION).signIn({ accessToken: 'T1', refreshToken: 'R1' });
  const orders: unknown[] = [];
  TestBed.inject(HttpClient)
    .get('/orders')
    .subscribe((body) => orders.push(body));

  controller.expectOne('/orders').flush(null, { status: 401, statusText: 'Unauthorized' });
  transport.expectOne('POST /api/refresh').flush({ accessToken: 'T2', refreshToken: 'R2' });
  const replay = controller.expectOne('/orders');
  expect(replay.request.headers.get('Authorization')).toBe('Bearer T2');
  replay.flush([{ id: 7 }]);

  expect(orders).toEqual([[{ id: 7 }]]);
  controller.verify();
  transport.verify();
});
