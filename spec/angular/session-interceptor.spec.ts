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
  it('adds nothing to a request that is none of the session’s business', () => {
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

  it('adds nothing but the header', () => {
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
  ])('decides by origin whether the token goes to %s: %s', (url, goes) => {
    const { http, backend } = createBackend();
    http.get(url).subscribe();
    expect(tokenOf(backend.expectOne(url))).toBe(goes ? 'T1' : '');
  });

  it('lets the token go where the api of provideApi does', () => {
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

  it('lets the token of a session of one’s own go to the page, where it is told nothing else', () => {
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

  it('knows relative urls for its own also where there is no page, as in a test', () => {
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

  it('takes a relative url for what a <base> of another origin makes of it, where no token goes', () => {
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

  it('hands on the very request of the caller to those after it, where it has nothing to add', async () => {
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

  it('asks of nothing but complete answers whether they say that the token has expired', () => {
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

  it('takes a session of one’s own, and origins', () => {
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
    const again = backend.expectOne('https://api.test/orders');
    expect(tokenOf(again)).toBe('T2');
    again.flush('order');
    expect(outcome.values).toEqual(['order']);
    bed.inject(HttpClient).get('/page').subscribe();
    expect(tokenOf(backend.expectOne('/page'))).toBe('');
  });

  it('refuses what is no session, or no origin, at once', () => {
    expect(() => sessionInterceptor({} as never)).toThrow('session: expected one that createSession has made');
    expect(() => sessionInterceptor(createSignedIn(), { allowedOrigins: ['shop'] })).toThrow('allowedOrigins');
  });

  it.each([
    ['withoutSession()', { context: withoutSession() }, ''],
    ['an Authorization header of its own', { headers: { Authorization: 'Basic abc' } }, 'Basic abc'],
  ])('leaves a request with %s alone, and its answer', (_what, options, authorization) => {
    const { http, backend } = createBackend();
    const outcome = outcomeOf(http.get('/public', options));
    const request = backend.expectOne('/public');
    expect(request.request.headers.get('authorization') ?? '').toBe(authorization);
    expire(request, 'code 1002');
    backend.verify();
    expect(outcome).toEqual({ values: [{ code: 1002 }], isComplete: true });
  });

  it('shows the predicate and `authorize` the request as it goes to the wire', () => {
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
  ])('sends %s again as it was, and of the same kind', (_what, make) => {
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

  it('sends what has waited as it was when it was made', () => {
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

  it('counts each subscription for itself, also those of an interceptor before it that tries again', () => {
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
    // Sent, once for each try of the one before; then the answer.
    expect(types).toEqual([0, 0, 4]);
  });

  it('aborts on the wire what is unsubscribed', () => {
    const { http, backend } = createBackend();
    const asked = http.get('/orders').subscribe();
    const request = backend.expectOne('/orders');
    asked.unsubscribe();
    expect(request.cancelled).toBe(true);
  });

  it('sends nothing of one user for another, though an interceptor before it tries again only later', async () => {
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

  it('sends the same bytes twice, also when an interceptor before it has tried again', () => {
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

  it('shows interceptors after it the body of the caller each time, with its files and dates', () => {
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
  ])('sends what `authorize` has made of a body as what that was: %s', (type, body, signed) => {
    const { http, backend } = createBackend({
      session: { authorize: (request) => ({ ...request, body: signed }) },
    });
    http.post('/orders', body).subscribe();
    const { request } = backend.expectOne('/orders');
    expect([request.serializeBody(), request.headers.get('content-type')]).toEqual([signed, type]);
  });

  it('sends cookies where `authorize` says so', () => {
    const { http, backend } = createBackend({
      session: { authorize: (request) => ({ ...request, withCredentials: true }) },
    });
    http.get('/orders').subscribe();
    expect(backend.expectOne('/orders').request.withCredentials).toBe(true);
  });

  it('has an interceptor after it read anew what a refresh has changed, such as the cookie against forged requests', () => {
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

  it('lets JSONP pass, which can have no headers', () => {
    const { http, backend } = createBackend();
    http.jsonp('http://shop.test/feed', 'callback').subscribe();
    expect(backend.expectOne(({ method }) => method === 'JSONP').request.headers.keys()).toEqual([]);
  });
});
