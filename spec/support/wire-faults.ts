import type { Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type Act, answerText } from './tcp-server';

/** The start of a JSON response. */
export const HEADERS = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** The bytes of a latin1 text. */
export const text = (sent: string) => Buffer.from(sent, 'latin1');

/** Writes these parts, and leaves the connection open. */
export const sends =
  (...parts: (string | Buffer)[]): Act =>
  (socket) =>
    void socket.write(Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : part))));

/** A response whose body claims that encoding. */
export const encoded = (encoding: string, body: Buffer): Buffer =>
  Buffer.concat([text(`${HEADERS}content-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`), body]);

/** Writes the same part repeatedly, for as long as the socket accepts it. */
export const pour = (socket: Socket, part: Buffer, first = ''): void => {
  const more = (): void => {
    while (socket.writable && socket.write(part));
  };
  socket.on('drain', more);
  socket.write(text(first));
  more();
};

/** Writes a byte every 5 ms until the connection closes. */
const drip = (socket: Socket, first: string): void => {
  socket.write(text(first));
  const timer = setInterval(() => socket.write('x'), 5);
  socket.on('close', () => clearInterval(timer));
};

/** The part of a response that arrives before the connection breaks. */
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

/** Responses whose connection breaks. */
export const broken: readonly (readonly [string, Act])[] = Object.entries(STAGES).flatMap(([stage, sent]) =>
  Object.entries(ENDS).map(([how, end]): [string, Act] => [
    `${how} ${stage}`,
    (socket) => (sent ? socket.write(text(sent), () => end(socket)) : end(socket)),
  ]),
);

/** The start of a chunked response. */
export const chunked = `${HEADERS}transfer-encoding: chunked\r\n\r\n`;

/** Responses that are invalid, whatever may follow. */
export const wrong: readonly (readonly [string, Act])[] = [
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
  [
    'trailers without end',
    (socket) => pour(socket, text('x-one: flood\r\n'.repeat(500)), `${chunked}3\r\n[1]\r\n0\r\n`),
  ],
  ['an extension of a chunk without end', (socket) => pour(socket, text('x'.repeat(1_000)), `${chunked}3;x=`)],
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
  ['gzip that was applied five times', sends(encoded('gzip, gzip, gzip, gzip, gzip', gzipSync('[1]')))],
  ['gzip that was applied ten times', sends(encoded(Array(10).fill('gzip').join(), gzipSync('[1]')))],
  ['deflate that ends early', sends(encoded('deflate', deflateSync('[1,2,3]').subarray(0, -6)))],
  ['raw deflate that ends early', sends(encoded('deflate', deflateRawSync('[1,2,3]').subarray(0, -2)))],
  ['br that ends early', sends(encoded('br', brotliCompressSync('[1,2,3]').subarray(0, -3)))],
  ['br that is none', sends(encoded('br', text('[1]')))],
];

/** Responses that never end, and are not invalid so far. */
export const endless: readonly (readonly [string, Act])[] = [
  ['silence', () => {}],
  ['half of the headers', sends(`${HEADERS}content-le`)],
  ['the headers only', sends(`${HEADERS}content-length: 9\r\n\r\n`)],
  ['a length that is too long', sends(`${HEADERS}content-length: 9\r\n\r\n[1]`)],
  ['a chunk of 1 GiB that does not come', sends(chunked, '40000000\r\n[')],
  ['no last chunk', sends(chunked, '3\r\n[1]\r\n')],
  ['100 and nothing else', sends('HTTP/1.1 100 Continue\r\n\r\n')],
  ['102 without end', (socket) => pour(socket, text('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)))],
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
