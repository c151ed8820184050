import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type ApiOptions,
  createApi,
  createSession,
  fetchTransport,
  isApiError,
  memoryStore,
  type Session,
  type SessionOptions,
  toFetch,
} from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBarrier, createTally } from './support/barrier';
import { answering, type Echo, echo, type HttpServer, startHttpServer } from './support/http-server';
import { startTcpServer } from './support/tcp-server';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer();
});

afterEach(() => server.close());

const fetchOf = (options: ApiOptions = {}): typeof fetch =>
  toFetch(createApi({ baseUrl: server.origin, transport: fetchTransport(), ...options }));

const createAbort = () => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new RangeError('enough')) };
};

const sessionWith = (options: Partial<SessionOptions> = {}) =>
  createSession({
    store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
    refresh: () => of({ accessToken: 'T2' }),
    ...options,
  });

/** The outcome of a call, without what each `fetch` has in another form. */
const outcomeOf = async (call: () => Promise<Response>): Promise<unknown> => {
  try {
    const response = await call();
    const { status, statusText, ok, url, redirected, headers, bodyUsed } = response;
    const shown = [...headers].filter(([name]) => name !== 'date');
    const copy = response.clone();
    const text = await response.text();
    const { url: copiedUrl, status: copiedStatus, statusText: copiedStatusText, ok: isCopyOk } = copy;
    const cloned = { copiedUrl, copiedStatus, copiedStatusText, isCopyOk, text: await copy.text() };
    return { status, statusText, ok, url, redirected, shown, bodyUsed, text, cloned, isUsed: response.bodyUsed };
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message: /fetch failed|aborted/.test(message) ? message : '', isType: error instanceof TypeError };
  }
};

const bodies: [string, () => BodyInit][] = [
  ['a text', () => 'a text'],
  ['bytes', () => new Uint8Array([1, 2, 3])],
  ['a blob', () => new Blob(['b'], { type: 'text/x' })],
  ['a form of text', () => new URLSearchParams({ a: '1 2' })],
  ['a stream', () => new Blob(['s']).stream()],
];

const calls: [string, (fetch: typeof globalThis.fetch, origin: string) => Promise<Response>][] = [
  ['a text as url', (fetch, origin) => fetch(`${origin}/a?b=1`)],
  ['a URL', (fetch, origin) => fetch(new URL('/a', origin))],
  ['a Request', (fetch, origin) => fetch(new Request(`${origin}/a`, { headers: { a: '1' } }))],
  ['a Request with init', (fetch, origin) => fetch(new Request(`${origin}/a`), { method: 'PUT', body: 'x' })],
  [
    'headers of init, not of the Request',
    (fetch, origin) => fetch(new Request(`${origin}/a`, { headers: { a: '1' } }), { headers: { b: '2' } }),
  ],
  [
    'Headers',
    (fetch, origin) =>
      fetch(`${origin}/a`, {
        headers: new Headers([
          ['a', '1'],
          ['a', '2'],
        ]),
      }),
  ],
  [
    'pairs',
    (fetch, origin) =>
      fetch(`${origin}/a`, {
        headers: [
          ['a', '1'],
          ['a', '2'],
        ],
      }),
  ],
  ['a Request with a body', (fetch, origin) => fetch(new Request(`${origin}/a`, { method: 'POST', body: 'x' }))],
  ['a Request with an empty body', (fetch, origin) => fetch(new Request(`${origin}/a`, { method: 'POST', body: '' }))],
  ['HEAD', (fetch, origin) => fetch(`${origin}/a`, { method: 'HEAD' })],
  ['DELETE in lower case', (fetch, origin) => fetch(`${origin}/a`, { method: 'delete' })],
  ['init with null members', (fetch, origin) => fetch(`${origin}/a`, { body: null, signal: null })],
  ...bodies.map(([name, create]): (typeof calls)[number] => [
    name,
    (fetch, origin) => fetch(`${origin}/a`, { method: 'POST', body: create(), duplex: 'half' } as RequestInit),
  ]),
  ['a body in a GET', (fetch, origin) => fetch(`${origin}/a`, { method: 'GET', body: 'x' })],
  ['a url that is none', (fetch) => fetch('http://[')],
  ['a header that is none', (fetch, origin) => fetch(`${origin}/a`, { headers: { a: '\n\0' } })],
  ['an option that is none', (fetch, origin) => fetch(`${origin}/a`, { cache: 'x' } as unknown as RequestInit)],
  [
    'a Request that is used',
    async (fetch, origin) => {
      const request = new Request(`${origin}/a`, { method: 'POST', body: 'x' });
      await request.text();
      return fetch(request);
    },
  ],
  ['a port where nobody listens', (fetch) => fetch('http://127.0.0.1:1/a')],
  ['a signal that is aborted', (fetch, origin) => fetch(`${origin}/a`, { signal: AbortSignal.abort() })],
  [
    'a Request whose signal is aborted',
    (fetch, origin) => fetch(new Request(`${origin}/a`, { signal: AbortSignal.abort() })),
  ],
];

