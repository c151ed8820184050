import { inspect } from 'node:util';
import {
  type ApiEvent,
  type ApiOptions,
  createApi,
  HttpContext,
  HttpContextToken,
  type HttpEvent,
  type HttpRequest,
  type HttpResponse,
  type Interceptor,
  isApiError,
  type RequestOptions,
  type Transport,
} from 'renewal';
import { delay, EMPTY, NEVER, type Observable, of, switchMap, tap, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { ORIGIN, response, virtually } from './support/virtual';

const fateOf = (request$: Observable<unknown>): { values: unknown[]; error?: unknown } => {
  const fate: { values: unknown[]; error?: unknown } = { values: [] };
  request$.subscribe({
    next: (value) => fate.values.push(value),
    error: (error) => {
      fate.error = error;
    },
  });
  return fate;
};

/** A client that records what reaches its transport. */
const record = (options: ApiOptions = {}, answer: Transport = () => of(response(200, 'body'))) => {
  const requests: HttpRequest[] = [];
  const transport: Transport = (request) => {
    requests.push(request);
    return answer(request);
  };
  return { requests, api: createApi({ baseUrl: ORIGIN, transport, ...options }) };
};

describe('createApi', () => {
  it.each([
    ['baseUrl', { baseUrl: 'http://[' }],
    ['baseUrl', { baseUrl: 'orders' }],
    ['baseUrl', { baseUrl: 'ftp://host/' }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['timeoutMs', { timeoutMs: '5' as unknown as number }], // plain JavaScript
    ['allowedOrigins', { allowedOrigins: ['http://['] }],
  ])('refuses a wrong %s', (name, options) => {
    expect(() => createApi(options)).toThrow(TypeError);
    expect(() => createApi(options)).toThrow(name);
  });

  it('works without any option', () => {
    expect(() => createApi()).not.toThrow();
  });
});

describe('a request', () => {
  it.each(['get', 'head', 'options', 'delete'] as const)('%s$ has no body', (verb) => {
    const { api, requests } = record();
    expect(fateOf(api[`${verb}$`]('/a'))).toEqual({ values: ['body'] });
    expect(requests).toMatchObject([{ method: verb.toUpperCase(), url: `${ORIGIN}/a`, body: null }]);
  });

  it.each(['post', 'put', 'patch'] as const)('%s$ sends its body as JSON', (verb) => {
    const { api, requests } = record();
    fateOf(api[`${verb}$`]('/a', { b: [1] }));
    expect(requests).toMatchObject([
      { method: verb.toUpperCase(), body: '{"b":[1]}', headers: { 'content-type': 'application/json' } },
    ]);
  });

  it('is the whole answer from request$', () => {
    const { api } = record();
    expect(fateOf(api.request$('query', '/a'))).toEqual({ values: [response(200, 'body')] });
  });

  it('shows its progress when asked to', () => {
    const events: HttpEvent[] = [{ type: 'sent' }, { type: 'download', loaded: 1 }, response(200)];
    const { api } = record({}, () => of(...events));
    expect(fateOf(api.request$('GET', '/a', { reportProgress: true })).values).toEqual(events);
    expect(fateOf(api.request$('GET', '/a')).values).toEqual([events[2]]);
    expect(fateOf(api.get$('/a')).values).toEqual([null]);
  });

  it('errors with the parsed answer for a status of 400 or above, once interceptors have seen it', () => {
    const seen: number[] = [];
    const spy: Interceptor = (request, next) =>
      next(request).pipe(tap((event) => event.type === 'response' && seen.push(event.status)));
    const { api } = record({ interceptors: [spy] }, () => of(response(404, { message: 'gone' })));
    const { error } = fateOf(api.get$('/a?secret=1'));
    expect(error).toMatchObject({ code: 'status', status: 404, response: { body: { message: 'gone' } } });
    expect(String(error)).toBe(`HttpStatusError: GET ${ORIGIN}/a: status 404`);
    expect(seen).toEqual([404]);
  });

  it('never completes without a value', () => {
    expect(fateOf(record({}, () => EMPTY).api.get$('/a')).error).toMatchObject({ code: 'network' });
  });

  it.each([
    ['a bad url', 'http://[', {}],
    ['a url of another scheme', 'javascript:alert(1)', {}],
    ['a negative timeout', '/a', { timeoutMs: -1 }],
    ['a body on a GET', '/a', { body: {} }],
  ])('is refused with %s', (_, url, options) => {
    const { api, requests } = record();
    expect(fateOf(api.request$('GET', url, options)).error).toMatchObject({ code: 'request' });
    expect(requests).toEqual([]);
  });

  const circular: { self?: unknown } = {};
  circular.self = circular;
  it.each([
    ['circular', circular],
    ['a bigint', { n: 1n }],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a function', () => 'secret'],
    ['a symbol', Symbol('secret')],
    ['a generator', (function* () {})()],
    ['a stream of Node', process.stdin],
    ['a promise', Promise.resolve(1)],
  ])('is refused with a body that is %s', (_, body) => {
    const { api, requests } = record();
    const { error } = fateOf(api.post$('/a', body as object)); // what plain JavaScript may pass
    expect(error).toMatchObject({ code: 'request' });
    expect(inspect(error)).not.toContain('secret');
    expect(requests).toEqual([]);
  });

  it('gets what an interceptor or a transport throws through its error, and nothing else does', () => {
    const thrown = new Error('thrown');
    const fails = (request: HttpRequest): boolean => request.url.endsWith('/bad');
    const interceptor: Interceptor = (request, next) => {
      if (fails(request)) throw thrown;
      return next(request);
    };
    const { api } = record({ interceptors: [interceptor] });
    expect(() => api.get$('/bad')).not.toThrow();
    expect(fateOf(api.get$('/bad')).error).toBe(thrown);
    expect(fateOf(api.get$('/good'))).toEqual({ values: ['body'] });
    const transport = record({}, () => {
      throw thrown;
    });
    expect(fateOf(transport.api.get$('/a')).error).toBe(thrown);
  });
});

describe('headers, params and context', () => {
  it('merge, whatever their case; undefined takes a default away', () => {
    const { api, requests } = record({ headers: { 'X-One': '1', 'x-two': '2' } });
    fateOf(api.get$('/a', { headers: { 'x-ONE': 'one', 'X-Two': undefined, 'X-Three': '3' } }));
    expect(requests[0]?.headers).toEqual({ 'x-one': 'one', 'x-three': '3' });
  });

  it('adds params to the query, and leaves what is there as it is', () => {
    const { api, requests } = record();
    const params = { a: [1, 2], b: null, c: undefined, d: 'ü&', e: false };
    for (const url of ['/x', '/x?y', '/x?y=%20+;z#h', '/x#h?']) fateOf(api.get$(url, { params }));
    fateOf(api.get$('/x', { params: new URLSearchParams('a=1&a=2') }));
    fateOf(api.get$('/x', { params: {} }));
    expect(requests.map(({ url }) => url.replace(ORIGIN, ''))).toEqual([
      '/x?a=1&a=2&d=%C3%BC%26&e=false',
      '/x?y&a=1&a=2&d=%C3%BC%26&e=false',
      '/x?y=%20+;z&a=1&a=2&d=%C3%BC%26&e=false#h',
      '/x?a=1&a=2&d=%C3%BC%26&e=false#h?',
      '/x?a=1&a=2',
      '/x',
    ]);
  });

  it.each([
    ['https://h.test/api', 'orders', 'https://h.test/api/orders'],
    ['https://h.test/api/', 'orders', 'https://h.test/api/orders'],
    ['https://h.test/api', '/orders', 'https://h.test/orders'],
    ['https://h.test/api', '../orders', 'https://h.test/orders'],
    ['https://h.test', 'č', 'https://h.test/%C4%8D'],
    ['https://h.test', '//other.test/x', 'https://other.test/x'],
    [undefined, '/orders?x#y', '/orders?x#y'],
    [undefined, 'https://h.test/x', 'https://h.test/x'],
  ])('resolves against %s: %s', (baseUrl, url, resolved) => {
    const requests: HttpRequest[] = [];
    const transport: Transport = (request) => {
      requests.push(request);
      return EMPTY;
    };
    fateOf(createApi({ transport, ...(baseUrl && { baseUrl }) }).get$(url));
    expect(requests[0]?.url).toBe(resolved);
  });

  it('hands typed values to interceptors, each request its own copy', () => {
    const SEEN = new HttpContextToken(() => 0);
    const seen: number[] = [];
    const count: Interceptor = (request, next) => {
      seen.push(request.context.get(SEEN));
      request.context.set(SEEN, 99);
      return next(request);
    };
    const { api } = record({ interceptors: [count] });
    const context = new HttpContext().set(SEEN, 1);
    fateOf(api.get$('/a', { context }));
    fateOf(api.get$('/a', { context }));
    fateOf(api.get$('/a'));
    expect(seen).toEqual([1, 1, 0]);
    expect(context.get(SEEN)).toBe(1);
  });
});

describe('interceptors', () => {
  const named =
    (name: string, log: string[]): Interceptor =>
    (request, next) => {
      log.push(name);
      return next({ ...request, headers: { ...request.headers, 'x-by': `${request.headers['x-by'] ?? ''}${name}` } });
    };

  it('stand outermost first; extend appends', () => {
    const log: string[] = [];
    const { api, requests } = record({ interceptors: [named('a', log), named('b', log)] });
    fateOf(api.extend({ interceptors: [named('c', log)] }).get$('/x'));
    expect(log).toEqual(['a', 'b', 'c']);
    expect(requests[0]?.headers['x-by']).toBe('abc');
  });

  it('may send a request again', () => {
    const again: Interceptor = (request, next) =>
      next(request).pipe(
        switchMap((event) => (event.type === 'response' && event.status === 503 ? next(request) : of(event))),
      );
    const { api, requests } = record({ interceptors: [again] }, () =>
      of(response(requests.length === 1 ? 503 : 200, 'body')),
    );
    expect(fateOf(api.get$('/a')).values).toEqual(['body']);
    expect(requests).toHaveLength(2);
  });

  it('may answer without the transport', () => {
    const { api, requests } = record({ interceptors: [() => of(response(200, 'cached'))] });
    expect(fateOf(api.get$('/a')).values).toEqual(['cached']);
    expect(requests).toEqual([]);
  });
});

describe('extend', () => {
  it('merges headers, replaces the rest, and loses nothing to undefined', () => {
    const { api, requests } = record({ headers: { a: '1', b: '2' }, timeoutMs: 5, withCredentials: true });
    const undefinedOptions = { timeoutMs: undefined, withCredentials: undefined, baseUrl: undefined };
    fateOf(api.extend({ headers: { B: '3' }, ...(undefinedOptions as unknown as ApiOptions) }).get$('/x')); // plain JavaScript
    expect(requests).toMatchObject([
      { headers: { a: '1', b: '3' }, timeoutMs: 5, withCredentials: true, url: `${ORIGIN}/x` },
    ]);
  });
});

describe('timeoutMs', () => {
  const slow: Transport = () => of(response(200, 'late')).pipe(delay(10));

  it('ends an attempt that takes longer', () => {
    virtually(({ expectObservable }) => {
      const { api } = record({ timeoutMs: 9 }, slow);
      const error = expect.objectContaining({
        code: 'timeout',
        message: `GET ${ORIGIN}/a: no complete answer within 9 ms`,
      });
      expectObservable(api.get$('/a')).toBe('---------#', undefined, error);
      expectObservable(api.get$('/a', { timeoutMs: 11 })).toBe('10ms (v|)', { v: 'late' });
      expectObservable(api.get$('/a', { timeoutMs: 0 })).toBe('10ms (v|)', { v: 'late' });
    });
  });

  it.each([0, Number.POSITIVE_INFINITY, 2 ** 31])('starts no timer for %d', (timeoutMs) => {
    vi.useFakeTimers();
    const subscription = record({ timeoutMs }, () => NEVER)
      .api.get$('/a')
      .subscribe();
    expect(vi.getTimerCount()).toBe(0);
    subscription.unsubscribe();
    vi.useRealTimers();
  });
});

describe('events$', () => {
  it('tells what happens to each request, without its query', () => {
    virtually(({ flush }) => {
      const { api } = record({}, ({ url }) =>
        url.includes('bad') ? of(response(500)) : of(response(200)).pipe(delay(5)),
      );
      const events: ApiEvent[] = [];
      api.events$.subscribe((event) => events.push(event));
      fateOf(api.get$('/good?secret=1'));
      fateOf(api.get$('/bad'));
      api.get$('/left').subscribe().unsubscribe();
      flush();
      const line = (event: ApiEvent) =>
        event.type === 'request'
          ? `${event.requestId} ${event.phase} ${event.attempt} ${event.status ?? ''}${event.error ?? ''} ${event.atMs}`
          : event.type;
      expect(events.map(line)).toEqual([
        '1 queued 0  0',
        '1 sent 1  0',
        '2 queued 0  0',
        '2 sent 1  0',
        '2 settled 1 500status 0',
        '3 queued 0  0',
        '3 sent 1  0',
        '3 cancelled 1  0',
        '1 settled 1 200 5',
      ]);
      expect(JSON.stringify(events)).not.toContain('secret');
    });
  });
});

describe('errors', () => {
  it('keep nothing of a request that may be a secret', () => {
    const { api } = record({}, (request) => throwError(() => new Error(request.url)));
    const options: RequestOptions = { headers: { authorization: 'Basic hidden' }, timeoutMs: -1 };
    const { error } = fateOf(api.post$('https://user:hidden@h.test/a?hidden#hidden', { hidden: 1 }, options));
    if (!isApiError(error, 'request')) throw error;
    expect([inspect(error, { showHidden: true, depth: 9 }), JSON.stringify(error), error.stack].join()).not.toContain(
      'hidden',
    );
    expect(error.request).toMatchObject({ method: 'POST', url: 'https://h.test/a', headers: {}, body: null });
    expect(Object.keys(error)).not.toContain('request');
    expect(isApiError(error, 'status')).toBe(false);
    expect(isApiError(new Error('x'))).toBe(false);
  });
});

describe('an answer', () => {
  it('is whatever the transport made of it', () => {
    const answer: HttpResponse = response(201, { id: 1 }, { location: '/orders/1' });
    expect(fateOf(record({}, () => of(answer)).api.request$('POST', '/orders')).values).toEqual([answer]);
  });
});
