import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ajaxTransport, type Body } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shownOf } from '../../support/http-client';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { type Act, answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';
import { broken, chunked, encoded, endless, HEADERS, pour, sends, text, wrong } from '../../support/wire-faults';

const TIMEOUT_MS = 50;

let server: TcpServer;
let client: NodeClient;

beforeEach(async () => {
  server = await startTcpServer();
  client = createNodeClient(server.origin, { timeoutMs: 2_000 });
});

afterEach(async () => {
  client.agent.destroy();
  await server.close();
});

const asks = { ready: [1] };

describe('a connection', () => {
  it.each(broken)('that %s is an error of the network, and leaves nothing open', async (_, act) => {
    server.act = act;
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    await client.released();
    await server.quiet();
  });

  it('that is reset before anything was sent is one, too', async () => {
    server.greet = (socket) => socket.resetAndDestroy();
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    await client.released();
    await server.quiet();
  });
});

describe('an answer', () => {
  it.each(wrong)('with %s is an error of the network, and leaves nothing open', async (_, act) => {
    server.act = act;
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    client.agent.destroy();
    await client.released();
    await server.quiet();
  });

  it('that is wrong is not shown by its error, as there may be a token in it', async () => {
    server.act = sends('HTTP/1.1 200 OK\r\nset-cookie: hidden\r\ncontent-length: 1\r\n\r\n{"accessToken":"hidden"}');
    const error = await endOf(client.api.get$('/a'));
    expect(error).toMatchObject({ code: 'network', cause: { code: expect.stringMatching('HPE') } });
    expect(shownOf(error)).not.toMatch(/hidden|rawPacket: [^u]/);
    expect(shownOf(Object(error).cause)).not.toContain(String([...Buffer.from('hidden')]));
  });

  it.each(endless)('of %s ends by the deadline, and leaves nothing open', async (_, act) => {
    server.act = act;
    expect(await endOf(client.api.get$('/a', { timeoutMs: TIMEOUT_MS }))).toMatchObject({ code: 'timeout' });
    await client.released();
    await server.quiet();
  });

  it.each<[string, Act]>([
    ['100', sends('HTTP/1.1 100 Continue\r\n\r\n', answerText('{"ready":[1]}'))],
    ['103', sends('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', answerText('{"ready":[1]}'))],
    ['a hundred of 102', sends('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100), answerText('{"ready":[1]}'))],
    [
      'a byte at a time',
      (socket) =>
        void (async () => {
          for (const byte of answerText('{"ready":[1]}')) await new Promise((resolve) => socket.write(byte, resolve));
        })(),
    ],
  ])('is taken after %s', async (_, act) => {
    server.act = act;
    expect(await endOf(client.api.get$('/a'))).toEqual({ value: asks });
  });

  it('followed by another one is taken, and the other one is ignored', async () => {
    server.act = (socket, _, nth) =>
      void socket.write(nth > 1 ? answerText('"mine"') : answerText('1') + answerText('"not yours"'));
    expect(await endOf(client.api.get$('/a'))).toEqual({ value: 1 });
    expect(await endOf(client.api.get$('/b'))).toEqual({ value: 'mine' });
  });
});

describe('an upload', () => {
  const bodies: [string, () => Body][] = [
    ['bytes', () => new Uint8Array(8_000_000)],
    [
      'a stream',
      () => new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) }, { highWaterMark: 0 }),
    ],
  ];

  it.each(bodies)('of %s that is answered early with 413 ends with that, and leaves nothing open', async (_, body) => {
    server.act = (socket) => {
      socket.pause();
      socket.write(answerText('{"most":1}', {}, '413 Content Too Large'));
    };
    server.greet = (socket) => socket.on('data', () => socket.pause());
    const error = await endOf(client.api.post$('/a', body(), { responseType: 'json' }));
    expect(error).toMatchObject({ code: 'status', status: 413, response: { body: { most: 1 } } });
    await client.released();
  });

  it.each(bodies)('of %s that is cut off is an error of the network, and leaves nothing open', async (_, body) => {
    server.act = (socket) => socket.resetAndDestroy();
    expect(await endOf(client.api.post$('/a', body()))).toMatchObject({ code: 'network' });
    await client.released();
    await server.quiet();
  });

  it.each(bodies)('of %s that nobody takes ends by the deadline, and leaves nothing open', async (_, body) => {
    server.greet = (socket) => socket.pause();
    expect(await endOf(client.api.post$('/a', body(), { timeoutMs: TIMEOUT_MS }))).toMatchObject({ code: 'timeout' });
    await client.released();
  });
});

describe('a body that is too large', () => {
  const MOST = 1_000_000;
  const transport = () => ajaxTransport({ agents: { http: client.agent }, maxResponseBytes: MOST });

  it.each<[string, Act]>([
    ['promises too much', sends(`${HEADERS}content-length: ${MOST + 1}\r\n\r\n`)],
    ['has chunks without end', (socket) => pour(socket, text(`ffff\r\n${'x'.repeat(0xffff)}\r\n`), chunked)],
    ['has no length and no end', (socket) => pour(socket, Buffer.alloc(65_536), `${HEADERS}\r\n`)],
    ['is a bomb of gzip', sends(encoded('gzip', gzipSync(Buffer.alloc(50 * MOST))))],
    ['is a bomb of gzip in gzip', sends(encoded('gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50 * MOST)))))],
    ['is a bomb of br', sends(encoded('br', brotliCompressSync(Buffer.alloc(50 * MOST))))],
  ])('and %s is an error of the network', async (_, act) => {
    server.act = act;
    const error = await endOf(client.api.extend({ transport: transport() }).get$('/a'));
    const message = `the response body has more than ${MOST} bytes (maxResponseBytes)`;
    expect(error).toMatchObject({ code: 'network', message: expect.stringContaining(message), cause: { message } });
    await client.released();
  });

  it.each(['HEAD', 'GET'])('and that only a header speaks of is none (%s)', async (method) => {
    const status = method === 'HEAD' ? '200 OK' : '304 Not Modified';
    server.act = sends(`HTTP/1.1 ${status}\r\ncontent-length: ${2 ** 40}\r\n\r\n`);
    expect(await endOf(client.api.request$(method, '/a'))).toMatchObject({ value: { body: null } });
  });

  it('and is one byte less is none', async () => {
    server.act = sends(encoded('gzip', gzipSync(Buffer.alloc(MOST, 'x'))));
    const { api } = client;
    const body = await endOf(api.extend({ transport: transport() }).get$('/a', { responseType: 'text' }));
    expect(body).toEqual({ value: 'x'.repeat(MOST) });
  });
});
