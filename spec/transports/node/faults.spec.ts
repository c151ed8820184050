import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { ajaxTransport, type Body } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { xhrFactory } from '../../../lib/transports/node/xhr';
import { shownOf } from '../../support/http-client';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { type Act, answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';

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

const HEADERS = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const text = (sent: string) => Buffer.from(sent, 'latin1');
const sends =
  (...parts: (string | Buffer)[]): Act =>
  (socket) =>
    void socket.write(Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : part))));
const encoded = (encoding: string, body: Buffer): Buffer =>
  Buffer.concat([text(`${HEADERS}content-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`), body]);

/** How far an answer gets before the connection breaks. */
const STAGES: Record<string, string> = {
  'before the first byte': '',
  'in the status line': 'HTTP/1.1 20',
  'after the status line': 'HTTP/1.1 200 OK\r\n',
  'in a header': `${HEADERS}content-le`,
  'after the headers, of a body with a length': `${HEADERS}content-length: 9\r\n\r\n`,
  'in a body with a length': `${HEADERS}content-length: 9\r\n\r\n[1,2`,
  'after the headers, of a body in chunks': `${HEADERS}transfer-encoding: chunked\r\n\r\n`,
  'in the size of a chunk': `${HEADERS}transfer-encoding: chunked\r\n\r\n1`,
  'in a chunk': `${HEADERS}transfer-encoding: chunked\r\n\r\n9\r\n[1,2`,
  'between two chunks': `${HEADERS}transfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n`,
  'in the last chunk': `${HEADERS}transfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n`,
  'in a trailer': `${HEADERS}transfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\nx-one`,
  'after a 100': 'HTTP/1.1 100 Continue\r\n\r\n',
};

const ENDS: Record<string, (socket: Socket) => void> = {
  'is reset': (socket) => socket.resetAndDestroy(),
  'is closed': (socket) => socket.end(),
};

const broken = Object.entries(STAGES).flatMap(([stage, sent]) =>
  Object.entries(ENDS).map(([how, end]): [string, Act] => [
    `${how} ${stage}`,
    (socket) => (sent ? socket.write(text(sent), () => end(socket)) : end(socket)),
  ]),
);

const chunked = `${HEADERS}transfer-encoding: chunked\r\n\r\n`;

