import '@angular/compiler';
import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { ApplicationRef } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import { API, MOCK_TRANSPORT, provideApiTesting, SESSION, sessionInterceptor, withSession } from 'renewal/angular';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { outcomeOf } from '../../support/http-client';
import { PAGE, type provide } from './testbed';

export const issued = { accessToken: 'T1', refreshToken: 'R1' };
export const session = withSession((http) => ({
  store: memoryStore(issued),
  refresh: ({ refreshToken }) => http.post$<TokenGrant>('renew', { refreshToken }),
}));

/** What `provideApiTesting` does with zone.js and without. */
export const testApiTesting = (providing: typeof provide): void => {
  it('sends by the transport that the test injects', () => {
    const bed = providing(provideApiTesting({ baseUrl: '/api/' }));
    const transport = bed.inject(MOCK_TRANSPORT);
    const outcome = outcomeOf(bed.inject(API).get$('orders', { params: { page: 2 } }));
    const sent = transport.expectOne('GET /api/orders');
    expect(sent.request.url).toBe(`${new URL(PAGE).origin}/api/orders?page=2`);
    expect(outcome).toEqual({ values: [] });
    sent.flush([7]);
    expect(outcome).toEqual({ values: [[7]], isComplete: true });
  });

  it('refreshes and replays as the test responds', () => {
    const bed = providing(provideApiTesting({ baseUrl: '/api/' }, session));
    const transport = bed.inject(MOCK_TRANSPORT);
    const outcome = outcomeOf(bed.inject(API).get$('orders'));
    transport.expectOne('GET /api/orders').flush(null, { status: 401 });
    const refresh = transport.expectOne('POST /api/renew');
    expect(JSON.parse(`${refresh.request.body}`)).toEqual({ refreshToken: 'R1' });
    refresh.flush({ accessToken: 'T2', refreshToken: 'R2' });
    const replay = transport.expectOne('GET /api/orders');
    expect(replay.request.headers).toMatchObject({ authorization: 'Bearer T2' });
    replay.flush([7]);
    expect(outcome).toEqual({ values: [[7]], isComplete: true });
    transport.verify();
  });

  it('keeps a request a pending task until its response', async () => {
    const bed = providing(provideApiTesting());
    const app = bed.inject(ApplicationRef);
    bed.inject(API).get$('orders').subscribe();
    expect(await firstValueFrom(app.isStable)).toBe(false);
    bed.inject(MOCK_TRANSPORT).expectOne('GET /app/orders').flush([]);
    await app.whenStable();
    expect(await firstValueFrom(app.isStable)).toBe(true);
  });

  it('works beside HttpTestingController, with one session', () => {
    const bed = providing(
      provideHttpClient(withInterceptors([sessionInterceptor()])),
      provideHttpClientTesting(),
      provideApiTesting({ baseUrl: '/api/' }, session),
    );
    const [transport, backend] = [bed.inject(MOCK_TRANSPORT), bed.inject(HttpTestingController)];
    const [orders, user] = [outcomeOf(bed.inject(HttpClient).get('/orders')), outcomeOf(bed.inject(API).get$('user'))];
    backend.expectOne('/orders').flush(null, { status: 401, statusText: 'Unauthorized' });
    transport.expectOne('GET /api/user').flush({ code: 1002 });
    transport.expectOne('POST /api/renew').flush({ accessToken: 'T2', refreshToken: 'R2' });
    const replay = backend.expectOne('/orders');
    expect(replay.request.headers.get('authorization')).toBe('Bearer T2');
    replay.flush([7]);
    transport.expectOne('GET /api/user').flush('ada');
    expect([orders.values, user.values]).toEqual([[[7]], ['ada']]);
    backend.verify();
    transport.verify();
  });

  it('sends by a transport of the caller', async () => {
    const backend = fakeBackend({ refreshPath: '/api/renew', routes: { '/api/orders': ({ user }) => user } });
    const bed = providing(provideApiTesting({ baseUrl: '/api/', transport: backend.transport }, session));
    await bed.inject(SESSION).signIn(backend.issue('ada'));
    backend.expireTokens();
    expect(outcomeOf(bed.inject(API).get$('orders')).values).toEqual(['ada']);
    expect(backend.refreshes).toBe(1);
    bed.inject(MOCK_TRANSPORT).verify();
    backend.verify();
  });
};
