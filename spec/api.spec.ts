import {
  type ApiEvent,
  type ApiOptions,
  bearer,
  createApi,
  createSession,
  envelope,
  type HttpEvent,
  type HttpRequest,
  type HttpResponse,
  type Interceptor,
  memoryStore,
  type RequestOptions,
  type Session,
  type Transport,
} from 'renewal';
import {
  asyncScheduler,
  concat,
  delay,
  EMPTY,
  map,
  NEVER,
  of,
  Subject,
  switchMap,
  takeUntil,
  tap,
  throwError,
} from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventsOf } from './support/events';
import { completedWith, createRecorder, createSignedIn, outcomeOf, shownOf, unhandledBy } from './support/http-client';
import { nativeOf } from './support/native-observable';
import { createVirtualClient, ORIGIN, response, virtually } from './support/virtual';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** What plain JavaScript may pass, whatever the types say. */
const untyped = <T>(value: unknown): T => value as T;

describe('createApi', () => {
  it('works without any option', () => {
    expect(() => createApi()).not.toThrow();
  });

  it.each(['file:///app/index.html', 'blob:https://shop.test/1', 'about:blank'])(
    'works on the page %s, which is not of http',
    (href) => {
      vi.stubGlobal('location', { href });
      const { api, requests } = createRecorder(untyped<ApiOptions>({ baseUrl: undefined }));
      expect(outcomeOf(api.get$('https://shop.test/a'))).toEqual(completedWith('body'));
      expect(requests).toHaveLength(1);
    },
  );

  it.each<[string, unknown]>([
    ['baseUrl', 'http://['],
    ['baseUrl', 'orders'],
    ['baseUrl', '/orders'],
    ['baseUrl', ''],
    ['baseUrl', 'ftp://host/'],
    ['baseUrl', 'data:text/plain,x'],
    ['baseUrl', null],
    ['baseUrl', 7],
    ['baseUrl', ['https://shop.test']],
    ['baseUrl', 'https://shop.test/?key=1'],
    ['timeoutMs', -1],
    ['timeoutMs', Number.NaN],
    ['timeoutMs', Number.NEGATIVE_INFINITY],
    ['timeoutMs', '5'],
    ['timeoutMs', 5n],
    ['timeoutMs', null],
    ['allowedOrigins', ['http://[']],
    ['allowedOrigins', ['ftp://shop.test']],
    ['allowedOrigins', ['null']],
    ['allowedOrigins', ['shop.test']],
    ['allowedOrigins', ['/orders']],
    ['allowedOrigins', ['*']],
    ['allowedOrigins', ['']],
    ['allowedOrigins', 'https://shop.test'],
    ['allowedOrigins', [null]],
    ['allowedOrigins', null],
    ['interceptors', {}],
    ['interceptors', null],
    ['interceptors', envelope()],
    ['interceptors', [null]],
    ['transport', {}],
    ['transport', null],
    ['session', {}],
    ['session', null],
    ['session', createSession],
    ['headers', null],
    ['headers', 'accept: hidden'],
    ['headers', { accept: {} }],
    ['headers', { 'a b': 'hidden' }],
    ['withCredentials', null],
    ['withCredentials', 'include'],
  ])('refuses a wrong %s: %o', (name, value) => {
    const options = untyped<ApiOptions>({ [name]: value });
    for (const create of [() => createApi(options), () => createApi().extend(options)]) {
      expect(create).toThrow(TypeError);
      expect(create).toThrow(new RegExp(`^${name}\\b.*: expected (?!.*hidden)`));
    }
  });

  it.each([[null], ['https://shop.test'], [7], [envelope], [['https://shop.test']]])(
    'refuses %o for its options',
    (options) => {
      for (const create of [() => createApi(untyped(options)), () => createApi().extend(untyped(options))]) {
        expect(create).toThrow(new TypeError('options: expected an object'));
      }
    },
  );

  it('refuses a session without baseUrl, allowedOrigins and a page', () => {
    const session = createSignedIn();
    const refusal = 'baseUrl: expected a url, or allowedOrigins: without either, there is no origin';
    expect(() => createApi({ session })).toThrow(TypeError);
    expect(() => createApi({ session })).toThrow(refusal);
    expect(() => createApi().extend({ session })).toThrow(refusal);
    expect(() => createApi({ session, allowedOrigins: ['https://shop.test'] })).not.toThrow();
    expect(() => createApi({ session, allowedOrigins: [] })).not.toThrow();
    expect(() => createApi({ baseUrl: 'https://shop.test' }).extend({ session })).not.toThrow();
    vi.stubGlobal('location', { href: 'capacitor://localhost/' });
    expect(() => createApi({ session })).not.toThrow();
  });

  it('quotes no value of an option that it refuses', () => {
    expect(() => createApi({ baseUrl: 'https://user:hidden@[' })).toThrow(expect.not.stringContaining('hidden'));
  });
});