/** Answers that are wrong as far as they have come, whatever else may follow. */
const wrong: [string, Act][] = [
  ['a size of a chunk that is none', sends(chunked, 'zz\r\n[1]\r\n0\r\n\r\n')],
  ['a size of a chunk below 0', sends(chunked, '-1\r\n[1]\r\n0\r\n\r\n')],
  ['a size of a chunk that no one can count to', sends(chunked, 'FFFFFFFFFFFFFFFFFF\r\n[1]\r\n')],
  ['a chunk that is longer than its size', sends(chunked, '3\r\n[1]extra\r\n0\r\n\r\n')],
  ['a length that is too short', sends(`${HEADERS}content-length: 3\r\n\r\n[1]extra`)],
  ['garbage after the body', sends(`${HEADERS}content-length: 3\r\n\r\n[1]`, 'garbage\r\n\r\n')],
  ['garbage after the last chunk', sends(chunked, '3\r\n[1]\r\n0\r\n\r\ngarbage\r\n\r\n')],
  ['a body with 204', sends('HTTP/1.1 204 No Content\r\n\r\n[1]garbage')],
  ['a length that is none', sends(`${HEADERS}content-length: many\r\n\r\n[1]`)],
  ['a length below 0', sends(`${HEADERS}content-length: -3\r\n\r\n[1]`)],
  ['two lengths', sends(`${HEADERS}content-length: 3\r\ncontent-length: 4\r\n\r\n[1]`)],
  [
    'a length and chunks',
    sends(`${HEADERS}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n`),
  ],
  ['1 GiB promised', sends(`${HEADERS}content-length: ${2 ** 30}\r\n\r\n[`)],
  ['a header of 100 kB', sends(`${HEADERS}x-one: ${'x'.repeat(100_000)}\r\n\r\n`)],
  ['a flood of headers', (socket) => pour(socket, text('x-one: flood\r\n'.repeat(500)), HEADERS)],
  ['a header that is none', sends(`${HEADERS}no header\r\n\r\n`)],
  ['a NUL in a header', sends(`${HEADERS}x-one: a\0b\r\ncontent-length: 0\r\n\r\n`)],
  ['what is no HTTP', sends('220 mail.example ESMTP\r\n\r\n')],
  ['a page without a head, as of HTTP/0.9', sends('<html>hello</html>\n\n')],
  ['a version that is none', sends('HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n')],
  ['a status that is no number', sends('HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n')],
  ['the status 000', sends(answerText('[1]', {}, '000 Zero'))],
  ['the status 099', sends(answerText('[1]', {}, '099 Few'))],
  ['the status 600', sends(answerText('[1]', {}, '600 Many'))],
  ['the status 999', sends(answerText('[1]', {}, '999 All'))],
  ['TLS', sends(Buffer.from([0x15, 0x03, 0x01, 0, 2, 2, 0x28]))],
  ['a switch of protocols', sends('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')],
  ['101 to no protocol', sends('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
  ['a redirect to nowhere', sends(answerText('', {}, '302 Found'))],
  ['a redirect to what is no url', sends(answerText('', { location: 'http://[' }, '302 Found'))],
  ['a redirect to a port that is none', sends(answerText('', { location: 'http://h:99999/' }, '302 Found'))],
  ['a redirect to user info that is none', sends(answerText('', { location: 'http://%zz@[/' }, '302 Found'))],
  ['a redirect to itself, for ever', sends(answerText('', { location: '/a' }, '302 Found'))],
  [
    'a redirect with a body that is longer than it says',
    sends(answerText('', { location: '/b' }, '302 Found'), 'garbage'),
  ],
  ['gzip that ends early', sends(encoded('gzip', gzipSync('[1,2,3]').subarray(0, -9)))],
  [
    'gzip with a checksum that is wrong',
    sends(encoded('gzip', Buffer.concat([gzipSync('[1]').subarray(0, -8), Buffer.alloc(8)]))),
  ],
  ['gzip that is none', sends(encoded('gzip', text('[1]')))],
  ['gzip in gzip that is none', sends(encoded('gzip, gzip', gzipSync('[1]')))],
  ['gzip that was applied ten times', sends(encoded(Array(10).fill('gzip').join(), gzipSync('[1]')))],
  ['deflate that ends early', sends(encoded('deflate', deflateSync('[1,2,3]').subarray(0, -6)))],
  ['raw deflate that ends early', sends(encoded('deflate', deflateRawSync('[1,2,3]').subarray(0, -2)))],
  ['br that ends early', sends(encoded('br', brotliCompressSync('[1,2,3]').subarray(0, -3)))],
  ['br that is none', sends(encoded('br', text('[1]')))],
];

/** Sends the same again and again for as long as someone takes it. */
const pour = (socket: Socket, part: Buffer, first = ''): void => {
  const more = (): void => {
    while (socket.writable && socket.write(part));
  };
  socket.on('drain', more);
  socket.write(text(first));
  more();
};

/** Answers that never end, and are not wrong yet. */
const endless: [string, Act][] = [
  ['silence', () => {}],
  ['half of the headers', sends(`${HEADERS}content-le`)],
  ['the headers only', sends(`${HEADERS}content-length: 9\r\n\r\n`)],
  ['a length that is too long', sends(`${HEADERS}content-length: 9\r\n\r\n[1]`)],
  ['a chunk of 1 GiB that does not come', sends(chunked, '40000000\r\n[')],
  ['no last chunk', sends(chunked, '3\r\n[1]\r\n')],
  ['100 and nothing else', sends('HTTP/1.1 100 Continue\r\n\r\n')],
  ['a drip in the headers', (socket) => drip(socket, HEADERS)],
  ['a drip in the body', (socket) => drip(socket, `${HEADERS}content-length: 1000000\r\n\r\n`)],
  [
    'a drip in a redirect',
    (socket) => drip(socket, 'HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 9999\r\n\r\n'),
  ],
  [
    'a redirect to what never answers',
    (socket, head) => void (/ \/a /.test(head) && socket.write(answerText('', { location: '/b' }, '302 Found'))),
  ],
];

/** A byte every few milliseconds, for as long as someone listens. */
const drip = (socket: Socket, first: string): void => {
  socket.write(text(first));
  const timer = setInterval(() => socket.write('x'), 5);
  socket.on('close', () => clearInterval(timer));
};

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

  it('that is followed by another that nobody asked for is taken, and the other is nobody’s', async () => {
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
  const transport = () => ajaxTransport({ createXHR: xhrFactory({ http: client.agent }, MOST) });

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
    expect(error).toMatchObject({ code: 'network', cause: { message: `its body has more than ${MOST} bytes` } });
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

describe('a hundred rounds of all faults', () => {
  const collect = (): number => {
    setFlagsFromString('--expose-gc');
    const gc: () => void = runInNewContext('gc');
    for (let round = 0; round < 4; round++) gc();
    return process.memoryUsage().heapUsed;
  };

  it('leave the heap and the sockets as they were', { timeout: 60_000 }, async () => {
    const acts = [...broken, ...wrong].map(([, act]) => act);
    const round = async (): Promise<void> => {
      server.act = (socket, head, nth) =>
        acts[Number(/ \/(\d+) /.exec(head)?.[1] ?? nth % acts.length)]?.(socket, head, nth);
      await Promise.all(acts.map((_, index) => endOf(client.api.get$(`/${index}`))));
    };
    for (let count = 0; count < 5; count++) await round();
    const before = collect();
    for (let count = 0; count < 100; count++) await round();
    client.agent.destroy();
    await server.quiet();
    // The server of the test keeps the heads of what it was asked, some 300 bytes each.
    expect(collect() - before).toBeLessThan(acts.length * 100 * 500);
    await client.released();
  });
});
