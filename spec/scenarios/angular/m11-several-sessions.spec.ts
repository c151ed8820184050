import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { InjectionToken } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import {
  type ApiName,
  httpClientTransport,
  injectApi,
  injectSession,
  provideApi,
  sessionInterceptor,
  withName,
  withSession,
} from 'renewal/angular';
import { expect, it } from 'vitest';
import { expire, tokenOf } from '../../angular/support/backend';
import { provide } from '../../angular/support/testbed';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

const BILLING: ApiName = new InjectionToken('billing');

failureMode(
  {
    id: 'M11',
    title: 'Two sessions for one route: the choice of the token is a matter of chance',
    renewal:
      'An api has one session, chosen by name: `injectApi(BILLING)`, `sessionInterceptor(BILLING)`. Of two interceptors, each serves its own `allowedOrigins`; for a shared origin, the outer one serves the request.',
    threads: ['damienbod/angular-auth-oidc-client#1756'],
  },
  (signal) => {
    const provideBoth = (...interceptors: HttpInterceptorFn[]) =>
      provide(
        provideHttpClient(withNoXsrfProtection(), withInterceptors(interceptors)),
        provideHttpClientTesting(),
        ...[undefined, BILLING].map((token) =>
          provideApi(
            () => ({ transport: httpClientTransport() }),
            withSession((http) => ({
              store: memoryStore({ accessToken: `${token ? 'billing' : 'shop'}.1` }),
              refresh: () => http.post$<TokenGrant>(`/renew/${token ? 'billing' : 'shop'}`),
            })),
            ...(token ? [withName(token)] : []),
          ),
        ),
      );

    it('refreshes each of two sessions for the requests of its own api', () => {
      const bed = provideBoth();
      const backend = bed.inject(HttpTestingController);
      for (const [token, name] of [
        [undefined, 'shop'],
        [BILLING, 'billing'],
      ] as const) {
        const api = bed.runInInjectionContext(() => injectApi(token));
        const outcome = outcomeOf(api.get$('/invoices'));
        const request = backend.expectOne('http://shop.test/invoices');
        expect(tokenOf(request)).toBe(`${name}.1`);
        expire(request, signal);
        backend.expectOne(`http://shop.test/renew/${name}`).flush({ accessToken: `${name}.2` });
        const again = backend.expectOne('http://shop.test/invoices');
        expect(tokenOf(again)).toBe(`${name}.2`);
        again.flush(name);
        expect(outcome).toEqual({ values: [name], isComplete: true });
      }
      const states = [undefined, BILLING].map((token) => bed.runInInjectionContext(() => injectSession(token)).state);
      expect(states).toMatchObject([{ tokens: { accessToken: 'shop.2' } }, { tokens: { accessToken: 'billing.2' } }]);
    });

    it('sends each origin the token of its own session', () => {
      const origins = ['https://shop.test', 'https://billing.test'];
      const bed = provideBoth(
        sessionInterceptor(undefined, { allowedOrigins: [`${origins[0]}`] }),
        sessionInterceptor(BILLING, { allowedOrigins: [`${origins[1]}`] }),
      );
      const backend = bed.inject(HttpTestingController);
      const tokens = [...origins, 'https://elsewhere.test'].map((origin) => {
        bed.inject(HttpClient).get(`${origin}/x`).subscribe();
        return tokenOf(backend.expectOne(`${origin}/x`));
      });
      expect(tokens).toEqual(['shop.1', 'billing.1', '']);
    });

    it('lets the outer of two interceptors serve the request', () => {
      const bed = provideBoth(sessionInterceptor(BILLING), sessionInterceptor());
      const backend = bed.inject(HttpTestingController);
      const outcome = outcomeOf(bed.inject(HttpClient).get('/invoices'));
      const request = backend.expectOne('/invoices');
      expect(tokenOf(request)).toBe('billing.1');
      expire(request, signal);
      backend.expectOne('http://shop.test/renew/billing');
      backend.expectNone('http://shop.test/renew/shop');
      expect(outcome).toEqual({ values: [] });
    });
  },
);
