import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ajaxTransport, createApi, fetchTransport, type Transport } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOf } from '../support/node-client';
import { startTcpServer, type TcpServer } from '../support/tcp-server';
import { chunked, encoded, HEADERS, pour, sends, text } from '../support/wire-faults';

const MAX = 1_000_000;

let server: TcpServer;

beforeEach(async () => {
  server = await startTcpServer();
});

afterEach(() => server.close());

const get = (transport: Transport, responseType: 'text' | 'blob' | 'arraybuffer' = 'text') =>
  endOf(createApi({ baseUrl: server.origin, transport, timeoutMs: 20_000 }).request$('GET', '/a', { responseType }));

const transports: readonly (readonly [string, (options?: { maxResponseBytes: number }) => Transport])[] = [
  ['ajaxTransport', ajaxTransport],
  ['fetchTransport', fetchTransport],
];

describe.each(transports)('over %s a response', (_, make) => {
  const transportOf = () => make({ maxResponseBytes: MAX });

  it.each([
    ['in chunks without end', (socket) => pour(socket, text(`ffff\r\n${'x'.repeat(0xffff)}\r\n`), chunked)],
    ['without a length and an end', (socket) => pour(socket, Buffer.alloc(65_536), `${HEADERS}\r\n`)],
    ['that is a bomb of gzip', sends(encoded('gzip', gzipSync(Buffer.alloc(50 * MAX))))],
  ] satisfies [string, TcpServer['act']][])('%s is a NetworkError that names the limit', async (_, act) => {
    server.act = act;
    for (const type of ['text', 'blob', 'arraybuffer'] as const)
      expect(await get(transportOf(), type)).toMatchObject({
        code: 'network',
        message: expect.stringContaining(`more than ${MAX} bytes (maxResponseBytes)`),
        cause: { name: 'RangeError' },
      });
  });

  it('of 400 MB in brotli stops at the limit, and is never built up', async () => {
    const bomb = brotliCompressSync(Buffer.alloc(400_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    server.act = sends(encoded('br', bomb));
    let peak = 0;
    const before = process.memoryUsage().arrayBuffers;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }, 1);
    expect(await get(transportOf())).toMatchObject({ code: 'network' });
    clearInterval(timer);
    expect(peak).toBeLessThan(50 * MAX);
  });

  it('of just as many bytes is one', async () => {
    server.act = sends(encoded('gzip', gzipSync(Buffer.alloc(MAX, 'x'))));
    expect(await get(transportOf())).toMatchObject({ value: { body: 'x'.repeat(MAX) } });
  });

  it('is one of 8 MB by default', async () => {
    server.act = sends(encoded('gzip', gzipSync(Buffer.alloc(8 * MAX, 'x'))));
    expect(await get(make())).toMatchObject({ value: { status: 200 } });
  });
});

describe('an XMLHttpRequest of a browser', () => {
  it('is aborted once it has loaded more than it may', () => {
    const listeners: Record<string, ((event: object) => void)[]> = {};
    let aborted = 0;
    const xhr = {
      readyState: 1,
      upload: {},
      open: () => {},
      setRequestHeader: () => {},
      send: () => {},
      abort: () => {
        aborted++;
      },
      addEventListener: (type: string, listener: (event: object) => void) => {
        listeners[type] = [...(listeners[type] ?? []), listener];
      },
    };
    const createXHR = () => xhr as unknown as XMLHttpRequest; // as far as rxjs/ajax goes
    const errors: unknown[] = [];
    const api = createApi({ baseUrl: server.origin, transport: ajaxTransport({ createXHR, maxResponseBytes: 9 }) });
    api.get$('/a').subscribe({ error: (error) => errors.push(error) });
    const progress = (loaded: number) => {
      for (const listener of listeners.progress ?? []) listener({ type: 'progress', loaded });
    };
    progress(9);
    expect([errors, aborted]).toEqual([[], 0]);
    progress(10);
    expect(errors).toMatchObject([{ code: 'network', message: expect.stringContaining('more than 9 bytes') }]);
    expect(aborted).toBe(1);
  });
});

describe('a response without a stream, as React Native’s', () => {
  it('is read, and held to the limit', async () => {
    const answer = async () => Object.defineProperty(new Response('123'), 'body', { value: undefined });
    const transportOf = (maxResponseBytes: number) => fetchTransport({ fetch: answer, maxResponseBytes });
    expect(await get(transportOf(3))).toMatchObject({ value: { body: '123' } });
    expect(await get(transportOf(2))).toMatchObject({ code: 'network' });
  });
});
