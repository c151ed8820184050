import '@angular/compiler';
import { PlatformLocation } from '@angular/common';
import { HttpClient, provideHttpClient, withInterceptors, withNoXsrfProtection } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { MOCK_PLATFORM_LOCATION_CONFIG, MockPlatformLocation } from '@angular/common/testing';
import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type HttpResponse, memoryStore, type SessionOptions, type TokenGrant } from 'renewal';
import { httpClientTransport, injectApi, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { tokenOf } from './support/backend';
import './support/testbed';

/** The locations of Angular's test modules if a test sets no page, by version and configuration. */
const LOCATIONS: readonly (readonly [what: string, provider: object])[] = [
  ['that the test module brings', { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: null }],
  ['with a path only', { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: { startUrl: '/app/start' } }],
  ['of Angular 20', { provide: PlatformLocation, useFactory: () => new MockPlatformLocation() }],
  ['of Angular 20, configured', { provide: PlatformLocation, useFactory: () => new MockPlatformLocation({}) }],
  [
    'of Angular 20, with a path only',
    { provide: PlatformLocation, useFactory: () => new MockPlatformLocation({ startUrl: '/app/start' }) },
  ],
];

describe.each(LOCATIONS)('a test that sets no page, with the location %s', (_what, location) => {
  const createBed = (baseUrl: string, session: Partial<SessionOptions> = {}) => {
    const bed = TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        location,
        provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
        provideHttpClientTesting(),
        provideApi(
          () => ({ baseUrl, transport: httpClientTransport() }),
          withSession((http) => ({
            store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>('renew', { refreshToken }),
            ...session,
          })),
        ),
      ],
    });
    return { bed, backend: bed.inject(HttpTestingController), api: bed.runInInjectionContext(() => injectApi()) };
  };

  it('sees relative urls of requests and of the refresh', () => {
    const { api, backend } = createBed('/api/');
    const outcome = outcomeOf(api.get$('/orders', { params: { page: 2 } }));
    const first = backend.expectOne('/api/orders?page=2');
    expect(tokenOf(first)).toBe('T1');
    first.flush({ code: 1002 });
    backend.expectOne('/api/renew').flush({ accessToken: 'T2' });
    const replay = backend.expectOne('/api/orders?page=2');
    expect(tokenOf(replay)).toBe('T2');
    replay.flush('order');
    expect(outcome).toEqual({ values: ['order'], isComplete: true });
  });

  it('sees absolute urls unchanged', () => {
    const { api, backend } = createBed('https://api.test/v1/');
    api.get$('orders').subscribe();
    expect(tokenOf(backend.expectOne('https://api.test/v1/orders'))).toBe('T1');
  });

  it('sees a relative url that `authorize` changed', () => {
    const { bed, backend } = createBed('/api/', {
      authorize: (request) => ({ ...request, url: `${request.url}?signed` }),
    });
    bed.inject(HttpClient).get('/orders').subscribe();
    backend.expectOne('/orders?signed');
    expect(backend.match(() => true)).toEqual([]);
  });

  it('passes the url of a response to the predicate', () => {
    const shown: HttpResponse[] = [];
    const { api, bed, backend } = createBed('/api/', {
      isExpired: (response) => {
        shown.push(response);
        return false;
      },
    });
    api.get$('orders').subscribe();
    backend.expectOne('/api/orders').flush([]);
    bed.inject(HttpClient).get('/api/orders').subscribe();
    backend.expectOne('/api/orders').flush([]);
    expect(shown.map(({ url }) => new URL(url).pathname)).toEqual(['/api/orders', '/api/orders']);
  });
});
