import { createApi, createSession, type HttpRequest, type Interceptor, memoryStore } from 'renewal';
import { sse$ } from 'renewal/stream';
import { mockTransport } from 'renewal/testing';
import { firstValueFrom, NEVER, of, retry } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { virtually } from '../support/virtual';

const create = (baseUrl = 'https://shop.test') => {
  const transport = mockTransport();
  return { transport, api: createApi({ baseUrl, transport }) };
};

const SSE = { headers: { 'content-type': 'text/event-stream' } };

/** The message of the error that `work` throws. */
const messageOf = (work: () => unknown): string => {
  try {
    work();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('mockTransport', () => {
  it('answers nothing until the test responds, and then in the same tick', () => {
    const { transport, api } = create();
    const outcome = outcomeOf(api.get$('/orders'));
    expect(outcome).toEqual({ values: [] });
    transport.expectOne('GET /orders').flush([{ id: 7 }]);
    expect(outcome).toEqual({ values: [[{ id: 7 }]], isComplete: true });
    transport.verify();
  });

  it.each<[string, Parameters<ReturnType<typeof mockTransport>['expectOne']>[0]]>([
    ['method and path', 'GET /v1/orders'],
    ['method, path and query', 'GET /v1/orders?page=2'],
    ['a pattern', /orders\?page=\d/],
    ['a pattern with a position', /orders/g],
    ['a predicate', ({ url }: HttpRequest) => url.endsWith('page=2')],
  ])('finds a request by %s', (_name, match) => {
    const { transport, api } = create('https://shop.test/v1');
    outcomeOf(api.get$('/orders', { params: { page: 2 } }));
    expect(transport.expectOne(match).request.method).toBe('GET');
  });

  it.each(['GET /orders?page=3', 'GET /order', 'POST /orders', 'GET /orders/7'])('does not find one by %s', (match) => {
    const { transport, api } = create();
    outcomeOf(api.get$('/orders?page=2'));
    expect(() => transport.expectOne(match)).toThrow('found 0');
  });

  it.each(['/orders', 'orders', 'get /orders', 7, undefined])('refuses the match %s', (match) => {
    const { transport } = create();
    const message = "match: expected a text such as 'GET /orders', a RegExp or a function";
    expect(() => transport.expectOne(match as string)).toThrow(new TypeError(message));
    expect(() => transport.match(match as string)).toThrow(new TypeError(message));
  });

  it('lists what was requested when one request is not found', () => {
    const { transport, api } = create();
    expect(messageOf(() => transport.expectOne('GET /orders'))).toBe(
      'expected one request for GET /orders, found 0; nothing was requested',
    );
    outcomeOf(api.post$('/login', {}));
    outcomeOf(api.get$('/order'));
    api.get$('/gone').subscribe().unsubscribe();
    transport.expectOne('POST /login').flush(null);
    expect(messageOf(() => transport.expectOne('GET /orders'))).toBe(
      'expected one request for GET /orders, found 0; requested were:\n  POST /login (settled)\n  GET /order\n  GET /gone (cancelled)',
    );
  });

  it('refuses to choose among several requests, and claims none of them', () => {
    const { transport, api } = create();
    outcomeOf(api.get$('/orders'));
    outcomeOf(api.get$('/orders'));
    expect(messageOf(() => transport.expectOne('GET /orders'))).toContain('found 2');
    expect(transport.match('GET /orders')).toHaveLength(2);
    expect(transport.match('GET /orders')).toEqual([]);
  });

  it('claims a request once', () => {
    const { transport, api } = create();
    outcomeOf(api.get$('/orders'));
    transport.expectOne('GET /orders');
    expect(messageOf(() => transport.expectOne('GET /orders'))).toContain('GET /orders (claimed)');
  });

  it('names in verify what is open and what was never expected', () => {
    const { transport, api } = create();
    outcomeOf(api.get$('/open'));
    outcomeOf(api.get$('/surprise?a=1'));
    api.get$('/gone').subscribe().unsubscribe();
    transport.expectOne('GET /open');
    expect(messageOf(() => transport.verify())).toBe(
      'never expected:\n  GET /surprise?a=1\nwithout a response:\n  GET /open (claimed)',
    );
  });

  it('refuses a second response, and one to a cancelled request', () => {
    const { transport, api } = create();
    outcomeOf(api.get$('/a'));
    const settled = transport.expectOne('GET /a');
    settled.flush(null);
    const subscription = api.get$('/b').subscribe();
    const cancelled = transport.expectOne('GET /b');
    expect(cancelled.cancelled).toBe(false);
    subscription.unsubscribe();
    expect([settled.cancelled, cancelled.cancelled]).toEqual([false, true]);
    for (const respond of ['flush', 'error'] as const) {
      expect(() => settled[respond](null)).toThrow('GET /a has its response already');
      expect(() => cancelled[respond](null)).toThrow('GET /b was cancelled');
    }
    expect(() => settled.progress(1)).toThrow('GET /a has its response already');
  });

  it('responds with status and headers', () => {
    const { transport, api } = create();
    const outcome = outcomeOf(api.request$('GET', '/a'));
    const failed = outcomeOf(api.get$('/b'));
    transport.expectOne('GET /a').flush({ a: 1 }, { status: 201, headers: { ETag: 'x' } });
    transport.expectOne('GET /b').flush({ message: 'no' }, { status: 404 });
    expect(outcome.values).toMatchObject([{ status: 201, body: { a: 1 }, headers: { etag: 'x' } }]);
    expect(failed.error).toMatchObject({ code: 'status', status: 404, serverMessage: 'no' });
  });

  it.each<[string, object, unknown, object | undefined, unknown]>([
    ['a value as JSON', {}, { at: new Date(0), none: undefined }, undefined, { at: '1970-01-01T00:00:00.000Z' }],
    ['a text as JSON', {}, 'a', undefined, 'a'],
    ['null', {}, null, undefined, null],
    ['an empty response to HEAD', { method: 'HEAD' }, 'a', undefined, null],
    ['204', {}, 'a', { status: 204 }, null],
    ['a text', { responseType: 'text' }, 'a', { headers: { 'content-type': 'text/plain' } }, 'a'],
    ['a value as text', { responseType: 'text' }, { a: 1 }, undefined, '{"a":1}'],
    ['bytes', { responseType: 'arraybuffer' }, new Uint8Array([1]).buffer, undefined, new Uint8Array([1]).buffer],
  ])('decodes by responseType: %s', (_name, options, body, init, value) => {
    const { transport, api } = create();
    const { method = 'GET' } = options as { method?: string };
    const outcome = outcomeOf(api.request$(method, '/a', options));
    transport.expectOne(`${method} /a`).flush(body, init);
    expect(outcome.values).toMatchObject([{ body: value }]);
  });

  it('decodes a blob and a stream', async () => {
    const { transport, api } = create();
    const blob = outcomeOf(api.get$('/a', { responseType: 'blob' }));
    const stream = outcomeOf(api.get$('/b', { responseType: 'stream' }));
    transport.expectOne('GET /a').flush('a', { headers: { 'content-type': 'text/csv' } });
    transport.expectOne('GET /b').flush('b', { headers: { 'content-type': 'text/csv' } });
    const [file] = blob.values as Blob[];
    expect([file?.type, await file?.text()]).toEqual(['text/csv', 'a']);
    expect(await new Response(stream.values[0] as ReadableStream).text()).toBe('b');
  });

  it('sends a page to a JSON request as the text that it is', () => {
    const { transport, api } = create();
    const outcome = outcomeOf(api.get$('/a'));
    transport.expectOne('GET /a').flush('<html>', { headers: { 'content-type': 'text/html' } });
    expect(outcome.error).toMatchObject({ code: 'parse' });
  });

  it('fails with a NetworkError and its cause', () => {
    const { transport, api } = create();
    const outcome = outcomeOf(api.get$('/a'));
    const cause = new Error('reset');
    transport.expectOne('GET /a').error(cause);
    expect(outcome.error).toMatchObject({ code: 'network', cause });
  });

  it('reports progress to those who want it', () => {
    const { transport, api } = create();
    const wanted = outcomeOf(api.request$('GET', '/a', { reportProgress: true }));
    const other = outcomeOf(api.get$('/b'));
    const call = transport.expectOne('GET /a');
    call.progress(1);
    call.progress(2, 3);
    call.flush(null);
    transport.expectOne('GET /b').progress(1);
    expect(wanted.values).toMatchObject([
      { type: 'sent' },
      { type: 'download', loaded: 1 },
      { type: 'download', loaded: 2, total: 3 },
      { type: 'response' },
    ]);
    expect(other.values).toEqual([]);
  });

  it('reports the progress of an upload, whose form it shows as it is', () => {
    const { transport, api } = create();
    const form = new FormData();
    const outcome = outcomeOf(api.request$('POST', '/a', { body: form, reportProgress: true }));
    const call = transport.expectOne('POST /a');
    call.progress(1, 2, 'upload');
    call.flush(null);
    expect(call.request.body).toBe(form);
    expect(outcome.values).toMatchObject([{ type: 'sent' }, { type: 'upload', loaded: 1, total: 2 }, { status: 200 }]);
  });

  it('sees each attempt of an interceptor, and what a timeout or signal has cancelled', () => {
    virtually(({ flush }) => {
      const { transport, api } = create();
      const twice: Interceptor = (request, next) => next(request).pipe(retry(1));
      const outcome = outcomeOf(api.extend({ interceptors: [twice] }).get$('/a'));
      transport.expectOne('GET /a').error();
      transport.expectOne('GET /a').flush(7);
      expect(outcome.values).toEqual([7]);
      const controller = new AbortController();
      const [late, aborted] = [{ timeoutMs: 10 }, { signal: controller.signal }].map((options) =>
        outcomeOf(api.get$('/b', options)),
      );
      controller.abort(new RangeError('enough'));
      flush();
      expect([late?.error, aborted?.error]).toMatchObject([{ code: 'timeout' }, { message: 'enough' }]);
      expect(transport.match('GET /b').map(({ cancelled }) => cancelled)).toEqual([true, true]);
      transport.verify();
    });
  });

  it('shows a token that dies: one refresh, each request again', () => {
    const transport = mockTransport();
    const http = createApi({ baseUrl: 'https://shop.test', transport });
    const session = createSession({
      store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      refresh: () => http.post$('/refresh', {}),
    });
    const api = http.extend({ session });
    const outcomes = [1, 2, 3].map((page) => outcomeOf(api.get$(`/orders/${page}`)));
    for (const call of transport.match(/^GET/)) call.flush(null, { status: 401 });
    transport.expectOne('POST /refresh').flush({ accessToken: 'T2' });
    for (const call of transport.match(/^GET/)) call.flush(call.request.headers.authorization);
    expect(outcomes.map(({ values }) => values)).toEqual(Array(3).fill(['Bearer T2']));
    transport.verify();
  });

  it.each(['GET /orders?tag=a&tag=b&page=2', 'GET /orders?page=2&tag=a&tag=b', 'GET /orders?page=%32&tag=%61&tag=b'])(
    'finds a request by its query in any order: %s',
    (match) => {
      const { transport, api } = create();
      outcomeOf(api.get$('/orders', { params: { page: 2, tag: ['a', 'b'] } }));
      expect(() => transport.expectOne('GET /orders?page=2&tag=b&tag=a')).toThrow('found 0');
      transport.expectOne(match);
    },
  );

  it.each(['GET /a b/ä', 'GET /a%20b/%C3%A4', 'GET /x/../a b/ä'])('finds a request by its path: %s', (match) => {
    const { transport, api } = create();
    outcomeOf(api.get$('/a b/ä'));
    transport.expectOne(match);
  });

  it('keeps a request open if its response cannot be sent', () => {
    const { transport, api } = create();
    const outcome = outcomeOf(api.get$('/a'));
    const call = transport.expectOne('GET /a');
    expect(() => call.flush(1n)).toThrow(TypeError);
    expect(() => call.flush(null, { status: 99 })).toThrow(
      new TypeError('status: expected an integer from 200 to 599'),
    );
    call.flush(7);
    expect(outcome).toEqual({ values: [7], isComplete: true });
  });

  it('opens an event stream, and refreshes for an expired one by code 1002', async () => {
    const transport = mockTransport();
    const refresh = () => of({ accessToken: 'T2' });
    const session = createSession({ store: memoryStore({ accessToken: 'T1' }), refresh });
    const api = createApi({ baseUrl: 'https://shop.test', transport, session });
    const event = firstValueFrom(sse$(api, '/events'));
    transport.expectOne('GET /events').flush({ code: 1002 });
    await expect
      .poll(() => transport.match('GET /events').map((call) => call.flush('data: 1\n\n', SSE)))
      .toHaveLength(1);
    expect(await event).toMatchObject({ data: '1' });
  });

  it('lets a subscriber send and cancel requests within a response', () => {
    const { transport, api } = create();
    const later = { first: outcomeOf(NEVER), second: outcomeOf(NEVER) };
    const other = api.get$('/b').subscribe();
    api.get$('/a').subscribe(() => {
      other.unsubscribe();
      later.first = outcomeOf(api.get$('/c'));
      transport.expectOne('GET /c').flush(3);
      later.second = outcomeOf(api.get$('/a'));
    });
    transport.expectOne('GET /a').flush(1);
    transport.expectOne('GET /a').flush(2);
    expect(transport.expectOne('GET /b').cancelled).toBe(true);
    expect([later.first.values, later.second.values]).toEqual([[3], [2]]);
    transport.verify();
  });

  it('finds each of ten thousand requests at once', () => {
    const { transport, api } = create();
    const startedAtMs = performance.now();
    const outcomes = Array.from({ length: 10_000 }, (_, index) => outcomeOf(api.get$(`/a/${index}`)));
    for (let index = 9_999; index >= 0; index--) transport.expectOne(`GET /a/${index}`).flush(index);
    expect(outcomes.every(({ isComplete }) => isComplete)).toBe(true);
    expect(performance.now() - startedAtMs).toBeLessThan(6_000);
  });

  it('is a transport of its own', () => {
    const one = create();
    const other = create();
    outcomeOf(one.api.get$('/a'));
    expect(other.transport.match(/a/)).toEqual([]);
  });
});