describe('toFetch is a fetch', () => {
  it('refuses a client that createApi has not made', () => {
    expect(() => toFetch({} as never)).toThrow(new TypeError('api: expected a client that createApi has made'));
  });

  it.each(calls)('for %s', async (_name, call) => {
    server.answer = echo;
    const own = await outcomeOf(() => call(fetchOf(), server.origin));
    expect(own).toEqual(await outcomeOf(() => call(fetch, server.origin)));
  });

  it.each<[string, Parameters<typeof answering>]>([
    ['204', ['', {}, 204]],
    ['304', ['', { etag: 'a' }, 304]],
    ['404', ['{"a":1}', { 'content-type': 'application/json' }, 404]],
    ['403', ['no', { 'www-authenticate': 'Bearer' }, 403]],
    ['503', ['', { 'retry-after': '3' }, 503]],
    ['JSON', ['{ "a" : 1 }', { 'content-type': 'application/json' }]],
    ['two cookies', ['', { 'set-cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'] }]],
    ['a header twice', ['', { 'x-a': ['1', '2'] }]],
  ])('for a response: %s', async (_name, given) => {
    server.answer = answering(...given);
    const call = (send: typeof fetch) => () => send(`${server.origin}/a`);
    expect(await outcomeOf(call(fetchOf({ session: sessionWith() })))).toEqual(await outcomeOf(call(fetch)));
  });

  it.each(['999 Request denied', '600 ', '200 \u4e0d\u597d', '404 Zur\xfcck', '200 a\x01'])(
    'for a status line: %j',
    async (line) => {
      const tcp = await startTcpServer();
      tcp.act = (socket) => socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 2\r\n\r\nhi`);
      const call = (send: typeof fetch) => () => send(`${tcp.origin}/a`);
      expect(await outcomeOf(call(fetchOf()))).toEqual(await outcomeOf(call(fetch)));
      await tcp.close();
    },
  );

  it.each<RequestRedirect>(['follow', 'manual', 'error'])('for a redirect, redirect: %s', async (redirect) => {
    server.answer = (request, response, body) =>
      request.url === '/a' ? response.writeHead(302, { location: '/b' }).end() : echo(request, response, body);
    const call = (send: typeof fetch) => () => send(new Request(`${server.origin}/a`, { redirect }));
    expect(await outcomeOf(call(fetchOf()))).toEqual(await outcomeOf(call(fetch)));
  });

  it('for an opaque response', async () => {
    const opaque = new Response(null);
    Object.defineProperties(opaque, { status: { value: 0 } });
    const { status, ok, body } = await fetchOf({ transport: fetchTransport({ fetch: async () => opaque }) })('/a');
    expect([status, ok, body]).toEqual([0, false, null]);
  });

  it('appends a relative url to baseUrl', async () => {
    server.answer = echo;
    const { url } = await fetchOf({ baseUrl: `${server.origin}/v1` })('/a?b=1');
    expect(url).toBe(`${server.origin}/v1/a?b=1`);
  });

  it('uses the client: its headers and its interceptors', async () => {
    server.answer = echo;
    const send = fetchOf({
      headers: { a: '1' },
      interceptors: [(request, next) => next({ ...request, headers: { ...request.headers, b: '2' } })],
    });
    const { headers }: Echo = await (await send('/a')).json();
    expect(headers).toMatchObject({ a: '1', b: '2' });
  });

  it('resolves at the head, and reads the body as it is read', async () => {
    const barrier = createBarrier();
    server.answer = async (_request, response) => {
      response.write('a');
      await barrier.opened;
      response.end('b');
    };
    const response = await fetchOf()('/a');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toEqual(new Uint8Array([97]));
    barrier.open();
    expect((await reader.read()).value).toEqual(new Uint8Array([98]));
  });

  it('keeps a response that is read late, and closes one that is dropped', async () => {
    const opened = createTally();
    const closed = createTally();
    const sockets: ServerResponse[] = [];
    server.answer = (_request, response) => {
      sockets.push(response);
      response.on('close', closed.add);
      response.write('a');
      opened.add();
    };
    const send = fetchOf();
    const kept = await send('/kept');
    for (let nth = 0; nth < 5; nth++) await send('/dropped');
    await opened.reached(6);
    for (let round = 0; round < 10; round++) {
      await setImmediate();
      gc();
    }
    await closed.reached(4);
    sockets[0]?.end('b');
    expect(await kept.text()).toBe('ab');
  });

  it('errors the body with the reason of a signal that is aborted after the head', async () => {
    const closed = createBarrier();
    server.answer = (_request, response) => {
      response.on('close', closed.open);
      response.write('a');
    };
    const controller = new AbortController();
    const response = await fetchOf()('/a', { signal: controller.signal });
    controller.abort(new RangeError('enough'));
    await expect(response.text()).rejects.toThrow(new RangeError('enough'));
    await closed.opened;
  });

  it.each(['of the Request', 'of init'])('rejects when its signal is aborted while a body is read: %s', async (of) => {
    const { signal, abort } = createAbort();
    const body = new ReadableStream();
    const request = new Request(`${server.origin}/a`, {
      method: 'POST',
      body,
      duplex: 'half',
      ...(of === 'of the Request' && { signal }),
    } as RequestInit);
    const rejection = expect(fetchOf()(request, of === 'of init' ? { signal } : {})).rejects.toThrow(
      new RangeError('enough'),
    );
    await setImmediate();
    abort();
    await rejection;
    expect(getEventListeners(signal, 'abort').length).toBeLessThan(2);
  });

  it('rejects with the reason of a signal that is aborted before the head', async () => {
    const arrived = createBarrier();
    const closed = createBarrier();
    server.answer = (_request, response) => {
      response.on('close', closed.open);
      arrived.open();
    };
    const controller = new AbortController();
    const answered = fetchOf()('/a', { signal: controller.signal });
    const rejection = expect(answered).rejects.toThrow(new RangeError('enough'));
    await arrived.opened;
    controller.abort(new RangeError('enough'));
    await rejection;
    await closed.opened;
  });
});

/** Rejects T1 by this response, and echoes other requests. */
const rejecting = (status: number, body: string) => {
  const tokens: (string | undefined)[] = [];
  server.answer = (request, response, bytes) => {
    const { authorization } = request.headers;
    tokens.push(authorization);
    if (authorization === 'Bearer T1') response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    else echo(request, response, bytes);
  };
  return tokens;
};

const signals: [string, number, string][] = [
  ['401', 401, ''],
  ['1002', 200, '{"code":1002}'],
];

describe('toFetch has the session', () => {
  it.each(signals)('replays after %s, the body of a Request included', async (_name, status, body) => {
    const tokens = rejecting(status, body);
    const send = fetchOf({ session: sessionWith() });
    const response = await send(new Request(`${server.origin}/a`, { method: 'POST', body: 'x' }));
    const { bytes }: Echo = await response.json();
    expect([response.status, bytes, tokens]).toEqual([200, [120], ['Bearer T1', 'Bearer T2']]);
  });

  it.each(signals)('refuses to replay a stream after %s; the session has been refreshed', async (_name, ...signal) => {
    rejecting(...signal);
    const session = sessionWith();
    const body = new Blob(['x']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    await expect(fetchOf({ session })('/a', init)).rejects.toMatchObject({ code: 'body-not-replayable' });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T2' } });
  });

  it('does not judge lines of JSON and event streams by their body', async () => {
    const send = fetchOf({ session: sessionWith() });
    for (const type of ['application/x-ndjson', 'text/event-stream', 'application/json-seq']) {
      server.answer = answering('{"code":1002}', { 'content-type': type });
      expect(await (await send('/a')).text()).toBe('{"code":1002}');
    }
  });

  it('passes on JSON byte for byte', async () => {
    const bytes = Buffer.from('\ufeff{ "code" :\r\n 1 }');
    server.answer = answering(bytes, { 'content-type': 'application/json' });
    const response = await fetchOf({ session: sessionWith() })('/a');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  it('leaves an authorization header of the call alone', async () => {
    const tokens = rejecting(401, '');
    const { status } = await fetchOf({ session: sessionWith() })('/a', { headers: { Authorization: 'Bearer T1' } });
    expect([status, tokens]).toEqual([401, ['Bearer T1']]);
  });

  it('passes on a 401 while nobody is signed in', async () => {
    server.answer = answering('no', {}, 401);
    const response = await fetchOf({ session: sessionWith({ store: memoryStore() }) })('/a');
    expect([response.status, await response.text()]).toEqual([401, 'no']);
  });

  it('rejects with the errors of the session', async () => {
    server.answer = answering('', {}, 401);
    const codes: unknown[] = [];
    const codeOf = async (options: Partial<SessionOptions>) => {
      const session = sessionWith(options);
      await fetchOf({ session })('/a').catch((error) => codes.push(isApiError(error) && error.code));
      return session;
    };
    await codeOf({});
    await codeOf({ refresh: () => throwError(() => new Error('transient')) });
    await codeOf({ refresh: () => throwError(() => new Error('refused')), isRefused: () => true });
    expect(codes).toEqual(['token-rejected', 'refresh', 'session-expired']);
  });

  it('belongs to the session of its call, however long its body is read', async () => {
    const tokens = rejecting(401, '');
    for (const end of [
      (session: Session) => session.signIn({ accessToken: 'B' }),
      (session: Session) => session.signOut(),
    ]) {
      const session = sessionWith();
      const body = new TransformStream<Uint8Array, Uint8Array>();
      const init = { method: 'POST', body: body.readable, duplex: 'half' } as RequestInit;
      const rejection = expect(fetchOf({ session })(new Request(`${server.origin}/a`, init))).rejects.toMatchObject({
        code: 'signed-out',
      });
      await setImmediate();
      await end(session);
      await body.writable.close();
      await rejection;
    }
    expect(tokens).toEqual([]);
  });

  it('rejects a waiting call when the session is signed out', async () => {
    rejecting(401, '');
    const session = sessionWith({ refresh: () => NEVER });
    const rejection = expect(fetchOf({ session })('/a')).rejects.toMatchObject({ code: 'signed-out' });
    while (session.state.status !== 'refreshing') await setImmediate();
    await session.signOut();
    await rejection;
  });

  it('says that a transport cannot stream', async () => {
    const send = toFetch(createApi({ baseUrl: server.origin }));
    await expect(send('/a')).rejects.toThrow(/fetchTransport/);
  });
});
