import { Readable } from 'node:stream';
import { type Body, type HttpRequest, isApiError } from 'renewal';
import { NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { serialize } from '../../lib/http/body';
import { createRecorder, createSignedIn, outcomeOf, shownOf } from '../support/http-client';
import { response } from '../support/virtual';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8';

/** What reaches the transport of a POST with this body. */
const sent = (body: unknown, headers: Record<string, string> = {}): HttpRequest | undefined => {
  const { api, requests } = createRecorder();
  outcomeOf(api.post$('/a', body as Body, { headers })); // what plain JavaScript may pass
  return requests[0];
};

class Order {
  constructor(readonly id: number) {}
}

const serialised: [string, unknown, unknown, string | undefined][] = [
  ['an object', { a: 1, b: undefined }, '{"a":1}', JSON_TYPE],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}', JSON_TYPE],
  ['an instance of a class', new Order(1), '{"id":1}', JSON_TYPE],
  ['an object that knows its JSON', { toJSON: () => ({ a: 1 }) }, '{"a":1}', JSON_TYPE],
  ['a list', [1, 'b', null], '[1,"b",null]', JSON_TYPE],
  ['an empty list', [], '[]', JSON_TYPE],
  ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"', JSON_TYPE],
  ['a number', 1.5, '1.5', JSON_TYPE],
  ['0', 0, '0', JSON_TYPE],
  ['true', true, 'true', JSON_TYPE],
  ['false', false, 'false', JSON_TYPE],
  ['a text', '{"a":1}', '{"a":1}', undefined],
  ['an empty text', '', '', undefined],
  ['null', null, null, undefined],
  ['undefined', undefined, null, undefined],
  ['URLSearchParams', new URLSearchParams({ a: '1 &', ü: '' }), 'a=1+%26&%C3%BC=', FORM_TYPE],
  // those of Bun have a toJSON
  ['URLSearchParams with a toJSON', Object.assign(new URLSearchParams('a=1'), { toJSON: () => 1 }), 'a=1', FORM_TYPE],
];

const leftAlone: [string, Body][] = [
  ['an ArrayBuffer', new ArrayBuffer(2)],
  ['a Uint8Array', new Uint8Array([1, 2, 3]).subarray(1, 2)],
  ['a Float64Array', new Float64Array(1)],
  ['a DataView', new DataView(new ArrayBuffer(4), 1, 2)],
  ['a Buffer of Node', Buffer.from('hello')],
  ['a Blob', new Blob(['x'])],
  ['a File', new File(['x'], 'x.txt')],
  ['FormData', new FormData()],
  ['a ReadableStream', new ReadableStream()],
];

const circular: { self?: unknown } = {};
circular.self = circular;

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const refused: [string, unknown][] = [
  ['circular', circular],
  ['a bigint', 1n],
  ['an object that holds a bigint', { n: 1n }],
  ['a promise of another make', Object.fromEntries([['then', () => {}]])],
  ['an observable of another make', { subscribe: () => {} }],
  ['a proxy that was revoked', revoked()],
  ['a Map', new Map([['secret', 1]])],
  ['a Set', new Set(['secret'])],
  ['a WeakMap', new WeakMap()],
  ['a function', () => 'secret'],
  ['a symbol', Symbol('secret')],
  ['a generator', (function* () {})()],
  ['an asynchronous generator', (async function* () {})()],
  ['a stream of Node', Readable.from(['secret'])],
  ['an observable', of('secret')],
  ['a promise', Promise.resolve('secret')],
  ['an error', new Error('secret')],
  ['a regular expression', /secret/],
  ['an object whose JSON is none', { toJSON: () => undefined }],
  [
    'an object that throws',
    {
      get secret() {
        throw new Error('secret');
      },
    },
  ],
];

