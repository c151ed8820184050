import { setTimeout } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { createApi, createSession, fetchTransport, memoryStore, type SessionOptions, toFetch } from 'renewal';
import { sse$ } from 'renewal/stream';
import { type FakeBackend, type FakeBackendOptions, fakeBackend, type Reply } from 'renewal/testing';
import { delay, EMPTY, firstValueFrom, NEVER, of, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { virtually } from '../support/virtual';

const BASE = 'https://shop.test/v1';

const create = (options: FakeBackendOptions = {}, own: Partial<SessionOptions> = {}) => {
  const backend = fakeBackend(options);
  const session = createSession({ store: memoryStore(backend.issue()), refresh: backend.refresh, ...own });
  const api = createApi({ baseUrl: BASE, session, transport: backend.transport });
  return { backend, session, api };
};

/** A backend whose one route needs no token, and a client of it. */
const open = (route: NonNullable<FakeBackendOptions['routes']>[string], path = '/v1/a') => {
  const backend = fakeBackend({ routes: { [path]: route }, publicRoutes: [path] });
  return { backend, api: createApi({ baseUrl: BASE, transport: backend.transport }) };
};

/** Ways to the same server. */
const transportsOf = (backend: FakeBackend) => [backend.transport, fetchTransport({ fetch: backend.fetch })];

const EVENTS: Reply = { status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'data: 1\n\ndata: 2\n\n' };

describe.each(['status', 'code'] as const)('streams over fakeBackend with signal: %s', (signal) => {
  it('refreshes before an event stream opens', async () => {
    const { backend, api } = create({ signal, routes: { '/v1/events': () => EVENTS } });
    backend.expireTokens();
    const events = await firstValueFrom(sse$(api, '/events').pipe(take(2), toArray()));
    expect([events.map(({ data }) => data), backend.refreshes]).toEqual([['1', '2'], 1]);
  });

  it('refreshes for toFetch over its transport', async () => {
    const { backend, api } = create({ signal, routes: { '/v1/orders': () => [7] } });
    backend.expireTokens();
    const response = await toFetch(api)('/orders');
    expect([response.status, await response.json(), backend.refreshes]).toEqual([200, [7], 1]);
    expect(response.url).toBe(`${BASE}/orders`);
  });

  it('shows the body of an error to a request for a stream', async () => {
    const { api } = create({ signal, routes: { '/v1/a': () => ({ status: 403, body: { message: 'no' } }) } });
    const error = await firstValueFrom(api.get$('/a', { responseType: 'stream' })).catch((error: unknown) => error);
    expect(error).toMatchObject({ status: 403, response: { body: { message: 'no' } } });
  });
});

describe('the stream of a route', () => {
  const createTicker = () => {
    const ticker = { isCancelled: false };
    const pull = async (controller: ReadableStreamDefaultController) => {
      await setTimeout(0);
      controller.enqueue(new TextEncoder().encode('data: tick\n\n'));
    };
    const cancel = () => {
      ticker.isCancelled = true;
    };
    const body = () => new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    return { ticker, route: () => ({ ...EVENTS, body: body() }) };
  };

  it('is cancelled when its subscriber unsubscribes', async () => {
    const { ticker, route } = createTicker();
    const { backend } = open(route);
    for (const transport of transportsOf(backend)) {
      ticker.isCancelled = false;
      const api = createApi({ baseUrl: BASE, transport });
      await firstValueFrom(sse$(api, '/a').pipe(take(3), toArray()));
      await expect.poll(() => ticker.isCancelled).toBe(true);
    }
  });

  it('is cancelled when the signal of a fetch is aborted', async () => {
    const { ticker, route } = createTicker();
    const { backend } = open(route, '/a');
    const controller = new AbortController();
    const { body } = await backend.fetch('/a', { signal: controller.signal });
    const reading = new Response(body).text();
    controller.abort(new RangeError('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(ticker.isCancelled).toBe(true);
  });

  it('is read for a request that wants no stream', async () => {
    const { api } = open(() => ({ status: 200, body: new Response('{"a":1}').body }));
    expect(await firstValueFrom(api.get$('/a'))).toEqual({ a: 1 });
  });
});

describe('the reply of a route', () => {
  it.each<[string, unknown, unknown]>([
    ['bytes as text', new TextEncoder().encode('{"a":1}'), { a: 1 }],
    ['a blob as text', new Blob(['{"a":1}']), { a: 1 }],
    [
      'bytes of another realm',
      runInNewContext('Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer', { text: '[7]' }),
      [7],
    ],
  ])('is decoded: %s', async (_name, body, value) => {
    const { api } = open(() => ({ status: 200, body }));
    expect(await firstValueFrom(api.get$('/a'))).toEqual(value);
  });

  it('is an ArrayBuffer or a Blob by responseType', async () => {
    const { api } = open(() => ({
      status: 200,
      headers: { 'content-type': 'a/b' },
      body: new Uint8Array([0, 7, 0]).subarray(1, 2),
    }));
    const buffer = await firstValueFrom(api.get$('/a', { responseType: 'arraybuffer' }));
    expect(buffer).toEqual(new Uint8Array([7]).buffer);
    const blob = await firstValueFrom(api.get$('/a', { responseType: 'blob' }));
    expect([blob.type, blob.size]).toEqual(['a/b', 1]);
  });

  it('may be a Response, with its headers', async () => {
    const { backend } = open(() => Response.json({ a: 1 }, { status: 201, headers: { etag: 'x' } }));
    for (const transport of transportsOf(backend)) {
      const api = createApi({ baseUrl: BASE, transport });
      expect(await firstValueFrom(api.request$('GET', '/a'))).toMatchObject({
        status: 201,
        headers: { etag: 'x', 'content-type': 'application/json' },
        body: { a: 1 },
      });
    }
  });

  it('may be an Observable, of which the first value counts', () => {
    virtually(({ expectObservable }) => {
      const { api } = open(() => of({ id: 7 }, { id: 8 }).pipe(delay(30)));
      expectObservable(api.get$('/a')).toBe('30ms (a|)', { a: { id: 7 } });
    });
    expect(outcomeOf(open(() => NEVER).api.get$('/a'))).toEqual({ values: [] });
  });

  it('is missing if an Observable is empty', async () => {
    const { api, backend } = open(() => EMPTY);
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({ code: 'network' });
    await expect(backend.fetch(`${BASE}/a`)).rejects.toThrow('fetch failed');
  });

  it('is JSON that has a status, if that is none of HTTP', () => {
    const { api } = open(() => ({ status: 3 }));
    expect(outcomeOf(api.get$('/a')).values).toEqual([{ status: 3 }]);
  });
});

describe('a route that fails', () => {
  const boom = new RangeError('boom');
  const circular: { self?: unknown } = {};
  circular.self = circular;

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw boom;
      },
      'boom',
    ],
    ['rejects', () => Promise.reject(boom), 'boom'],
    ['returns a wrong status', () => ({ status: 99, body: 1 }), 'status: expected an integer from 200 to 599'],
    ['returns what is no JSON', () => circular, 'circular'],
  ])('is a 500, and verify names it: %s', async (_name, route, message) => {
    const { backend } = open(route);
    for (const transport of transportsOf(backend)) {
      const api = createApi({ baseUrl: BASE, transport });
      const error = await firstValueFrom(api.get$('/a')).catch((error: unknown) => error);
      expect(error).toMatchObject({ status: 500, serverMessage: expect.stringContaining(message) });
    }
    expect(() => backend.verify()).toThrow(/^GET \/v1\/a: the route has failed: /);
    expect(() => backend.verify()).toThrow(message);
    expect(backend.log.map(({ status }) => status)).toEqual([500, 500]);
  });
});

