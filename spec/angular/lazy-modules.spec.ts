import '@angular/compiler';
import {
  HTTP_INTERCEPTORS,
  HttpClient,
  HttpClientModule,
  type HttpInterceptor,
  HttpXsrfTokenExtractor,
  provideHttpClient,
  withInterceptors,
  withInterceptorsFromDi,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import {
  createNgModule,
  EnvironmentInjector,
  type EnvironmentProviders,
  InjectionToken,
  NgModule,
  type Provider,
  type Type,
} from '@angular/core';
import { createSession, memoryStore, type TokenGrant } from 'renewal';
import {
  type ApiName,
  provideApi,
  provideSessionInterceptor,
  sessionInterceptor,
  withName,
  withoutSession,
  withSession,
} from 'renewal/angular';
import { delay, of, switchMap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { stopClock } from '../support/clock';
import { outcomeOf } from '../support/http-client';
import { expire, renew, tokenOf } from './support/backend';
import { provide } from './support/testbed';

type Providers = readonly (Provider | EnvironmentProviders)[];

const refresh = () => of({ accessToken: 'T2' });

/** A class interceptor of the app, which counts its requests. */
const createCounter = () => {
  const seen: string[] = [];
  const counter: HttpInterceptor = {
    intercept: (request, next) => {
      seen.push(request.url);
      return next.handle(request);
    },
  };
  return { seen, provider: { provide: HTTP_INTERCEPTORS, useValue: counter, multi: true } };
};

/** An app with these root providers, and the `HttpClient` of a lazy module that imports `HttpClientModule`. */
const createApp = (rootProviders: Providers, lazyProviders: readonly Provider[] = []) => {
  const bed = provide(
    provideApi(
      {},
      withSession(() => ({
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        refresh: ({ refreshToken }) =>
          bed.inject(HttpClient).post<TokenGrant>('/renew', { refreshToken }, { context: withoutSession() }),
      })),
    ),
    ...rootProviders,
    provideHttpClientTesting(),
  );
  const Lazy: Type<unknown> = NgModule({
    imports: [HttpClientModule],
    providers: [
      provideHttpClientTesting(),
      // The server document of Angular 20 has no cookies.
      { provide: HttpXsrfTokenExtractor, useValue: { getToken: () => null } },
      ...lazyProviders,
    ],
  })(class {});
  const { injector } = createNgModule(Lazy, bed.inject(EnvironmentInjector));
  return {
    root: { http: bed.inject(HttpClient), backend: bed.inject(HttpTestingController) },
    lazy: { http: injector.get(HttpClient), backend: injector.get(HttpTestingController) },
  };
};

describe('a lazy NgModule that imports HttpClientModule', () => {
  it('runs no functional interceptor of the root: its requests carry no token', () => {
    const { root, lazy } = createApp([provideHttpClient(withInterceptors([sessionInterceptor()]))]);
    root.http.get('/eager').subscribe();
    lazy.http.get('/lazy').subscribe();
    expect(tokenOf(root.backend.expectOne('/eager'))).toBe('T1');
    expect(tokenOf(lazy.backend.expectOne('/lazy'))).toBe('');
  });

  it('uses the session of the root by provideSessionInterceptor', () => {
    const { root, lazy } = createApp([
      provideHttpClient(withNoXsrfProtection(), withInterceptorsFromDi()),
      provideSessionInterceptor(),
    ]);
    const eager = outcomeOf(root.http.get('/eager'));
    const outcome = outcomeOf(lazy.http.post('/lazy', { item: 'engine' }));
    expire(lazy.backend.expectOne('/lazy'), 'code 1002');
    expire(root.backend.expectOne('/eager'), 'HTTP 401');
    renew(root);
    const replay = lazy.backend.expectOne('/lazy');
    expect([tokenOf(replay), replay.request.body]).toEqual(['T2', { item: 'engine' }]);
    replay.flush('order');
    root.backend.expectOne('/eager').flush('eager');
    expect(outcome).toEqual({ values: ['order'], isComplete: true });
    expect(eager).toEqual({ values: ['eager'], isComplete: true });
  });

  it.each([
    ['loses the session', [], ''],
    ['keeps the session by one more provideSessionInterceptor', [provideSessionInterceptor()], 'T1'],
  ])('%s if its own class interceptors replace those of the root', (_what, own, token) => {
    const { seen, provider } = createCounter();
    const { lazy } = createApp(
      [provideHttpClient(withInterceptorsFromDi()), provideSessionInterceptor()],
      [provider, ...own],
    );
    lazy.http.get('/lazy').subscribe();
    expect(tokenOf(lazy.backend.expectOne('/lazy'))).toBe(token);
    expect(seen).toEqual(['/lazy']);
  });
});

describe('provideSessionInterceptor', () => {
  const BILLING: ApiName = new InjectionToken('billing');

  it.each([
    ['the name of an api', BILLING],
    ['a session of one’s own', createSession({ refresh, store: memoryStore({ accessToken: 'B1' }) })],
  ])('accepts %s, and origins', (_what, session) => {
    const bed = provide(
      provideHttpClient(withNoXsrfProtection(), withInterceptorsFromDi()),
      provideHttpClientTesting(),
      provideApi({}, withSession({ refresh, store: memoryStore({ accessToken: 'B1' }) }), withName(BILLING)),
      provideSessionInterceptor(session, { allowedOrigins: ['https://billing.test'] }),
    );
    bed.inject(HttpClient).get('https://billing.test/invoices').subscribe();
    bed.inject(HttpClient).get('/page').subscribe();
    const backend = bed.inject(HttpTestingController);
    expect(tokenOf(backend.expectOne('https://billing.test/invoices'))).toBe('B1');
    expect(tokenOf(backend.expectOne('/page'))).toBe('');
  });

  it('refuses the same arguments as sessionInterceptor, at creation', () => {
    expect(() => provideSessionInterceptor({} as never)).toThrow(/^session: .*createSession/);
  });

  it('works behind an interceptor that calls it outside any injection context', () => {
    stopClock();
    const waits: HttpInterceptor = {
      intercept: (request, next) =>
        of(null).pipe(
          delay(1_000),
          switchMap(() => next.handle(request)),
        ),
    };
    const { root } = createApp([
      provideHttpClient(withInterceptorsFromDi()),
      { provide: HTTP_INTERCEPTORS, useValue: waits, multi: true },
      provideSessionInterceptor(),
    ]);
    root.http.get('/orders').subscribe();
    vi.advanceTimersByTime(1_000);
    expect(tokenOf(root.backend.expectOne('/orders'))).toBe('T1');
  });

  it('adds nothing to a request of sessionInterceptor, and refreshes once', () => {
    const { root } = createApp([
      provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()]), withInterceptorsFromDi()),
      provideSessionInterceptor(),
    ]);
    const outcome = outcomeOf(root.http.get('/orders'));
    expire(root.backend.expectOne('/orders'), 'HTTP 401');
    renew(root);
    const again = root.backend.expectOne('/orders');
    expect(again.request.headers.getAll('authorization')).toEqual(['Bearer T2']);
    again.flush('order');
    expect(outcome).toEqual({ values: ['order'], isComplete: true });
  });
});
