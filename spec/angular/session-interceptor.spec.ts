import '@angular/compiler';
import { PlatformLocation } from '@angular/common';
import {
  HttpClient,
  HttpHeaders,
  type HttpInterceptorFn,
  HttpParams,
  HttpXsrfTokenExtractor,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { DOCUMENT, inject, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { createSession, type HttpRequest, memoryStore } from 'renewal';
import { provideApi, sessionInterceptor, withoutSession, withSession } from 'renewal/angular';
import { of, retry, Subject } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { createBackend, expire, renew, tokenOf } from './support/backend';
import { provide } from './support/testbed';

const refresh = () => of({ accessToken: 'T2' });

const createSignedIn = () => createSession({ refresh, store: memoryStore({ accessToken: 'T1' }) });

describe('sessionInterceptor', () => {
  it('adds nothing to a request without a session', () => {
    const { http, backend } = createBackend();
    const seen: unknown[] = [];
    for (const url of ['https://elsewhere.test/orders', 'data:text/plain,text', 'blob:http://shop.test/1']) {
      const outcome = outcomeOf(http.get(url, { responseType: 'text' }));
      const { request } = backend.expectOne(url);
      seen.push(request.headers.keys());
      expect(outcome.values).toEqual([]);
    }
    expect(seen).toEqual([[], [], []]);
  });

  it('adds only the header', () => {
    const { http, backend } = createBackend();
    const body = { item: 'engine' };
    const headers = new HttpHeaders({ 'X-Tenant': ['7', '8'] });
    const params = new HttpParams({ fromObject: { page: 2 } });
    http.post('/orders', body, { headers, params, withCredentials: true }).subscribe();
    const { request } = backend.expectOne('/orders?page=2');
    expect(request.body).toBe(body);
    expect(request.headers.keys().sort()).toEqual(['X-Tenant', 'authorization']);
    expect(request.headers.getAll('x-tenant')).toEqual(['7', '8']);
    expect([request.url, request.params.toString(), request.withCredentials]).toEqual(['/orders', 'page=2', true]);
    expect(request.transferCache).toBe(false);
  });

  it.each([
    ['/orders', true],
    ['orders', true],
    ['http://shop.test/orders', true],
    ['//shop.test/orders', true],
    ['http://shop.test.evil.test/orders', false],
    ['https://shop.test/orders', false],
    ['http://shop.test:8080/orders', false],
  ])('decides by origin whether to send the token to %s: %s', (url, goes) => {
    const { http, backend } = createBackend();
    http.get(url).subscribe();
    expect(tokenOf(backend.expectOne(url))).toBe(goes ? 'T1' : '');
  });

  it('sends the token to the same origins as the api of provideApi', () => {
    const bed = provide(
      provideHttpClient(withInterceptors([sessionInterceptor()])),
      provideHttpClientTesting(),
      provideApi(
        { baseUrl: 'https://api.test/v1/', allowedOrigins: ['https://api.test', 'https://files.test'] },
        withSession({ refresh, store: memoryStore({ accessToken: 'T1' }) }),
      ),
    );
    const goesTo = (url: string) => {
      bed.inject(HttpClient).get(url).subscribe();
      return tokenOf(bed.inject(HttpTestingController).expectOne(url)) === 'T1';
    };
    expect(['https://api.test/a', 'https://files.test/b', '/c'].map(goesTo)).toEqual([true, true, false]);
  });

  it('sends the token of a given session to the page by default', () => {
    const bed = provide(
      provideHttpClient(withInterceptors([sessionInterceptor(createSignedIn())]), withNoXsrfProtection()),
      provideHttpClientTesting(),
    );
    const goesTo = (url: string) => {
      bed.inject(HttpClient).get(url).subscribe();
      return tokenOf(bed.inject(HttpTestingController).expectOne(url)) === 'T1';
    };
    expect(['/orders', 'https://api.test/a'].map(goesTo)).toEqual([true, false]);
  });

  it('sends the token to relative urls without a page, as in a test', () => {
    const bed = TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        { provide: PlatformLocation, useValue: { href: 'about:blank', getBaseHrefFromDOM: () => null } },
        provideHttpClient(withInterceptors([sessionInterceptor(createSignedIn())]), withNoXsrfProtection()),
        provideHttpClientTesting(),
      ],
    });
    bed.inject(HttpClient).get('/orders').subscribe();
    expect(tokenOf(bed.inject(HttpTestingController).expectOne('/orders'))).toBe('T1');
  });

  it('sends no token to a relative url with a <base> of another origin', () => {
    const bed = provide(
      provideHttpClient(withInterceptors([sessionInterceptor(createSignedIn())]), withNoXsrfProtection()),
      provideHttpClientTesting(),
    );
    const document = bed.inject(DOCUMENT);
    const base = document.createElement('base');
    base.setAttribute('href', 'https://cdn.test/app/');
    document.head.appendChild(base);
    onTestFinished(() => base.remove());
    const tokens = ['orders', '/orders', 'http://shop.test/orders'].map((url) => {
      bed.inject(HttpClient).get(url).subscribe();
      return tokenOf(bed.inject(HttpTestingController).expectOne(url));
    });
    expect(tokens).toEqual(['', '', 'T1']);
  });

  it('passes the same request object to later interceptors if nothing changes', async () => {
    const seen: unknown[] = [];
    const watch = (): HttpInterceptorFn => (request, next) => {
      seen.push(request);
      return next(request);
    };
    const { http, session } = createBackend({ interceptors: [watch(), sessionInterceptor(), watch()] });
    await session.signOut();
    http.post('/orders', { item: 'engine' }).subscribe();
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBe(seen[0]);
  });

  it('calls `isExpired` only for complete responses', () => {
    const shown: number[] = [];
    const { http, backend } = createBackend({
      session: {
        isExpired: ({ status }) => {
          shown.push(status);
          return false;
        },
      },
    });
    for (const url of ['/broken', '/refused']) http.get(url).subscribe({ error: () => {} });
    backend.expectOne('/broken').error(new Event('error') as ProgressEvent); // as a browser has it
    backend.expectOne('/refused').flush(null, { status: 300, statusText: 'Choices' });
    expect(shown).toEqual([300]);
  });

  it('accepts a given session, and origins', () => {
    const session = createSignedIn();
    const bed = provide(
      provideHttpClient(
        withInterceptors([sessionInterceptor(session, { allowedOrigins: ['https://api.test'] })]),
        withNoXsrfProtection(),
      ),
      provideHttpClientTesting(),
    );
    const backend = bed.inject(HttpTestingController);
    const outcome = outcomeOf(bed.inject(HttpClient).get('https://api.test/orders'));
    expire(backend.expectOne('https://api.test/orders'), 'code 1002');
    const replay = backend.expectOne('https://api.test/orders');
    expect(tokenOf(replay)).toBe('T2');
    replay.flush('order');
    expect(outcome.values).toEqual(['order']);
    bed.inject(HttpClient).get('/page').subscribe();
    expect(tokenOf(backend.expectOne('/page'))).toBe('');
  });

  it('refuses an invalid session or origin at creation', () => {
    expect(() => sessionInterceptor({} as never)).toThrow('session: expected one that createSession has made');
    expect(() => sessionInterceptor(createSignedIn(), { allowedOrigins: ['shop'] })).toThrow('allowedOrigins');
  });

  it.each([
    ['withoutSession()', { context: withoutSession() }, ''],
    ['an Authorization header of its own', { headers: { Authorization: 'Basic abc' } }, 'Basic abc'],
  ])('ignores a request with %s, and its response', (_what, options, authorization) => {
    const { http, backend } = createBackend();
    const outcome = outcomeOf(http.get('/public', options));
    const request = backend.expectOne('/public');
    expect(request.request.headers.get('authorization') ?? '').toBe(authorization);
    expire(request, 'code 1002');
    backend.verify();
    expect(outcome).toEqual({ values: [{ code: 1002 }], isComplete: true });
  });

  it('passes the request on the wire to the predicate and `authorize`', () => {
    const shown: HttpRequest[] = [];
    const harness = createBackend({
      session: {
        authorize: (request, { accessToken }) => {
          shown.push(request);
          return { ...request, url: `${request.url}?by=${accessToken}`, headers: { ...request.headers, 'x-by': 'us' } };
        },
      },
    });
    harness.http.post('orders', { item: 'engine' }).subscribe();
    const { request } = harness.backend.expectOne('http://shop.test/app/orders?by=T1');
    expect(request.headers.get('x-by')).toBe('us');
    expect(shown).toMatchObject([
      {
        method: 'POST',
        url: 'http://shop.test/app/orders',
        body: '{"item":"engine"}',
        headers: { 'content-type': 'application/json' },
      },
    ]);
  });

  it.each([
    ['an object', () => ({ item: 'engine', tags: ['a'] })],
    ['a list', () => [1, 2]],
    ['a number', () => 7],
    ['a flag', () => false],
    ['a text', () => 'text'],
    ['parameters', () => new HttpParams({ fromObject: { a: 1 } })],
    ['a form', () => new URLSearchParams({ a: '1' })],
    ['bytes', () => new Uint8Array([1, 2]).buffer],
    ['a blob', () => new Blob(['x'])],
    ['a form of files', () => new FormData()],
    ['nothing', () => null],
  ])('replays %s unchanged, and of the same type', (_what, make) => {
    const harness = createBackend();
    const { http, backend } = harness;
    const body = make();
    http.post('/orders', body).subscribe();
    const first = backend.expectOne('/orders');
    const sent = first.request.serializeBody();
    const type = first.request.detectContentTypeHeader();
    expire(first, 'code 1002');
    renew(harness);
    const { request } = backend.expectOne('/orders');
    const again = request.serializeBody();
    expect(again instanceof URLSearchParams ? `${again}` : again).toEqual(
      sent instanceof URLSearchParams ? `${sent}` : sent,
    );
    expect(request.detectContentTypeHeader()).toBe(type);
    expect(request.headers.has('content-type')).toBe(false);
  });

  it('sends a waiting request as it was at the call', () => {
    const harness = createBackend();
    const { http, backend } = harness;
    http.get('/leader').subscribe();
    expire(backend.expectOne('/leader'), 'code 1002');
    const body = { item: 'engine' };
    const form = new URLSearchParams({ a: '1' });
    http.post('/waiter', body).subscribe();
    http.post('/form', form).subscribe();
    body.item = 'changed';
    form.set('a', '2');
    renew(harness);
    expect(backend.expectOne('/waiter').request.body).toEqual({ item: 'engine' });
    expect(`${backend.expectOne('/form').request.body}`).toBe('a=1');
  });

  it('treats each subscription as a request, also of a retrying interceptor', () => {
    const harness = createBackend({
      interceptors: [(request, next) => next(request).pipe(retry(1)), sessionInterceptor()],
    });
    const { http, backend } = harness;
    const types: number[] = [];
    http.get('/orders', { observe: 'events' }).subscribe(({ type }) => types.push(type));
    expire(backend.expectOne('/orders'), 'code 1002');
    renew(harness);
    backend.expectOne('/orders').flush('busy', { status: 503, statusText: 'Busy' });
    expire(backend.expectOne('/orders'), 'HTTP 401');
    renew(harness, 'T3');
    const last = backend.expectOne('/orders');
    expect(tokenOf(last)).toBe('T3');
    last.flush('order');
    // `Sent`, once for each try of the interceptor before; then the response.
    expect(types).toEqual([0, 0, 4]);
  });

  it('aborts a request on the wire when it is unsubscribed', () => {
    const { http, backend } = createBackend();
    const judged = http.get('/orders').subscribe();
    const request = backend.expectOne('/orders');
    judged.unsubscribe();
    expect(request.cancelled).toBe(true);
  });

  it('sends no request of one user for another, even after a late retry', async () => {
    const later = new Subject<void>();
    const { http, backend, session } = createBackend({
      interceptors: [
        (request, next) => next(request).pipe(retry({ count: 1, delay: () => later })),
        sessionInterceptor(),
      ],
    });
    const outcome = outcomeOf(http.post('/orders', { by: 'ada' }));
    backend.expectOne('/orders').flush('busy', { status: 503, statusText: 'Busy' });
    await session.signOut();
    await session.signIn({ accessToken: 'BOB' });
    later.next();
    expect(backend.match('/orders')).toEqual([]);
    expect(outcome).toMatchObject({ error: { code: 'signed-out' } });
  });

  it('sends the same bytes twice, also after a retry of an interceptor', () => {
    const harness = createBackend({
      interceptors: [(request, next) => next(request).pipe(retry(1)), sessionInterceptor()],
    });
    const { http, backend } = harness;
    const body = { item: 'engine' };
    http.post('/orders', body).subscribe();
    const first = backend.expectOne('/orders');
    body.item = 'changed';
    first.flush('busy', { status: 503, statusText: 'Busy' });
    const tried = backend.expectOne('/orders');
    expect(tried.request.body).toEqual({ item: 'engine' });
    expire(tried, 'HTTP 401');
    renew(harness);
    expect(backend.expectOne('/orders').request.body).toEqual({ item: 'engine' });
  });

  it('passes the body of the caller to later interceptors, with files and dates', () => {
    const seen: unknown[] = [];
    const watch: HttpInterceptorFn = (request, next) => {
      if (request.url === '/upload') seen.push(request.body);
      return next(request);
    };
    const harness = createBackend({ interceptors: [sessionInterceptor(), watch] });
    const body = { file: new File(['bytes'], 'a.txt'), at: new Date(0) };
    harness.http.post('/upload', body).subscribe();
    expire(harness.backend.expectOne('/upload'), 'HTTP 401');
    renew(harness);
    expect(seen).toEqual([body, body]);
    expect(seen[1]).toBe(body);
  });

  it.each([
    ['application/json', { item: 'engine' }, '{"item":"engine","by":"T1"}'],
    [
      'application/x-www-form-urlencoded;charset=UTF-8',
      new HttpParams({ fromObject: { item: 'engine' } }),
      'item=engine&by=T1',
    ],
  ])('keeps the content type if `authorize` changes the body: %s', (type, body, signed) => {
    const { http, backend } = createBackend({
      session: { authorize: (request) => ({ ...request, body: signed }) },
    });
    http.post('/orders', body).subscribe();
    const { request } = backend.expectOne('/orders');
    expect([request.serializeBody(), request.headers.get('content-type')]).toEqual([signed, type]);
  });

  it('sends cookies if `authorize` sets `withCredentials`', () => {
    const { http, backend } = createBackend({
      session: { authorize: (request) => ({ ...request, withCredentials: true }) },
    });
    http.get('/orders').subscribe();
    expect(backend.expectOne('/orders').request.withCredentials).toBe(true);
  });

  it('lets a later interceptor read a changed XSRF cookie at each attempt', () => {
    let cookie = 'X1';
    const newestXsrfToken: HttpInterceptorFn = (request, next) => {
      const token = request.headers.has('X-XSRF-TOKEN') && inject(HttpXsrfTokenExtractor).getToken();
      return next(token ? request.clone({ setHeaders: { 'X-XSRF-TOKEN': token } }) : request);
    };
    const bed = provide(
      provideHttpClient(withInterceptors([sessionInterceptor(), newestXsrfToken])),
      provideHttpClientTesting(),
      { provide: HttpXsrfTokenExtractor, useValue: { getToken: () => cookie } },
      provideApi(
        {},
        withSession({
          store: memoryStore({ accessToken: 'T1' }),
          refresh: () => {
            cookie = 'X2';
            return refresh();
          },
        }),
      ),
    );
    const backend = bed.inject(HttpTestingController);
    bed.inject(HttpClient).post('/orders', {}).subscribe();
    const first = backend.expectOne('/orders');
    expect(first.request.headers.get('x-xsrf-token')).toBe('X1');
    expire(first, 'HTTP 401');
    expect(backend.expectOne('/orders').request.headers.get('x-xsrf-token')).toBe('X2');
  });

  it('ignores JSONP, which cannot have headers', () => {
    const { http, backend } = createBackend();
    http.jsonp('http://shop.test/feed', 'callback').subscribe();
    expect(backend.expectOne(({ method }) => method === 'JSONP').request.headers.keys()).toEqual([]);
  });
});