describe('a request', () => {
  it.each(['get', 'head', 'options', 'delete'] as const)('of %s$ has no body', (verb) => {
    const { api, requests } = createRecorder();
    expect(outcomeOf(api[`${verb}$`]('/a'))).toEqual(completedWith('body'));
    expect(requests).toMatchObject([{ method: verb.toUpperCase(), url: `${ORIGIN}/a`, body: null, headers: {} }]);
  });

  it.each(['post', 'put', 'patch'] as const)('of %s$ has its body, or none', (verb) => {
    const { api, requests } = createRecorder();
    expect(outcomeOf(api[`${verb}$`]('/a', { b: [1] }, { headers: { 'x-a': '1' } }))).toEqual(completedWith('body'));
    outcomeOf(api[`${verb}$`]('/a'));
    expect(requests).toMatchObject([
      { method: verb.toUpperCase(), url: `${ORIGIN}/a`, body: '{"b":[1]}', headers: { 'x-a': '1' } },
      { method: verb.toUpperCase(), url: `${ORIGIN}/a`, body: null, headers: {} },
    ]);
  });

  it('of delete$ has the body in its options', () => {
    const { api, requests } = createRecorder();
    expect(outcomeOf(api.delete$('/a', { body: { b: 1 }, headers: { 'x-a': '1' } }))).toEqual(completedWith('body'));
    expect(outcomeOf(api.delete$('/a', { body: undefined }))).toEqual(completedWith('body'));
    expect(requests).toMatchObject([
      { method: 'DELETE', body: '{"b":1}', headers: { 'x-a': '1' } },
      { method: 'DELETE', body: null, headers: {} },
    ]);
  });

  it('has the method that request$ is given, in upper case, and may carry a body', () => {
    const { api, requests } = createRecorder();
    outcomeOf(api.request$('query', '/a', { body: { b: 1 } }));
    outcomeOf(api.request$('delete', '/a', { body: 'b' }));
    expect(requests).toMatchObject([
      { method: 'QUERY', body: '{"b":1}' },
      { method: 'DELETE', body: 'b' },
    ]);
  });

  it('is what its options make of it', () => {
    const { api, requests } = createRecorder({ timeoutMs: 5, withCredentials: true });
    outcomeOf(api.get$('/a'));
    outcomeOf(api.get$('/a', { responseType: 'text', timeoutMs: 6, withCredentials: false, auth: false }));
    outcomeOf(api.get$('/a', untyped<RequestOptions>({ responseType: undefined, timeoutMs: undefined })));
    const usual = { responseType: 'json', timeoutMs: 5, withCredentials: true, auth: true, reportProgress: false };
    expect(requests).toMatchObject([
      usual,
      { responseType: 'text', timeoutMs: 6, withCredentials: false, auth: false },
      usual,
    ]);
  });

  it('is sent once for each subscription, and not at all without one', () => {
    const { api, requests } = createRecorder();
    const request$ = api.post$('/a', { b: 1 });
    expect(requests).toHaveLength(0);
    outcomeOf(request$);
    outcomeOf(request$);
    expect(requests).toHaveLength(2);
  });

  it('is aborted on the wire when it is unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('-----(a|)', { a: response(200) });
      const { api } = createRecorder({ transport: () => wire });
      expectObservable(api.get$('/a'), '--!').toBe('---');
      expectObservable(api.get$('/b'), '---!').toBe('----');
      expectSubscriptions(wire.subscriptions).toBe(['^-!', '^--!']);
    });
  });

  it('closes the connection with the first complete response', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('--a--b', { a: response(200, 'a'), b: response(200, 'b') });
      const { api } = createRecorder({ transport: () => wire });
      expectObservable(api.get$('/a')).toBe('--(v|)', { v: 'a' });
      expectSubscriptions(wire.subscriptions).toBe('^-!');
    });
  });

  it('is the whole answer from request$, as the transport made it', () => {
    const answer = response(201, { id: 1 }, { location: '/orders/1' });
    const { api } = createRecorder({ transport: () => of(answer) });
    expect(outcomeOf(api.request$('POST', '/orders'))).toEqual(completedWith(answer));
  });

  it('shows its progress, then the answer, when it is asked to', () => {
    const events: HttpEvent[] = [{ type: 'sent' }, { type: 'download', loaded: 1, total: 2 }, response(200, 'body')];
    const { api, requests } = createRecorder({ transport: () => of(...events) });
    expect(outcomeOf(api.request$('GET', '/a', { reportProgress: true }))).toEqual({
      values: events,
      isComplete: true,
    });
    expect(outcomeOf(api.request$('GET', '/a'))).toEqual(completedWith(events[2]));
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body'));
    expect(requests.map(({ reportProgress }) => reportProgress)).toEqual([true, false, false]);
  });

  it.each<[string, Transport]>([
    ['nothing', () => EMPTY],
    ['only progress', () => of({ type: 'sent' } as const)],
  ])('errors where the transport completes with %s', (_, transport) => {
    const { api } = createRecorder({ transport });
    expect(outcomeOf(api.get$('/a'))).toMatchObject({ values: [], error: { code: 'network' } });
    expect(outcomeOf(api.request$('GET', '/a', { reportProgress: true })).error).toMatchObject({ code: 'network' });
  });

  it.each([400, 404, 500, 599])('errors with the answer for status %d, once interceptors have seen it', (status) => {
    const seen: number[] = [];
    const spy: Interceptor = (request, next) =>
      next(request).pipe(tap((event) => event.type === 'response' && seen.push(event.status)));
    const { api } = createRecorder({ interceptors: [spy], transport: () => of(response(status, { message: 'no' })) });
    const error = { code: 'status', status, response: { status, body: { message: 'no' } } };
    expect(outcomeOf(api.get$('/a'))).toMatchObject({ values: [], error });
    expect(outcomeOf(api.request$('GET', '/a'))).toMatchObject({ values: [], error });
    expect(seen).toEqual([status, status]);
  });

  it.each([200, 204, 302, 399])('emits the body for status %d', (status) => {
    const { api } = createRecorder({ transport: () => of(response(status, 'body')) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body'));
  });

  it('emits nothing after cancel, even if the transport cancels and rejects the token', () => {
    const cancelled = new Subject<void>();
    const { api } = createVirtualClient({
      respond: (_, answer) => {
        cancelled.next();
        return of(answer);
      },
    });
    const phases: string[] = [];
    api.events$.subscribe((event) => event.type === 'request' && phases.push(event.phase));
    outcomeOf(api.get$('/orders').pipe(takeUntil(cancelled)));
    expect(phases.at(-1)).toBe('cancelled');
    expect(phases.filter((phase) => phase === 'cancelled' || phase === 'settled')).toHaveLength(1);
  });

  it.each(['queued', 'sent'] as const)(
    'is not sent where one who hears by events$ that it is %s cancels it',
    (phase) => {
      const { api, requests } = createRecorder();
      const cancelled = new Subject<void>();
      api.events$.subscribe((event) => {
        if (event.type === 'request' && event.phase === phase) cancelled.next();
      });
      const outcome = outcomeOf(api.get$('/orders').pipe(takeUntil(cancelled)));
      expect(outcome).toEqual({ values: [], isComplete: true });
      expect(requests).toEqual([]);
    },
  );

  it('is not sent where an interceptor cancels it before it passes it on', () => {
    const cancelled = new Subject<void>();
    const cancel: Interceptor = (request, next) => {
      cancelled.next();
      return next(request);
    };
    const { api, requests } = createRecorder({ interceptors: [cancel] });
    expect(outcomeOf(api.get$('/orders').pipe(takeUntil(cancelled)))).toEqual({ values: [], isComplete: true });
    expect(requests).toEqual([]);
  });

  it.each<[string, () => HttpEvent | PromiseLike<never>]>([
    [
      'what a transport throws',
      () => {
        throw new Error('thrown');
      },
    ],
    ['what a transport errors with', () => Promise.reject(new Error('thrown'))],
  ])('gets %s through its error', async (_, fails) => {
    const transport: Transport = ({ url }) => (url.endsWith('/bad') ? untyped(fails()) : of(response(200, 'body')));
    const { api } = createRecorder({ transport });
    expect(() => api.get$('/bad')).not.toThrow();
    const bad = outcomeOf(api.get$('/bad'));
    const good = outcomeOf(api.get$('/good'));
    await Promise.resolve();
    expect(bad).toMatchObject({ values: [], error: { message: 'thrown' } });
    expect(good).toEqual(completedWith('body'));
  });

  it.each<[string, string, RequestOptions]>([
    ['a url that is none', 'http://[', {}],
    ['a port that is none', 'https://shop.test:99999/', {}],
    ['a url of another scheme', 'javascript:alert(1)', {}],
    ['a url of a file', 'file:///etc/passwd', {}],
    ['a negative timeout', '/a', { timeoutMs: -1 }],
    ['a timeout that is no number', '/a', { timeoutMs: Number.NaN }],
    ['a timeout that is a text', '/a', untyped({ timeoutMs: '5' })],
    ['a header that is a symbol', '/a', untyped({ headers: { 'x-a': Symbol('a') } })],
    ['headers that are null', '/a', untyped({ headers: null })],
    ['params that are null', '/a', untyped({ params: null })],
    ['a responseType that there is not', '/a', untyped({ responseType: 'document' })],
    [
      'a schema for a stream',
      '/a',
      untyped({ responseType: 'stream', schema: { '~standard': { validate: () => {} } } }),
    ],
    ['auth that is a text', '/a', untyped({ auth: 'false' })],
    ['withCredentials that is a text', '/a', untyped({ withCredentials: 'include' })],
    ['reportProgress that is a number', '/a', untyped({ reportProgress: 1 })],
    ['a context that is none', '/a', untyped({ context: {} })],
    ['null for its options', '/a', untyped(null)],
    ['a text for its options', '/a', untyped('text')],
  ])('is refused with %s', (_, url, options) => {
    const { api, requests } = createRecorder();
    expect(() => api.get$(url, options)).not.toThrow();
    expect(outcomeOf(api.get$(url, options))).toMatchObject({ values: [], error: { code: 'request' } });
    expect(requests).toHaveLength(0);
  });

  it.each([undefined, null, '', 'G T', 'GET\n', 7, Symbol('a')])('is refused with %o for a method', (method) => {
    const { api, requests } = createRecorder();
    const { error } = outcomeOf(api.request$(untyped(method), '/a'));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('method: expected') });
    expect(requests).toHaveLength(0);
  });

  it('is refused with options that are null beside a body, too', () => {
    const { api } = createRecorder();
    for (const options of [null, 'text']) {
      expect(() => api.post$('/a', {}, untyped<RequestOptions>(options))).not.toThrow();
      expect(outcomeOf(api.post$('/a', {}, untyped<RequestOptions>(options))).error).toMatchObject({ code: 'request' });
    }
  });

  it.each(['GET', 'get', 'HEAD'])('is refused with a body on %s', (method) => {
    const { api, requests } = createRecorder();
    for (const body of [{}, '', 0, false]) {
      expect(outcomeOf(api.request$(method, '/a', { body })).error).toMatchObject({ code: 'request' });
    }
    expect(requests).toHaveLength(0);
    expect(outcomeOf(api.request$(method, '/a', { body: null }))).toMatchObject({ isComplete: true });
  });

  it('is refused with a bad url of an interceptor’s own, also by the session', () => {
    const lost: Interceptor = (request, next) => next({ ...request, url: 'http://[' });
    const { api, requests } = createRecorder({ interceptors: [lost], session: createSignedIn() });
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({ code: 'request' });
    expect(requests).toHaveLength(0);
  });
});