describe('the request of a route', () => {
  const bodyOf = async (body: unknown) => {
    const bodies: unknown[] = [];
    const { backend } = open(({ body }) => void bodies.push(body));
    for (const transport of transportsOf(backend)) {
      const api = createApi({ baseUrl: BASE, transport });
      await firstValueFrom(api.post$('/a', body as object));
    }
    return bodies;
  };

  it('has a form as a form, by either way', async () => {
    const form = new FormData();
    form.append('name', 'ada');
    form.append('file', new File(['abc'], 'a.txt'));
    for (const body of (await bodyOf(form)) as FormData[]) {
      expect(body.get('name')).toBe('ada');
      expect(await (body.get('file') as File).text()).toBe('abc');
    }
  });

  it.each<[string, unknown, unknown]>([
    ['JSON', { a: 1 }, { a: 1 }],
    ['search params', new URLSearchParams({ a: 'b c' }), 'a=b+c'],
    ['a text', 'a', 'a'],
    ['no body', null, null],
  ])('has the same body by either way: %s', async (_name, body, seen) => {
    expect(await bodyOf(body)).toEqual([seen, seen]);
  });

  it('has no body if that is empty', async () => {
    const bodies: unknown[] = [];
    const { backend } = open(({ body }) => void bodies.push(body), '/a');
    await backend.fetch('/a', { method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(bodies).toEqual([null]);
  });

  it.each([
    ['/v1/a b', '/a b'],
    ['/v1/a%20b', '/a b'],
    ['/v1/ä', '/ä'],
    ['/v1//a', `${BASE}//a`],
    ['/a', '/../a'],
  ])('is found by a key with the path as it is written: %s', (key, path) => {
    const { api } = open(() => 7, key);
    expect(outcomeOf(api.get$(path)).values).toEqual([7]);
  });

  it('is relative without a base', () => {
    const { backend } = open(({ query }) => query.get('b'), '/a');
    expect(outcomeOf(createApi({ transport: backend.transport }).get$('/a?b=1')).values).toEqual(['1']);
  });

  it('reports progress to those who want it', () => {
    const { api } = open(() => 7);
    const types = outcomeOf(api.request$('GET', '/a', { reportProgress: true })).values.map(
      (event) => Object(event).type,
    );
    expect(types[0]).toBe('sent');
    expect(types.at(-1)).toBe('response');
  });
});

describe('the users of fakeBackend', () => {
  it('have tokens that a header can carry', async () => {
    const { backend } = create({ routes: { '/v1/me': ({ user }) => user } });
    for (const user of ['Łukasz Nowak', 'ann@shop.example', 'a\nb']) {
      const session = createSession({ store: memoryStore(backend.issue(user)), refresh: backend.refresh });
      for (const transport of transportsOf(backend)) {
        const api = createApi({ baseUrl: BASE, session, transport });
        expect(await firstValueFrom(api.get$('/me'))).toBe(user);
      }
    }
  });

  it('are found at once among ten thousand, in ten thousand requests', () => {
    const backend = fakeBackend({ routes: { '/v1/me': ({ user }) => user } });
    const grants = Array.from({ length: 10_000 }, (_, index) => backend.issue(`user${index}`));
    const session = createSession({ store: memoryStore(grants.at(-1) ?? backend.issue()), refresh: backend.refresh });
    const api = createApi({ baseUrl: BASE, session, transport: backend.transport });
    const startedAtMs = performance.now();
    for (let index = 0; index < 10_000; index++) outcomeOf(api.get$('/me'));
    expect(backend.log).toHaveLength(10_000);
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });

  it('keep no access token that was replaced, nor one of a sign-in that has ended', () => {
    const { backend, api, session } = create({ routes: { '/v1/me': ({ user }) => user } });
    const plain = createApi({ baseUrl: BASE, transport: backend.transport });
    const bearer = (token: string) => outcomeOf(plain.get$('/me', { headers: { authorization: `Bearer ${token}` } }));
    session.refresh$({ force: true }).subscribe();
    expect(bearer('user.access.1').error).toMatchObject({ status: 401 });
    expect(bearer('user.access.2').values).toEqual(['user']);
    backend.revoke('user');
    expect(bearer('user.access.2').error).toMatchObject({ status: 401 });
    expect(outcomeOf(api.get$('/me')).error).toMatchObject({ code: 'session-expired' });
  });
});

describe('mistakes that fakeBackend reports', () => {
  it.each<[unknown, string]>([
    [{ refresh_token: 'R' }, '(keys: refresh_token)'],
    [new URLSearchParams({ refresh_token: 'R-secret' }), '(its body is a text, expected JSON)'],
    ['R-secret', '(its body is a text, expected JSON)'],
    [null, '(it has no body)'],
  ])('names what a refresh has sent: %o', (body, what) => {
    const { backend } = create();
    const http = createApi({ baseUrl: 'https://shop.test', transport: backend.transport });
    const { error } = outcomeOf(http.post$('/refresh', body as object));
    expect(error).toMatchObject({ status: 400, serverMessage: `refreshToken: expected a string ${what}` });
    expect(() => backend.verify()).toThrow(new Error(`POST /refresh: refreshToken: expected a string ${what}`));
  });

  it('refuses a fault that it does not know', () => {
    const message = 'kind: expected refused, unavailable, offline, never or malformed';
    expect(() => fakeBackend().failNextRefresh('timeout' as never)).toThrow(new TypeError(message));
  });

  it.each<[FakeBackendOptions, string]>([
    [{ routes: { '/orders?page=2': () => 1 } }, "routes: expected keys such as '/orders' or 'GET /orders'"],
    [{ refreshPath: '/refresh?a=1' }, 'refreshPath: expected a path that begins with /, without a query'],
  ])('refuses a query where only a path counts: %o', (options, message) => {
    expect(() => fakeBackend(options)).toThrow(new TypeError(message));
  });
});
