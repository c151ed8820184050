import '@angular/compiler';
import {
  HttpErrorResponse,
  type HttpInterceptorFn,
  HttpResponse,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import {
  createApi,
  createSession,
  type HttpEvent,
  type HttpRequest,
  type Interceptor,
  memoryStore,
  type Tokens,
} from 'renewal';
import { API, httpClientTransport, provideApi, withSession } from 'renewal/angular';
import { NEVER, of, tap, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { outcomeOf, shownOf } from '../support/http-client';
import { provide } from './support/testbed';

const ORDERS = 'http://shop.test/orders';

const withHeader = (request: HttpRequest, token: string): HttpRequest => ({
  ...request,
  headers: { ...request.headers, 'x-token': token },
});

const createHarness = (...interceptors: HttpInterceptorFn[]) => {
  const bed = provide(
    provideHttpClient(withInterceptors(interceptors), withNoXsrfProtection()),
    provideHttpClientTesting(),
    provideApi(() => ({ transport: httpClientTransport() })),
  );
  return { api: bed.inject(API), backend: bed.inject(HttpTestingController) };
};

describe('httpClientTransport', () => {
  it('throws outside an injection context', () => {
    expect(() => httpClientTransport()).toThrow('NG0203');
  });

  it('sends a request unchanged', () => {
    const { api, backend } = createHarness();
    const outcome = outcomeOf(
      api.request$('PUT', '/orders', {
        body: { item: 'engine' },
        params: { page: 2 },
        headers: { 'X-Tenant': '7' },
        withCredentials: true,
      }),
    );
    const { request } = backend.expectOne(`${ORDERS}?page=2`);
    expect(request).toMatchObject({ method: 'PUT', body: '{"item":"engine"}', withCredentials: true });
    expect(request.headers.get('content-type')).toBe('application/json');
    expect(request.headers.get('x-tenant')).toBe('7');
    expect(outcome.values).toEqual([]);
  });

  it('emits the whole response', () => {
    const { api, backend } = createHarness();
    const outcome = outcomeOf(api.request$('GET', '/orders'));
    backend
      .expectOne(ORDERS)
      .flush([1], { status: 201, statusText: 'Created', headers: { 'X-Id': '7', 'X-Many': ['a', 'b'] } });
    expect(outcome).toEqual({
      values: [
        {
          type: 'response',
          status: 201,
          statusText: 'Created',
          headers: { 'x-id': '7', 'x-many': 'a, b' },
          url: ORDERS,
          body: [1],
        },
      ],
      isComplete: true,
    });
  });

  it.each([
    ['a view', new Uint8Array([9, 1, 2, 9]).subarray(1, 3), [1, 2]],
    ['a buffer', new Uint8Array([1, 2]).buffer, [1, 2]],
  ])('sends only the visible bytes of %s', (_what, body, bytes) => {
    const { api, backend } = createHarness();
    api.post$('/orders', body).subscribe();
    const sent = backend.expectOne(ORDERS).request.serializeBody();
    expect([...new Uint8Array(sent as ArrayBuffer)]).toEqual(bytes); // what Angular makes of bytes
  });

  it.each([
    ['the header that all caches know', undefined],
    ['a header of its own', (request: HttpRequest, { accessToken }: Tokens) => withHeader(request, accessToken)],
  ])('keeps a response by token out of the transfer cache, with the token in %s', (_where, authorize) => {
    const store = memoryStore({ accessToken: 'T1' });
    const bed = provide(
      provideHttpClient(withNoXsrfProtection()),
      provideHttpClientTesting(),
      provideApi(
        () => ({ transport: httpClientTransport() }),
        withSession({ store, refresh: () => NEVER, ...(authorize && { authorize }) }),
      ),
    );
    bed.inject(API).get$('/orders').subscribe();
    bed.inject(API).get$('/open', { auth: false }).subscribe();
    const backend = bed.inject(HttpTestingController);
    expect(backend.expectOne(ORDERS).request.transferCache).toBe(false);
    expect(backend.expectOne('http://shop.test/open').request.transferCache).toBeUndefined();
  });

  it('keeps a response by token out of the transfer cache without provideApi, too', () => {
    const bed = provide(provideHttpClient(withNoXsrfProtection()), provideHttpClientTesting());
    const transport = bed.runInInjectionContext(() => httpClientTransport());
    const session = createSession({ refresh: () => NEVER, store: memoryStore({ accessToken: 'T1' }) });
    createApi({ baseUrl: 'http://shop.test', transport, session }).get$('/orders').subscribe();
    expect(bed.inject(HttpTestingController).expectOne(ORDERS).request.transferCache).toBe(false);
  });

  it('lets the transfer cache keep requests of a signed-out user', () => {
    const bed = provide(
      provideHttpClient(withNoXsrfProtection()),
      provideHttpClientTesting(),
      provideApi(() => ({ transport: httpClientTransport() }), withSession({ refresh: () => NEVER })),
    );
    bed.inject(API).get$('/orders').subscribe();
    expect(bed.inject(HttpTestingController).expectOne(ORDERS).request.transferCache).toBeUndefined();
  });

  it('sends bytes in shared memory', () => {
    const { api, backend } = createHarness();
    const bytes = new Uint8Array(new SharedArrayBuffer(4)).fill(7).subarray(1, 3);
    api.post$('/orders', bytes).subscribe();
    expect(backend.expectOne(ORDERS).request.serializeBody()).toEqual(new Uint8Array([7, 7]).buffer);
  });

  it('works without ReadableStream, which some test runners lack', () => {
    const { api, backend } = createHarness();
    vi.stubGlobal('ReadableStream', undefined);
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    expect(outcomeOf(api.post$('/orders', 'text'))).toEqual({ values: [] });
    backend.expectOne(ORDERS);
  });

  it.each([
    ['form', { append: () => {}, getAll: () => [], entries: () => [['a', '1']] }],
    ['blob', { size: 1, type: 'text/plain', slice: () => {}, arrayBuffer: () => {} }],
  ])('refuses a %s of a polyfill, and does not send its internals as JSON', (_what, body) => {
    const { api, backend } = createHarness();
    const outcome = outcomeOf(api.post$('/orders', body));
    expect(outcome.error).toMatchObject({ code: 'request', message: expect.stringContaining('of this platform') });
    backend.verify();
  });

  it('sends a form and a blob of this platform unchanged', () => {
    const { api, backend } = createHarness();
    for (const body of [new FormData(), new Blob(['a'])]) {
      api.post$('/orders', body).subscribe();
      expect(backend.expectOne(ORDERS).request.body).toBeInstanceOf(body.constructor);
    }
  });

  it('sends the body of delete$', () => {
    const { api, backend } = createHarness();
    api.delete$('/orders', { body: { ids: [1] } }).subscribe();
    const { request } = backend.expectOne(ORDERS);
    expect([request.method, request.body]).toEqual(['DELETE', '{"ids":[1]}']);
  });

  it('refuses to stream a response, and names the transport that does', () => {
    const { api, backend } = createHarness();
    expect(outcomeOf(api.get$('/orders', { responseType: 'stream' })).error).toMatchObject({
      code: 'request',
      message: `GET ${ORDERS}: responseType: expected fetchTransport() for a stream`,
    });
    backend.verify();
  });

  it('refuses a stream', () => {
    const { api, backend } = createHarness();
    expect(outcomeOf(api.post$('/orders', new ReadableStream()))).toMatchObject({
      error: { code: 'request', message: `POST ${ORDERS}: HttpClient cannot send a stream` },
    });
    backend.verify();
  });

  it('emits progress if the request reports it', () => {
    const { api, backend } = createHarness();
    const events: HttpEvent[] = [];
    api.request$('POST', '/orders', { body: 'x', reportProgress: true }).subscribe((event) => events.push(event));
    const request = backend.expectOne(ORDERS);
    request.event({ type: 1, loaded: 1, total: 2 });
    request.event({ type: 3, loaded: 5 });
    request.event({ type: 5 });
    request.event(new HttpResponse({ body: 'done', status: 200 }));
    expect(events).toMatchObject([
      { type: 'sent' },
      { type: 'upload', loaded: 1, total: 2 },
      { type: 'download', loaded: 5 },
      { type: 'response', body: 'done' },
    ]);
    expect(events[2]).not.toHaveProperty('total');
  });

  it('emits only the response to interceptors unless the request reports progress', () => {
    const seen: string[] = [];
    const watch: Interceptor = (request, next) => next(request).pipe(tap(({ type }) => seen.push(type)));
    const bed = provide(
      provideHttpClient(withNoXsrfProtection()),
      provideHttpClientTesting(),
      provideApi(() => ({ transport: httpClientTransport(), interceptors: [watch] })),
    );
    bed.inject(API).get$('/orders').subscribe();
    bed.inject(HttpTestingController).expectOne(ORDERS).flush('order');
    expect(seen).toEqual(['response']);
  });

  it.each([300, 304, 404, 500])('emits a response with status %i', (status) => {
    const { api, backend } = createHarness();
    const outcome = outcomeOf(api.request$('GET', '/orders'));
    backend.expectOne(ORDERS).flush({ reason: 'because' }, { status, statusText: 'So' });
    const response = { status, statusText: 'So', body: { reason: 'because' } };
    if (status < 400) expect(outcome.values).toMatchObject([response]);
    else expect(outcome.error).toMatchObject({ code: 'status', response });
  });

  it('errors with a NetworkError after a broken connection', () => {
    const { api, backend } = createHarness();
    const outcome = outcomeOf(api.get$('/orders?token=secret'));
    // An event of browsers, which Node lacks.
    backend.expectOne(`${ORDERS}?token=secret`).error(new Event('error') as ProgressEvent);
    expect(outcome.error).toMatchObject({ code: 'network', message: `GET ${ORDERS}: no complete response` });
    expect(Object(outcome.error).cause).toBeUndefined();
  });

  it('keeps the cause of a failed connection, but not a message of fetch', () => {
    const refused = new Error('connect ECONNREFUSED');
    const { api } = createHarness(({ url }) => {
      const error = url.endsWith('/down')
        ? new TypeError('fetch failed', { cause: refused })
        : new TypeError('"secret"');
      return throwError(() => new HttpErrorResponse({ status: 0, error }));
    });
    expect(outcomeOf(api.get$('/down')).error).toMatchObject({ code: 'network', cause: refused });
    const { error } = outcomeOf(api.get$('/orders'));
    expect(error).toMatchObject({ code: 'network' });
    expect(shownOf(error)).not.toContain('secret');
  });

  it('errors if a body is not JSON, with the start of its text', () => {
    const { api, backend } = createHarness(() => {
      const broken = { error: new SyntaxError('in it: secret'), text: '<html>'.repeat(100) };
      return throwError(() => new HttpErrorResponse({ status: 200, error: broken }));
    });
    const outcome = outcomeOf(api.get$('/orders'));
    expect(outcome.error).toMatchObject({ code: 'parse', response: { status: 200, url: '' } });
    expect(Object(outcome.error).message).toMatch(/^GET .*\/orders: its body is not JSON$/);
    expect(Object(outcome.error).response.body).toHaveLength(200);
    expect(Object(outcome.error).message).not.toContain('secret');
    backend.verify();
  });

  it('keeps the error of the parser if Angular keeps no text', () => {
    const { api } = createHarness(() =>
      throwError(() => new HttpErrorResponse({ status: 200, error: new SyntaxError('x') })),
    );
    expect(outcomeOf(api.get$('/orders')).error).toMatchObject({ code: 'parse', response: { body: 'SyntaxError: x' } });
  });

  it('passes on an error of an interceptor with a success status', () => {
    const custom = new HttpErrorResponse({ status: 200, error: new Error('out of stock') });
    const { api } = createHarness(() => throwError(() => custom));
    expect(outcomeOf(api.get$('/orders')).error).toBe(custom);
  });

  it('passes on an error of an Angular interceptor unchanged', () => {
    const own = new Error('own');
    const { api } = createHarness(() => throwError(() => own));
    expect(outcomeOf(api.get$('/orders')).error).toBe(own);
  });

  it('emits the response of an Angular interceptor', () => {
    const { api, backend } = createHarness(() => of(new HttpResponse({ body: 'cached', status: 200 })));
    expect(outcomeOf(api.get$('/orders'))).toEqual({ values: ['cached'], isComplete: true });
    backend.verify();
  });

  it('aborts a request on the wire when it is unsubscribed', () => {
    const { api, backend } = createHarness();
    const asked = api.get$('/orders').subscribe();
    const request = backend.expectOne(ORDERS);
    asked.unsubscribe();
    expect(request.cancelled).toBe(true);
  });
});