describe('interceptors', () => {
  const named =
    (name: string, log: string[]): Interceptor =>
    (request, next) => {
      log.push(`> ${name}`);
      return next({
        ...request,
        headers: { ...request.headers, 'x-by': `${request.headers['x-by'] ?? ''}${name}` },
      }).pipe(tap((event) => event.type === 'response' && log.push(`< ${name}`)));
    };

  it('stand outermost first', () => {
    const log: string[] = [];
    const { api, requests } = createRecorder({ interceptors: [named('a', log), named('b', log)] });
    outcomeOf(api.get$('/x'));
    expect(log).toEqual(['> a', '> b', '< b', '< a']);
    expect(requests[0]?.headers['x-by']).toBe('ab');
  });

  it('see no token: the session’s own comes last, next to the transport', () => {
    const seen: (string | undefined)[] = [];
    const spy: Interceptor = (request, next) => {
      seen.push(request.headers.authorization);
      return next(request);
    };
    const { api, requests } = createRecorder({ session: createSignedIn() });
    outcomeOf(api.extend({ interceptors: [spy] }).get$('/a'));
    expect(seen).toEqual([undefined]);
    expect(requests[0]?.headers.authorization).toBe('Bearer T1');
  });

  it('see one answer where the session has sent a request twice', () => {
    const statuses: number[] = [];
    const spy: Interceptor = (request, next) =>
      next(request).pipe(tap((event) => event.type === 'response' && statuses.push(event.status)));
    const { api, requests } = createRecorder({
      interceptors: [spy],
      session: createSignedIn(),
      transport: ({ headers }) => of(response(headers.authorization === 'Bearer T2' ? 200 : 401, 'body')),
    });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body'));
    expect(requests).toHaveLength(2);
    expect(statuses).toEqual([200]);
  });

  it('may send a request again', () => {
    const again: Interceptor = (request, next) =>
      next(request).pipe(
        switchMap((event) =>
          event.type === 'response' && event.status === 503
            ? next({ ...request, headers: { 'x-attempt': '2' } })
            : of(event),
        ),
      );
    const { api, requests } = createRecorder({
      interceptors: [again],
      transport: ({ headers }) => of(response(headers['x-attempt'] ? 200 : 503, 'body')),
    });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body'));
    expect(requests.map(({ headers }) => headers)).toEqual([{}, { 'x-attempt': '2' }]);
  });

  it('send only what is subscribed', () => {
    const careless: Interceptor = (request, next) => {
      next(request);
      return next(request);
    };
    const { api, requests } = createRecorder({ interceptors: [careless] });
    outcomeOf(api.get$('/a'));
    expect(requests).toHaveLength(1);
  });

  it('may answer without the transport, and change what comes back', () => {
    const cached: Interceptor = () => of(response(200, 'cached'));
    const shout: Interceptor = (request, next) =>
      next(request).pipe(
        switchMap((event) => of(event.type === 'response' ? { ...event, body: `${event.body}!` } : event)),
      );
    const { api, requests } = createRecorder({ interceptors: [shout, cached] });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('cached!'));
    expect(requests).toHaveLength(0);
  });

  it('that throw do so through the error of that one request', () => {
    const thrown = new Error('thrown');
    const fails: Interceptor = (request, next) => {
      if (request.url.endsWith('/bad')) throw thrown;
      return next(request);
    };
    const { api } = createRecorder({ interceptors: [fails] });
    expect(() => api.get$('/bad')).not.toThrow();
    expect(outcomeOf(api.get$('/bad'))).toEqual({ values: [], error: thrown });
    expect(outcomeOf(api.get$('/good'))).toEqual(completedWith('body'));
  });

  it('that return nothing are an error, too', () => {
    const { api } = createRecorder({ interceptors: [untyped<Interceptor>(() => {})] });
    expect(() => api.get$('/a')).not.toThrow();
    expect(outcomeOf(api.get$('/a')).error).toBeInstanceOf(TypeError);
  });
});

