import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Api,
  type ApiOptions,
  createApi,
  createSession,
  fetchTransport,
  type Interceptor,
  memoryStore,
  retryRequests,
  type SessionOptions,
  type Transport,
} from 'renewal';
import { concatMap, delay, firstValueFrom, map, of, take, tap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { endOf } from '../../support/node-client';
import { answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n';
const MEGABYTE = 1_000_000;

let server: TcpServer;

beforeEach(async () => {
  server = await startTcpServer();
});

afterEach(() => server.close());

const apiWith = (options: ApiOptions = {}): Api =>
  createApi({ baseUrl: server.origin, transport: fetchTransport({ maxResponseBytes: 9 }), ...options });

const signedIn = (options: Partial<SessionOptions> = {}): Api =>
  apiWith({
    session: createSession({
      store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      refresh: () => of({ accessToken: 'T2' }),
      ...options,
    }),
  });

const open = (api = apiWith(), options: { signal?: AbortSignal; timeoutMs?: number } = {}) =>
  firstValueFrom(api.get$('/a', { responseType: 'stream', ...options }));

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();

const tokenOf = (head: string): string | undefined => /^authorization: Bearer (.*)$/im.exec(head)?.[1];

/** Resolves once the n-th connection has closed. */
const closedOf = (socket: Socket | undefined): Promise<void> => {
  const barrier = createBarrier();
  if (!socket || socket.destroyed) barrier.open();
  else socket.once('close', barrier.open);
  return barrier.opened;
};

/** The socket of the first request, once the server has written `text` to it. */
const serveOnce = (text: string): { readonly socket: Promise<Socket> } => {
  const barrier = createBarrier();
  let first: Socket | undefined;
  server.act = (socket, _head, nth) => {
    if (nth === 1) first = socket;
    socket.write(text, barrier.open);
  };
  return { socket: barrier.opened.then(() => first as Socket) }; // the server has written to it
};

describe('a streamed response', () => {
  it('arrives before its end, and holds little memory while 200 MB pass', async () => {
    const bytes = Buffer.alloc(MEGABYTE, 'a');
    let sent = 0;
    const started = createBarrier();
    server.act = async (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${200 * MEGABYTE}\r\n\r\n`);
      socket.write(bytes);
      sent = 1;
      await started.opened;
      for (; sent < 200 && !socket.destroyed; sent++)
        if (!socket.write(bytes)) await new Promise((resolve) => socket.once('drain', resolve));
    };
    const reader = (await open()).getReader();
    let size = (await reader.read()).value?.byteLength ?? 0;
    expect([size > 0, sent]).toEqual([true, 1]);
    const heapBytes = process.memoryUsage().heapUsed;
    let maxBytes = heapBytes;
    started.open();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      size += step.value.byteLength;
      maxBytes = Math.max(maxBytes, process.memoryUsage().heapUsed);
    }
    expect(size).toBe(200 * MEGABYTE);
    expect(maxBytes - heapBytes).toBeLessThan(16 * MEGABYTE);
  });

  it('completes at its head', async () => {
    serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const steps: string[] = [];
    const completed = createBarrier();
    apiWith()
      .get$('/a', { responseType: 'stream' })
      .subscribe({
        next: () => steps.push('next'),
        complete: completed.open,
      });
    await completed.opened;
    expect([steps, server.open]).toEqual([['next'], 1]);
  });

  it('outlives a subscription that ends with its emission', async () => {
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const stream = await firstValueFrom(apiWith().get$('/a', { responseType: 'stream' }).pipe(take(1)));
    await setImmediate();
    (await socket).write(`${chunk('b')}0\r\n\r\n`);
    expect(await textOf(stream)).toBe('ab');
  });

  it('stays whole if memory is collected before it is read', async () => {
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const stream = await open();
    for (let round = 0; round < 5; round++) {
      await setImmediate();
      gc();
    }
    (await socket).write(`${chunk('b')}0\r\n\r\n`);
    expect(await textOf(stream)).toBe('ab');
  });

  it('shares one listener on a signal with all requests of a client', async () => {
    server.act = (socket) => socket.write(`${HEAD}\r\n${chunk('a')}`);
    const controller = new AbortController();
    const { signal } = controller;
    const api = apiWith();
    const waiting = Array.from({ length: 20 }, () => open(api, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    const streams = await Promise.all(waiting);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    const texts = streams.map((stream) => expect(textOf(stream)).rejects.toThrow(new RangeError('enough')));
    controller.abort(new RangeError('enough'));
    await Promise.all(texts);
    await server.quiet();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is not bound by timeoutMs after its head', async () => {
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const stream = await open(apiWith(), { timeoutMs: 100 });
    const late = createBarrier();
    setTimeout(late.open, 150);
    await late.opened;
    (await socket).write('0\r\n\r\n');
    expect(await textOf(stream)).toBe('a');
  });

  it('is bound by timeoutMs before its head', async () => {
    server.act = () => {};
    expect(await endOf(apiWith().get$('/a', { responseType: 'stream', timeoutMs: 30 }))).toMatchObject({
      code: 'timeout',
    });
  });

  it('is null where there is no content', async () => {
    serveOnce(answerText('', {}, '204 No Content'));
    expect(await open()).toBeNull();
  });

  it.each<[string, (stream: ReadableStream<Uint8Array>) => Promise<void>]>([
    ['untouched', (stream) => stream.cancel()],
    [
      'by its reader',
      async (stream) => {
        const reader = stream.getReader();
        await reader.read();
        await reader.cancel();
      },
    ],
  ])('closes the connection when it is cancelled %s', async (_, cancel) => {
    for (const api of [apiWith(), signedIn()]) {
      const { socket } = serveOnce(`${HEAD}content-type: application/octet-stream\r\n\r\n${chunk('a')}`);
      const stream = await open(api);
      const closed = closedOf(await socket);
      await cancel(stream);
      await closed;
      server.forget();
    }
  });

  it('closes the connection when the request is unsubscribed before its head', async () => {
    const arrived = createBarrier();
    let closed = Promise.resolve();
    server.act = (socket) => {
      closed = closedOf(socket);
      arrived.open();
    };
    const subscription = apiWith().get$('/a', { responseType: 'stream' }).subscribe();
    await arrived.opened;
    subscription.unsubscribe();
    await closed;
  });

  it('closes the connection of a request unsubscribed while an interceptor holds it', async () => {
    const held = createBarrier();
    const slow: Interceptor = (request, next) =>
      next(request).pipe(
        concatMap((event) => {
          held.open();
          return of(event).pipe(delay(60_000));
        }),
      );
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const subscription = apiWith({ interceptors: [slow] })
      .get$('/a', { responseType: 'stream' })
      .subscribe();
    await held.opened;
    const closed = closedOf(await socket);
    subscription.unsubscribe();
    await closed;
  });

  it('closes the connection of a request unsubscribed while its JSON is judged', async () => {
    const { socket } = serveOnce(`${HEAD}content-type: application/json\r\n\r\n${chunk('[1')}`);
    const asked = createBarrier();
    const isExpired = () => {
      asked.open();
      return false;
    };
    const subscription = signedIn({ isExpired }).get$('/a', { responseType: 'stream' }).subscribe();
    await asked.opened;
    const closed = closedOf(await socket);
    await setImmediate();
    subscription.unsubscribe();
    await closed;
  });

  it('ends with its signal, which then has no listener', async () => {
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const controller = new AbortController();
    const reader = (await open(apiWith(), { signal: controller.signal })).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('a');
    const closed = closedOf(await socket);
    const reason = new Error('no longer needed');
    controller.abort(reason);
    await expect(reader.read()).rejects.toBe(reason);
    await closed;
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('leaves no listener on its signal once it has been read', async () => {
    serveOnce(answerText('ab'));
    const { signal } = new AbortController();
    expect(await textOf(await open(apiWith(), { signal }))).toBe('ab');
    // From Node 24 on, the platform ends its pipe a tick after the last read.
    await setImmediate();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a streamed response of a session', () => {
  it.each([
    ['a 401, whose body never ends', 'HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n'],
    ['the code 1002', answerText('{"code":1002}', { 'content-type': 'application/json; charset=utf-8' })],
    [
      'the code 1002 in chunks',
      `${HEAD}content-type: application/problem+json\r\n\r\n${chunk('{"code"')}${chunk(':1002}')}0\r\n\r\n`,
    ],
  ])('is replayed for %s, and never seen', async (_, expired) => {
    server.act = (socket, head) => void socket.write(tokenOf(head) === 'T1' ? expired : answerText('ab'));
    expect(await textOf(await open(signedIn()))).toBe('ab');
    expect(server.heads.map(tokenOf)).toEqual(['T1', 'T2']);
  });

  it('closes the connection of an expired response at once', async () => {
    const sockets: Socket[] = [];
    server.act = (socket, head) => {
      sockets.push(socket);
      if (tokenOf(head) === 'T1') socket.write('HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\na');
      else closedOf(sockets[0]).then(() => socket.write(answerText('ab')));
    };
    expect(await textOf(await open(signedIn()))).toBe('ab');
  });

  it.each([
    ['JSON', 'application/json', '{"code":0}'],
    ['JSON that is none', 'application/json', '{"code":1002'],
    ['JSON lines', 'application/x-ndjson', '{"code":1002}'],
    ['a JSON sequence', 'application/json-seq', '{"code":1002}'],
    ['events', 'text/event-stream', '{"code":1002}'],
    ['JSON of more than 64 kB', 'application/json', `{"code":1002,"a":"${'a'.repeat(70_000)}"}`],
  ])('is handed on byte for byte: %s', async (_, type, text) => {
    for (const body of [
      answerText(text, { 'content-type': type }),
      `${HEAD}content-type: ${type}\r\n\r\n${chunk(text.slice(0, 9))}${chunk(text.slice(9))}0\r\n\r\n`,
    ]) {
      server.act = (socket) => void socket.write(body);
      expect(await textOf(await open(signedIn()))).toBe(text);
    }
  });

  it('is handed on before its end if it is no JSON', async () => {
    serveOnce(`${HEAD}content-type: text/event-stream\r\n\r\n${chunk('data: 1\n\n')}`);
    const reader = (await open(signedIn())).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n');
    await reader.cancel();
  });

  it('fails where a fresh token is rejected too, and both connections close', async () => {
    const closed: Promise<void>[] = [];
    server.act = (socket) => {
      closed.push(closedOf(socket));
      socket.write('HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\na');
    };
    expect(await endOf(signedIn().get$('/a', { responseType: 'stream' }))).toMatchObject({ code: 'token-rejected' });
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
  });
});

describe('a stream that an interceptor replaces', () => {
  it.each(['a text', null])('by %j closes its connection', async (body) => {
    const { socket } = serveOnce(`${HEAD}\r\n${chunk('a')}`);
    const replace: Interceptor = (request, next) => next(request).pipe(map((event) => ({ ...event, body })));
    const { signal } = new AbortController();
    expect(await open(apiWith({ interceptors: [replace] }), { signal })).toBe(body);
    await closedOf(await socket);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

/** Replaces the stream of each response by a stream in upper case. */
const inUpperCase: Interceptor = (request, next) =>
  next(request).pipe(
    map((event) => {
      if (event.type !== 'response') return event;
      const transform = new TransformStream<Uint8Array, Uint8Array>({
        transform: (bytes, controller) => controller.enqueue(Buffer.from(`${Buffer.from(bytes)}`.toUpperCase())),
      });
      return { ...event, body: (event.body as ReadableStream<Uint8Array>).pipeThrough(transform) };
    }),
  );

const wrap =
  (interceptor: Interceptor): Transport =>
  (request) =>
    interceptor(request, fetchTransport());

describe('a stream that comes through a wrapped transport to its session', () => {
  const withTransport = (transport: Transport): Api =>
    apiWith({
      session: createSession({
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        refresh: () => of({ accessToken: 'T2' }),
      }),
      transport,
    });

  it.each(['text/plain', 'application/json'])('is the one that replaces it: %s', async (type) => {
    serveOnce(answerText('{"a":1}', { 'content-type': type }));
    expect(await textOf(await open(withTransport(wrap(inUpperCase))))).toBe('{"A":1}');
  });

  it('is judged by what replaces it', async () => {
    server.act = (socket, head) =>
      void socket.write(answerText(tokenOf(head) ?? '', { 'content-type': 'application/json' }));
    const expired: Interceptor = (request, next) =>
      next(request).pipe(
        map((event) => {
          if (event.type !== 'response' || request.headers.authorization !== 'Bearer T1') return event;
          return { ...event, body: new Blob(['{"code":1002}']).stream() };
        }),
      );
    expect(await textOf(await open(withTransport(wrap(expired))))).toBe('T2');
  });

  it('is passed on as it is if someone reads it', async () => {
    serveOnce(answerText('{"a":1}', { 'content-type': 'application/json' }));
    const texts: Promise<string>[] = [];
    const read: Interceptor = (request, next) =>
      next(request).pipe(
        tap((event) => {
          if (event.type === 'response') texts.push(textOf(event.body as ReadableStream<Uint8Array>));
        }),
      );
    expect((await open(withTransport(wrap(read)))).locked).toBe(true);
    expect(await texts[0]).toBe('{"a":1}');
  });

  it('may become any other body', async () => {
    for (const body of ['a text', null]) {
      serveOnce(answerText('{"a":1}', { 'content-type': 'application/json' }));
      const replace: Interceptor = (request, next) => next(request).pipe(map((event) => ({ ...event, body })));
      expect(await open(withTransport(wrap(replace)))).toBe(body);
    }
  });
});

describe('an error status of a streamed response', () => {
  it.each([
    ['JSON', '{"message":"gone"}', 'application/json', { message: 'gone' }],
    ['text', 'gone', 'text/plain', 'gone'],
    ['nothing', '', 'text/plain', null],
  ])('has its body read: %s', async (_, text, type, body) => {
    server.act = (socket) => void socket.write(answerText(text, { 'content-type': type }, '404 Not Found'));
    for (const api of [apiWith(), signedIn()]) {
      const error = await endOf(api.get$('/a', { responseType: 'stream' }));
      expect(error).toMatchObject({ code: 'status', status: 404, response: { body } });
    }
  });

  it.each<[string, Interceptor, unknown]>([
    ['the stream', inUpperCase, 'GONE'],
    ['a value', (request, next) => next(request).pipe(map((event) => ({ ...event, body: { a: 1 } }))), { a: 1 }],
  ])('has the body of its interceptor: %s', async (_, interceptor, body) => {
    server.act = (socket) => void socket.write(answerText('gone', {}, '404 Not Found'));
    const error = await endOf(apiWith({ interceptors: [interceptor] }).get$('/a', { responseType: 'stream' }));
    expect(error).toMatchObject({ code: 'status', response: { body } });
  });

  it('has no body if that is longer than 64 kB, and closes the connection', async () => {
    const { socket } = serveOnce(`HTTP/1.1 500 No\r\ncontent-length: 999999\r\n\r\n${'a'.repeat(70_000)}`);
    const error = await endOf(apiWith().get$('/a', { responseType: 'stream' }));
    expect(error).toMatchObject({ code: 'status', response: { body: null } });
    await closedOf(await socket);
  });

  it('that is retried closes its connection before the pause', async () => {
    const sockets: Socket[] = [];
    server.act = (socket, _head, nth) => {
      sockets.push(socket);
      if (nth === 1) socket.write('HTTP/1.1 503 No\r\nretry-after: 0\r\ncontent-length: 9\r\n\r\na');
      else closedOf(sockets[0]).then(() => socket.write(answerText('ab')));
    };
    const api = apiWith({ interceptors: [retryRequests()] });
    expect(await textOf(await open(api))).toBe('ab');
  });
});
