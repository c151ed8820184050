import '@angular/compiler';
import { HttpClient, provideHttpClient, withInterceptors, withNoXsrfProtection } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { inject } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import { httpClientTransport, injectSession, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { expect, it } from 'vitest';
import { expire, tokenOf } from '../../angular/support/backend';
import { provide } from '../../angular/support/testbed';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

failureMode(
  {
    id: 'M1',
    title: 'Circular injection: the interceptor needs a service that needs `HttpClient`',
    renewal:
      'The interceptor injects its session when a request is made, so the options of the session may inject `HttpClient`; requests of `refresh` through it bypass the session.',
    threads: [
      'angular/angular#18224',
      'ngx-rocket/generator-ngx-rocket#521',
      'damienbod/angular-auth-oidc-client#108',
      'manfredsteyer/angular-oauth2-oidc#185',
    ],
  },
  (signal) => {
    const store = () => memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    const byHttpClient = withSession(() => {
      const http = inject(HttpClient);
      return { store: store(), refresh: () => http.post<TokenGrant>('/renew', null) };
    });
    const byTransport = withSession((http) => ({ store: store(), refresh: () => http.post$<TokenGrant>('/renew') }));

    it.each([
      ['HttpClient', {}, byHttpClient, '/renew'],
      ['httpClientTransport', () => ({ transport: httpClientTransport() }), byTransport, 'http://shop.test/renew'],
    ] as const)('builds with a refresh through %s, which carries no token', (_way, options, session, url) => {
      const bed = provide(
        provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
        provideHttpClientTesting(),
        provideApi(options, session),
      );
      const backend = bed.inject(HttpTestingController);
      const outcome = outcomeOf(bed.inject(HttpClient).get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      const refresh = backend.expectOne(url);
      expect(tokenOf(refresh)).toBe('');
      refresh.flush({ accessToken: 'T2' });
      const again = backend.expectOne('/orders');
      expect(tokenOf(again)).toBe('T2');
      again.flush(['order']);
      expect(outcome).toEqual({ values: [['order']], isComplete: true });
    });

    it('does not wait for itself if the refresh gets an expired response', () => {
      const bed = provide(
        provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
        provideHttpClientTesting(),
        provideApi({}, byHttpClient),
      );
      const backend = bed.inject(HttpTestingController);
      const outcome = outcomeOf(bed.inject(HttpClient).get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      expire(backend.expectOne('/renew'), signal);
      backend.expectNone(() => true);
      expect(outcome).toMatchObject({ error: { code: 'session-expired' } });
      expect(bed.runInInjectionContext(() => injectSession()).state.status).toBe('signed-out');
    });
  },
);