describe('extend', () => {
  it('joins headers, whatever their case', () => {
    const { api, requests } = createRecorder({ headers: { 'X-One': '1', 'x-two': '2' } });
    outcomeOf(api.extend({ headers: { 'X-TWO': 'two', 'x-three': '3' } }).get$('/a'));
    expect(requests[0]?.headers).toEqual({ 'x-one': '1', 'x-two': 'two', 'x-three': '3' });
  });

  it('appends interceptors', () => {
    const log: string[] = [];
    const named =
      (name: string): Interceptor =>
      (request, next) => {
        log.push(name);
        return next(request);
      };
    const { api } = createRecorder({ interceptors: [named('a')] });
    outcomeOf(
      api
        .extend({ interceptors: [named('b')] })
        .extend({ interceptors: [named('c')] })
        .get$('/a'),
    );
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('replaces the rest', () => {
    const { api, requests } = createRecorder({ timeoutMs: 5 });
    const transport: Transport = ({ url, timeoutMs }) => of(response(200, `${url} ${timeoutMs}`));
    const other = api.extend({ baseUrl: 'https://other.test/v2', timeoutMs: 0, transport });
    expect(outcomeOf(other.get$('a'))).toEqual(completedWith('https://other.test/v2/a 0'));
    expect(requests).toHaveLength(0);
  });

  it('loses nothing to undefined, or to what is left out', () => {
    const { api, requests } = createRecorder({ headers: { a: '1' }, timeoutMs: 5, withCredentials: true });
    const names = ['baseUrl', 'session', 'interceptors', 'transport', 'headers', 'timeoutMs', 'withCredentials'];
    const nothing = untyped<ApiOptions>(
      Object.fromEntries([...names, 'allowedOrigins'].map((name) => [name, undefined])),
    );
    outcomeOf(api.extend(nothing).get$('/a'));
    outcomeOf(api.extend({}).get$('/a'));
    const same = { url: `${ORIGIN}/a`, headers: { a: '1' }, timeoutMs: 5, withCredentials: true };
    expect(requests).toMatchObject([same, same]);
  });

  it('leaves the client that it is called on as it was', () => {
    const { api, requests } = createRecorder({ headers: { a: '1' } });
    api.extend({ headers: { a: '2' }, baseUrl: 'https://other.test', interceptors: [() => EMPTY], timeoutMs: 9 });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body'));
    expect(requests).toMatchObject([{ url: `${ORIGIN}/a`, headers: { a: '1' }, timeoutMs: 0 }]);
  });

  it('refuses what createApi refuses', () => {
    expect(() => createApi().extend({ timeoutMs: -1 })).toThrow('timeoutMs');
  });

  it('lets the token go to the new baseUrl, and no longer to the old one', () => {
    const { api, requests } = createRecorder({ session: createSignedIn() });
    const other = api.extend({ baseUrl: 'https://other.test' });
    outcomeOf(other.get$('/a'));
    outcomeOf(other.get$(`${ORIGIN}/a`));
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer T1', undefined]);
  });
});

describe('timeoutMs', () => {
  const late = (message = 'no complete response within 9 ms') =>
    expect.objectContaining({ name: 'RequestTimeoutError', code: 'timeout', message: `GET ${ORIGIN}/a: ${message}` });

  it('ends an attempt that takes longer, and aborts it on the wire', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('----------(a|)', { a: response(200) });
      const { api } = createRecorder({ transport: () => wire, timeoutMs: 9 });
      expectObservable(api.get$('/a')).toBe('---------#', undefined, late());
      expectSubscriptions(wire.subscriptions).toBe('^--------!');
    });
  });

  it('is not put off by progress', () => {
    virtually(({ cold, expectObservable }) => {
      const wire = cold<HttpEvent>('p-p-p-p-p-p-p', { p: { type: 'download', loaded: 1 } });
      const { api } = createRecorder({ transport: () => wire, timeoutMs: 9 });
      expectObservable(api.get$('/a')).toBe('---------#', undefined, late());
    });
  });

  it('can be another one for each request', () => {
    virtually(({ expectObservable }) => {
      const transport: Transport = () => of(response(200, 'late')).pipe(delay(10));
      const { api } = createRecorder({ transport, timeoutMs: 9 });
      const unlimited = createRecorder({ transport }).api;
      expectObservable(api.get$('/a', { timeoutMs: 11 })).toBe('10ms (v|)', { v: 'late' });
      expectObservable(api.get$('/a', { timeoutMs: 0 })).toBe('10ms (v|)', { v: 'late' });
      expectObservable(unlimited.get$('/a')).toBe('10ms (v|)', { v: 'late' });
      expectObservable(unlimited.get$('/a', { timeoutMs: 9 })).toBe('---------#', undefined, late());
    });
  });

  it('counts each attempt on its own, and not what lies between them', () => {
    virtually(({ cold, expectObservable }) => {
      const { session } = createVirtualClient({ refresh: () => cold('20ms (g|)', { g: { accessToken: 'T2' } }) });
      const { api } = createRecorder({
        session,
        timeoutMs: 9,
        transport: ({ headers }) =>
          of(response(headers.authorization === 'Bearer T2' ? 200 : 401, 'body')).pipe(delay(6)),
      });
      expectObservable(api.get$('/a')).toBe('32ms (v|)', { v: 'body' });
    });
  });

  it.each([0, Number.POSITIVE_INFINITY, 2 ** 31])('is no limit, and no timer, at %d', (timeoutMs) => {
    vi.useFakeTimers();
    const { api } = createRecorder({ transport: () => NEVER });
    const subscription = api.get$('/a', { timeoutMs }).subscribe();
    subscription.add(api.extend({ timeoutMs }).get$('/a').subscribe());
    expect(vi.getTimerCount()).toBe(0);
    subscription.unsubscribe();
  });

  it('leaves no timer behind', () => {
    vi.useFakeTimers();
    const { api } = createRecorder({ timeoutMs: 9 });
    outcomeOf(api.get$('/a'));
    outcomeOf(api.extend({ transport: () => throwError(() => new Error('x')) }).get$('/a'));
    api
      .extend({ transport: () => NEVER })
      .get$('/a')
      .subscribe()
      .unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('events$', () => {
  const collect = (api: { events$: ReturnType<typeof createApi>['events$'] }): ApiEvent[] => {
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => events.push(event));
    return events;
  };
  const lineOf = (event: ApiEvent): string => {
    if (event.type !== 'request') return `${event.type} ${event.type === 'warning' ? '' : event.phase}`;
    const { requestId, phase, attempt, status, error } = event;
    return [requestId, phase, attempt, status, error].filter((each) => each !== undefined).join(' ');
  };

  it('tells what happens to each request, and when', () => {
    virtually(({ flush }) => {
      const { api } = createRecorder({
        transport: ({ url }) => (url.endsWith('bad') ? of(response(500)) : of(response(200)).pipe(delay(5))),
      });
      const events = collect(api);
      outcomeOf(api.get$('/good'));
      outcomeOf(api.post$('/bad'));
      api.get$('/left').subscribe().unsubscribe();
      flush();
      expect(events.map(lineOf)).toEqual([
        '1 queued 0',
        '1 sent 1',
        '2 queued 0',
        '2 sent 1',
        '2 settled 1 500 status',
        '3 queued 0',
        '3 sent 1',
        '3 cancelled 1',
        '1 settled 1 200',
      ]);
      expect(events.map(({ atMs }) => atMs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 5]);
      expect(events[2]).toMatchObject({ type: 'request', method: 'POST', url: `${ORIGIN}/bad` });
    });
  });

  it('tells of the session as well', () => {
    const { api } = createRecorder({
      session: createSignedIn(),
      transport: ({ headers }) => of(response(headers.authorization === 'Bearer T2' ? 200 : 401)),
    });
    const events = collect(api);
    outcomeOf(api.get$('/a'));
    expect(events.map(lineOf)).toEqual([
      '1 queued 0',
      '1 sent 1',
      '1 token-expired 1',
      '1 waiting 1',
      'refresh started',
      'refresh succeeded',
      '1 resent 2',
      '1 settled 2 200',
    ]);
  });

  it('names an error by its code, or as unknown where it is not of this library', () => {
    const { api } = createRecorder({ transport: () => throwError(() => new Error('secret')) });
    const events = collect(api);
    outcomeOf(api.get$('/a'));
    expect(events.map(lineOf)).toEqual(['1 queued 0', '1 sent 1', '1 settled 1 unknown']);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('shows no token, query, header or body', () => {
    const { api } = createRecorder({
      session: createSession({
        refresh: () => of({ accessToken: 'hidden-2', refreshToken: 'hidden-3' }),
        store: memoryStore({ accessToken: 'hidden-1', refreshToken: 'hidden-0' }),
      }),
      transport: ({ headers }) => of(response(headers.authorization === 'Bearer hidden-2' ? 404 : 401, 'hidden')),
    });
    const events = collect(api);
    const url = `${ORIGIN.replace('//', '//user:hidden@')}/a?q=hidden#hidden`;
    outcomeOf(api.post$(url, { b: 'hidden' }, { headers: { 'x-key': 'hidden' }, params: { p: 'hidden' } }));
    expect(events).toHaveLength(8);
    expect(shownOf(events)).not.toContain('hidden');
  });

  it('is hot: it replays nothing, and shows the same to all', () => {
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a'));
    const [one, other] = [collect(api), collect(api)];
    expect(one).toEqual([]);
    outcomeOf(api.get$('/a'));
    expect(one.map(lineOf)).toEqual(['1 queued 0', '1 sent 1', '1 settled 1 200']);
    expect(other).toEqual(one);
    expect(requests).toHaveLength(2);
  });

  it('never errors or completes, whatever requests do', () => {
    const { api } = createRecorder({ transport: () => throwError(() => new Error('x')) });
    const outcome = outcomeOf(api.events$);
    outcomeOf(api.get$('/a'));
    outcomeOf(api.get$('http://['));
    expect(outcome).not.toHaveProperty('error');
    expect(outcome).not.toHaveProperty('isComplete');
  });

  it('lets no subscriber that throws hurt a request', () => {
    const { api } = createRecorder({ session: createSignedIn() });
    api.events$.subscribe(() => {
      throw new Error('x');
    });
    const unhandled = unhandledBy(() => expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('body')));
    expect(unhandled).toMatchObject([{ message: 'x' }, { message: 'x' }, { message: 'x' }]);
  });

  it('costs nothing while no one listens', () => {
    const now = vi.spyOn(asyncScheduler, 'now');
    const { api } = createRecorder();
    outcomeOf(api.get$('/a'));
    expect(now).not.toHaveBeenCalled();
    const subscription = api.events$.subscribe();
    outcomeOf(api.get$('/a'));
    expect(now).toHaveBeenCalledTimes(3);
    subscription.unsubscribe();
    outcomeOf(api.get$('/a'));
    expect(now).toHaveBeenCalledTimes(3);
  });

  it('tells once that a request has settled', () => {
    const { api } = createRecorder({
      transport: () =>
        concat(
          of(response(200), response(200)),
          throwError(() => new Error('x')),
        ),
    });
    const events = collect(api);
    outcomeOf(api.get$('/a'));
    expect(events.map(lineOf)).toEqual(['1 queued 0', '1 sent 1', '1 settled 1 200']);
  });

  it('emits no sent event for a request that cannot be sent', () => {
    const { api, requests } = createRecorder();
    const events = collect(api);
    outcomeOf(api.post$('/a', new Map()));
    expect(requests).toHaveLength(0);
    expect(events.map(lineOf)).not.toContain('1 sent 1');
  });
});

describe('a client', () => {
  it('shows no token, key or body to those who print it, or what it makes', () => {
    const session = createSession({
      refresh: () => of({ accessToken: 'hidden' }),
      store: memoryStore({ accessToken: 'hidden', refreshToken: 'hidden' }),
    });
    const { api } = createRecorder({ session, headers: { 'x-key': 'hidden' }, transport: () => NEVER });
    const request$ = api.post$('/a', { b: 'hidden' });
    const subscription = request$.subscribe();
    const shown = [api, session, session.state$, api.events$, request$].map(shownOf);
    subscription.unsubscribe();
    expect(shown.join()).not.toContain('hidden');
  });
});

describe('where the token goes', () => {
  /** The token that a request to each of these carries. */
  const tokensAt = (urls: readonly string[], options: ApiOptions): (string | undefined)[] => {
    const { api, requests } = createRecorder({ session: createSignedIn(), ...options });
    return urls.map((url) => {
      const before = requests.length;
      outcomeOf(api.get$(url));
      return requests.slice(before).map(({ headers }) => headers.authorization)[0];
    });
  };

  it('is where allowedOrigins says, and no longer the origin of baseUrl', () => {
    const urls = ['https://a.test/x', 'https://b.test:8443/x', '/x', `${ORIGIN}/x`];
    expect(tokensAt(urls, { allowedOrigins: ['https://A.test:443/some/path?q', 'https://b.test:8443'] })).toEqual([
      'Bearer T1',
      'Bearer T1',
      undefined,
      undefined,
    ]);
  });

  it('is nowhere when allowedOrigins is empty', () => {
    expect(tokensAt(['/x', `${ORIGIN}/x`], { allowedOrigins: [] })).toEqual([undefined, undefined]);
  });

  it('is the origin of the page where there is no baseUrl', () => {
    vi.stubGlobal('location', { href: 'https://shop.test/cart/' });
    const urls = ['x', '/x', 'https://shop.test/x', 'https://other.test/x', '//other.test/x'];
    expect(tokensAt(urls, untyped<ApiOptions>({ baseUrl: undefined }))).toEqual([
      'Bearer T1',
      'Bearer T1',
      'Bearer T1',
      undefined,
      undefined,
    ]);
  });

  it('is the origin of the page, not of its <base>, for a missing or relative baseUrl', () => {
    vi.stubGlobal('location', { href: 'https://shop.test/cart/' });
    vi.stubGlobal('document', { baseURI: 'https://cdn.test/assets/' });
    const urls = ['x', '/x', 'https://cdn.test/x', 'https://shop.test/x'];
    const onlyThePage = [undefined, undefined, undefined, 'Bearer T1'];
    expect(tokensAt(urls, { baseUrl: undefined })).toEqual(onlyThePage);
    expect(tokensAt(urls, { baseUrl: '/api' })).toEqual(onlyThePage);
    expect(tokensAt(urls, { baseUrl: '//cdn.test/api' })).toEqual(['Bearer T1', 'Bearer T1', 'Bearer T1', undefined]);
  });

  it.each(['http://relative.invalid/', 'http://a.invalid/', 'http://b.invalid/', '//a.invalid/', 'a relative url'])(
    'is no origin that stands for relative urls: %s',
    (url) => {
      vi.stubGlobal('location', { href: 'capacitor://localhost/' });
      const [token] = tokensAt([url], { baseUrl: undefined });
      // Only what is relative belongs to a page of another scheme.
      expect(token).toBe(url.includes('//') ? undefined : 'Bearer T1');
    },
  );

  it.each([
    'HTTPS://API.TEST/x',
    'https://api.test:443/x',
    'https://api.test?x',
    'https://%61pi.test/x',
    'https://user@api.test/x',
    'https:\\\\api.test\\x',
    ' https://api.test/x ',
  ])('is also where %j leads', (url) => {
    expect(tokensAt([url], {})).toEqual(['Bearer T1']);
  });

  it.each([
    'https://api.test.evil.test/x',
    'https://evil.test/api.test',
    'https://api.test@evil.test/x',
    'https://api.test%40evil.test/x',
    'https://api.test:443@evil.test/x',
    'https://evil.test\\@api.test/x',
    'https://evil.test#@api.test/x',
    'https://evil.test?@api.test/x',
    '//evil.test/x',
    '///evil.test/x',
    '/\\evil.test/x',
    '\\\\evil.test\\x',
    '/\t/evil.test/x',
    'ht\ntps://evil.test/x',
    'https:\\\\evil.test/x',
    'http://api.test/x',
    'http:api.test/x',
    'https://api.test:444/x',
    'https://api.test./x',
    'https://sub.api.test/x',
    'https://test/x',
    'https://API.TEST.evil.test/x',
    'https://xn--pi-6kc.test/x',
    'https://аpi.test/x',
    'https://api.test%2eevil.test/x',
  ])('is not where the look-alike %j leads', (url) => {
    expect(tokensAt([url], {})).toEqual([undefined]);
  });

  it.each(['http:evil.test/x', 'http:/evil.test/x', 'http:\\evil.test\\x', '//evil.test/x', '/\\evil.test/x'])(
    'is not where %j leads when there is nothing that it is relative to',
    (url) => {
      const allowedOrigins = ['https://shop.test'];
      const { api, requests } = createRecorder({ baseUrl: undefined, allowedOrigins, session: createSignedIn() });
      outcomeOf(api.get$(url));
      for (const { url: sent, headers } of requests) {
        // Where the platform takes what was sent to be, all by itself.
        expect([new URL(sent).host, headers.authorization]).toEqual(['evil.test', undefined]);
      }
    },
  );

  it('is decided again for a request that an interceptor has changed', () => {
    const elsewhere: Interceptor = (request, next) => next({ ...request, url: 'https://evil.test/x' });
    expect(tokensAt(['/x'], { interceptors: [elsewhere] })).toEqual([undefined]);
  });

  it.each<[string, (session: Session) => RequestOptions]>([
    ['auth is false', () => ({ auth: false })],
    ['it has an authorization of its own', () => ({ headers: { Authorization: 'Basic mine' } })],
  ])('is not on a request of which %s', (_, optionsOf) => {
    const session = createSignedIn();
    const { api, requests } = createRecorder({ session, transport: () => of(response(401)) });
    expect(outcomeOf(api.get$('/x', optionsOf(session))).error).toMatchObject({ code: 'status', status: 401 });
    expect(requests.map(({ headers }) => headers.authorization)).not.toContain('Bearer T1');
    expect(requests).toHaveLength(1);
  });

  it('is compared by origin for a bearer of one’s own, too', () => {
    const own = (allowedOrigins: readonly string[]): readonly HttpRequest[] => {
      const { api, requests } = createRecorder({ interceptors: [bearer(createSignedIn(), { allowedOrigins })] });
      outcomeOf(api.get$('/x'));
      return requests;
    };
    for (const origin of ['https://api.test', 'https://API.test/', 'https://api.test:443/v1']) {
      expect(own([origin])).toMatchObject([{ headers: { authorization: 'Bearer T1' } }]);
    }
  });
});

describe('a token that is withheld', () => {
  const warningsOf = (options: ApiOptions = {}) => {
    const recorder = createRecorder({ session: createSignedIn(), ...options });
    const warnings: string[] = [];
    recorder.api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
    return { ...recorder, warnings };
  };
  const warning = (origin: string) => `the token is withheld from ${origin}: it is not among allowedOrigins`;

  it('is a warning, once for each origin and client', () => {
    const { api, warnings } = warningsOf();
    for (const url of ['https://a.test/x?hidden', 'https://user:hidden@a.test/y', 'https://b.test:8443/', '/own']) {
      outcomeOf(api.get$(url));
    }
    expect(warnings).toEqual([warning('https://a.test'), warning('https://b.test:8443')]);
    const other = api.extend({});
    other.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
    outcomeOf(other.get$('https://a.test/x'));
    expect(warnings).toHaveLength(3);
  });

  it('is a warning for the first one who listens, however late', () => {
    const { api } = createRecorder({ session: createSignedIn() });
    outcomeOf(api.get$('https://a.test/x'));
    const warnings: ApiEvent[] = [];
    api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event));
    outcomeOf(api.get$('https://a.test/x'));
    expect(warnings).toMatchObject([{ message: warning('https://a.test'), atMs: expect.any(Number) }]);
  });

  it.each<[string, RequestOptions]>([
    ['auth is false', { auth: false }],
    ['it has an authorization of its own', { headers: { Authorization: 'Basic mine' } }],
  ])('is none where %s', (_, options) => {
    const { api, warnings } = warningsOf();
    outcomeOf(api.get$('https://a.test/x', options));
    expect(warnings).toEqual([]);
  });

  it('is none where there is no token', () => {
    const session = createSession({ refresh: () => NEVER });
    const { api, warnings } = warningsOf({ session });
    outcomeOf(api.get$('https://a.test/x'));
    expect(warnings).toEqual([]);
  });

  it('is remembered for a hundred origins, and not for more', () => {
    const { api, warnings } = warningsOf();
    for (let n = 0; n < 150; n++) outcomeOf(api.get$(`https://h${n}.test/`));
    expect(warnings).toHaveLength(100);
  });
});

describe('an interceptor in JavaScript', () => {
  it.each([undefined, null])('that emits %s ends its request, and nothing is thrown', (nothing) => {
    const silent: Interceptor = (request, next) => next(request).pipe(map(() => untyped<HttpEvent>(nothing)));
    const outcomes: unknown[] = [];
    const unhandled = unhandledBy(() => {
      for (const interceptors of [[silent], [bearer(createSignedIn()), silent]]) {
        const { api } = createRecorder({ interceptors });
        outcomes.push(outcomeOf(api.request$('GET', '/a', { reportProgress: true })));
      }
    });
    expect(outcomes).toMatchObject(Array(2).fill({ values: [], error: { code: 'network' } }));
    expect(unhandled).toEqual([]);
  });
});

describe('a client whose session is that of a bearer among its interceptors', () => {
  it('warns of a withheld token, too', () => {
    const { api } = createRecorder({ interceptors: [bearer(createSignedIn())] });
    const events = eventsOf(api);
    outcomeOf(api.get$('https://elsewhere.test/a'));
    expect(events).toMatchObject([
      { type: 'request', phase: 'queued' },
      { type: 'warning', message: expect.stringContaining('https://elsewhere.test') },
      { type: 'request', phase: 'sent' },
      { type: 'request', phase: 'settled' },
    ]);
  });
});

describe('an option of a request that throws when it is read', () => {
  it('is refused, and what it throws is not quoted', () => {
    const { api, requests } = createRecorder();
    const options = {
      get headers(): never {
        throw new Error('hidden');
      },
    };
    const { error } = outcomeOf(api.get$('/a', options));
    expect(error).toMatchObject({ code: 'request', message: 'GET /a: an option cannot be read' });
    expect(shownOf(error)).not.toContain('hidden');
    expect(requests).toEqual([]);
  });
});

const notVerdicts: [string, () => unknown][] = [
  ['a promise', () => Promise.resolve(false)],
  ['an Observable', () => of(false)],
  ['a native Observable', () => nativeOf(false)],
];

describe.each(notVerdicts)('a predicate that returns %s', (_, create) => {
  const promised = () => untyped<boolean>(create());

  it('is an error of the request if it is isExpired', () => {
    const { api, session, sent } = createVirtualClient({ isExpired: promised });
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('isExpired: '),
    });
    expect(sent).toEqual(['GET /a T1']);
    expect(session.state.status).toBe('active');
  });

  it('signs no one out if it is isRefused', () => {
    const { api, session } = createVirtualClient({
      isRefused: promised,
      refresh: () => throwError(() => new Error('offline')),
    });
    const { error } = outcomeOf(api.get$('/a'));
    expect(error).toMatchObject({ code: 'refresh', cause: { message: expect.stringContaining('isRefused: ') } });
    expect(session.state.status).toBe('expired');
  });
});

