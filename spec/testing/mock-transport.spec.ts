import { createApi, createSession, type HttpRequest, memoryStore } from 'renewal';
import { mockTransport } from 'renewal/testing';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';

const create = (baseUrl = 'https://shop.test') => {
  const transport = mockTransport();
  return { transport, api: createApi({ baseUrl, transport }) };
};

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

  it('is a transport of its own', () => {
    const one = create();
    const other = create();
    outcomeOf(one.api.get$('/a'));
    expect(other.transport.match(/a/)).toEqual([]);
  });
});