describe('a body', () => {
  it.each(serialised)('that is %s is sent as what that means', (_, body, text, type) => {
    expect(sent(body)).toMatchObject({ body: text, headers: type ? { 'content-type': type } : {} });
    if (!type) expect(sent(body)?.headers).toEqual({});
  });

  it.each(leftAlone)('that is %s is left to the transport as it is', (_, body) => {
    const request = sent(body);
    expect(request?.body).toBe(body);
    expect(request?.headers).toEqual({});
  });

  it.each(refused)('that is %s is refused', (_, body) => {
    const { api, requests } = createRecorder();
    const create = () => api.post$('/a', body as Body); // what plain JavaScript may pass
    expect(create).not.toThrow();
    const { error } = outcomeOf(create());
    expect(error).toMatchObject({ name: 'InvalidRequestError', code: 'request' });
    expect(shownOf(error)).not.toContain('secret');
    expect(requests).toHaveLength(0);
  });

  it.each<[string, unknown, string]>([
    ['circular', { secret: circular }, 'it has a circular reference'],
    ['an object that holds a bigint', { secret: [1n] }, 'it has a BigInt'],
    [
      'an object whose getter throws',
      {
        get secret() {
          throw new TypeError('secret');
        },
      },
      'a getter or toJSON() throws',
    ],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('secret');
        },
      },
      'a getter or toJSON() throws',
    ],
  ])('that is %s is refused with the reason, which quotes nothing', (_, body, why) => {
    const { api } = createRecorder();
    const { error } = outcomeOf(api.post$('/a', body as Body)); // as above
    expect(error).toMatchObject({ message: expect.stringContaining(why), cause: { name: 'TypeError', message: why } });
    expect(shownOf(error)).not.toContain('secret');
  });

  it.each([
    ['BigInt', 1n],
    ['Map', new Map()],
    ['Promise', Promise.resolve()],
    ['Function', () => {}],
    ['Symbol', Symbol('secret')],
  ])('of a kind that cannot be sent is refused by that name: %s', (kind, body) => {
    const { api } = createRecorder();
    const { error } = outcomeOf(api.post$('/a', body as Body)); // as above
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(`(${kind})`) });
  });

  it.each(refused)('that is %s is refused by a session, too, which stays as it was', (_, body) => {
    const session = createSignedIn();
    const { api, requests } = createRecorder({ session });
    expect(outcomeOf(api.post$('/a', body as Body)).error).toMatchObject({ code: 'request' }); // as above
    expect(requests).toHaveLength(0);
    expect(session.state).toMatchObject({ status: 'active' });
  });

  it('has the content type that the caller names', () => {
    expect(sent({ a: 1 }, { 'Content-Type': 'application/vnd.api+json' })).toMatchObject({
      body: '{"a":1}',
      headers: { 'content-type': 'application/vnd.api+json' },
    });
    expect(sent(new URLSearchParams('a=1'), { 'content-type': 'text/plain' })?.headers).toEqual({
      'content-type': 'text/plain',
    });
    expect(sent('<a/>', { 'content-type': 'text/xml' })?.headers).toEqual({ 'content-type': 'text/xml' });
  });

  it('is seen by interceptors as the caller gave it', () => {
    const body = { a: 1 };
    const seen: unknown[] = [];
    const { api } = createRecorder({
      interceptors: [
        (request, next) => {
          seen.push(request.body);
          return next(request);
        },
      ],
    });
    outcomeOf(api.post$('/a', body));
    expect(seen[0]).toBe(body);
  });

  it('that an interceptor has replaced is serialised as well', () => {
    const { api, requests } = createRecorder({
      interceptors: [(request, next) => next({ ...request, body: { wrapped: request.body } })],
    });
    outcomeOf(api.post$('/a', { b: 1 }));
    expect(requests[0]?.body).toBe('{"wrapped":{"b":1}}');
  });

  it.each([null, undefined])('that an interceptor has replaced with %s is none', (none) => {
    const { api, requests } = createRecorder({
      interceptors: [(request, next) => next({ ...request, body: none as null })], // what plain JavaScript may pass
    });
    expect(outcomeOf(api.post$('/a', { b: 1 }))).toMatchObject({ isComplete: true });
    expect(requests[0]?.body ?? null).toBeNull();
  });

  it('is not looked at before someone subscribes', () => {
    const body = { a: 1 };
    const { api, requests } = createRecorder();
    const request$ = api.post$('/a', body);
    body.a = 2;
    outcomeOf(request$);
    expect(requests[0]?.body).toBe('{"a":2}');
  });

  it('is serialised once for both attempts, which send the same', () => {
    let count = 0;
    const { api, requests } = createRecorder({
      session: createSignedIn(),
      transport: ({ headers }) => of(response(headers.authorization === 'Bearer T2' ? 200 : 401)),
    });
    outcomeOf(api.post$('/a', { toJSON: () => ++count }));
    expect(requests.map(({ body }) => body)).toEqual(['1', '1']);
    expect(count).toBe(1);
  });

  it('of bytes is handed over without a copy where there is no session', () => {
    const bytes = new Uint8Array(4);
    expect(sent(bytes)?.body).toBe(bytes);
  });

  it.each([
    ['an ArrayBuffer', Uint8Array.of(1, 2).buffer],
    ['a view', Uint8Array.of(0, 1, 2, 3).subarray(1, 3)],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(4)).fill(1, 1, 2).fill(2, 2, 3).subarray(1, 3)],
    ['a DataView', new DataView(Uint8Array.of(0, 1, 2).buffer, 1)],
  ])('of bytes is copied once for both attempts: %s', (_, bytes) => {
    const { api, requests } = createRecorder({
      session: createSignedIn(),
      transport: ({ headers }) => (headers.authorization === 'Bearer T2' ? NEVER : of(response(401))),
    });
    outcomeOf(api.post$('/a', bytes));
    const [first, second] = requests.map(({ body }) => body);
    expect(first).toEqual(Uint8Array.of(1, 2).buffer);
    expect(first).not.toBe(bytes);
    expect(second).toBe(first);
  });
});

describe('serialize', () => {
  const { api, requests } = createRecorder();
  outcomeOf(api.post$('/a'));
  const requestOf = (body: unknown): HttpRequest => {
    const [request] = requests;
    if (!request) throw new Error('no request was made');
    return { ...request, body: body as Body }; // what plain JavaScript may pass
  };

  it.each([
    ...serialised.filter(([, body]) => body !== undefined).map(([name, body]) => [name, body] as const),
    ...leftAlone,
  ])('does nothing to %s that is serialised already', (_, body) => {
    const once = serialize(requestOf(body));
    expect(serialize(once)).toBe(once);
  });

  it('changes no request that it is given', () => {
    const request = Object.freeze(requestOf({ a: 1 }));
    expect(serialize(request)).toMatchObject({ body: '{"a":1}', method: 'POST' });
    expect(request).toMatchObject({ body: { a: 1 }, headers: {} });
  });

  it('throws an error that says which kind of body it was, and of which request', () => {
    const attempt = () => serialize(requestOf(new Map([['secret', 1]])));
    expect(attempt).toThrow('POST https://api.test/a: a body of this kind (Map) cannot be sent');
    try {
      attempt();
    } catch (error) {
      expect(isApiError(error, 'request') && error.request?.body).toBeNull();
    }
  });
});