describe('a baseUrl', () => {
  const PAGE = 'https://shop.test/cart/items?x=1#h';
  const stubPage = (base = PAGE): void => {
    vi.stubGlobal('location', { href: PAGE });
    vi.stubGlobal('document', { baseURI: base });
  };

  it('that is empty is none, as of a variable that is not set', () => {
    stubPage();
    const { api, requests } = createRecorder({ baseUrl: '' });
    for (const path of ['/orders', 'orders']) outcomeOf(api.get$(path));
    expect(requests).toMatchObject([{ url: 'https://shop.test/orders' }, { url: 'https://shop.test/cart/orders' }]);
  });

  it.each(['https:api', 'https:/api'])('with a scheme and no host is not completed by a <base>: %s', (baseUrl) => {
    stubPage('https://cdn.test/');
    const { api, requests } = createRecorder({ baseUrl, session: createSignedIn() });
    outcomeOf(api.get$('/orders'));
    expect(requests.filter(({ url }) => url.includes('cdn.test'))).toEqual([]);
  });
});

describe('options that are an array', () => {
  it('are refused with a body, too', () => {
    const { api } = createRecorder();
    expect(outcomeOf(api.post$('/a', 'text', untyped<RequestOptions>([]))).error).toMatchObject({ code: 'request' });
  });
});
