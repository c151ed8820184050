import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ajaxTransport, createApi, fetchTransport, isApiError, type Transport } from 'renewal';
import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { endOf } from '../../support/node-client';
import { startTcpServer } from '../../support/tcp-server';

const AT_ONCE = 100;

/** To run the same again: `FUZZ_SEED=… npm run fuzz -- COUNT`. */
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

/** How many responses in all. `npm run fuzz -- 20000` sets it. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 6_000);

const encoders: Record<string, (body: Buffer) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

const token = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,12}$/);
const printable = fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,30}$/);

/**
 * Encodings in the order in which they are applied: as servers have them, unknown ones, and more than anyone may want.
 */
const encodings: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string[]>([]) },
  { weight: 3, arbitrary: fc.constantFrom('gzip', 'deflate', 'br').map((name) => [name]) },
  {
    weight: 2,
    arbitrary: fc.array(fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'x-none', ''), { maxLength: 7 }),
  },
);

/** Status lines that are none, or nearly. */
const badLines = fc.oneof(
  fc.constantFrom(
    '',
    'HTTP/1.1',
    'HTTP/1.1 200',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/2 200 OK',
    'ICY 200 OK',
  ),
  fc.constantFrom('HTTP/1.1 20x OK', 'HTTP/1.1 -200 OK', 'HTTP/1.1 0200 OK', 'http/1.1 200 OK', '\0'),
  fc.string({ maxLength: 20 }),
);

const badLengths: fc.Arbitrary<string> = fc.constantFrom(
  '-1',
  'many',
  '',
  '9'.repeat(30),
  '1, 2',
  '0x10',
  '1\r\ncontent-length: 2',
  '+3',
  '3.5',
);

/** Where a redirect leads: to another of the answers, out of the server, or nowhere. */
const places = fc.oneof(
  { weight: 3, arbitrary: fc.nat(COUNT).map((index) => `/${index}`) },
  fc.constantFrom(
    'http://[',
    '//',
    'http://h:99999/',
    'ftp://h/',
    'javascript:1',
    'http://127.0.0.1:1/',
    '',
    '/\x80',
    '#a',
  ),
);

const retryAfters = fc.constantFrom(
  '0x10',
  '-1',
  '1e9',
  '9'.repeat(40),
  'soon',
  'Fri, 99 Foo 2026 99:99:99 GMT',
  '',
  '1.5',
);

const trailers: fc.Arbitrary<string> = fc.constantFrom(
  '',
  'x-one: 1\r\n',
  'no trailer\r\n',
  'content-length: 5\r\n',
  'x: \0\r\n',
  `x: ${'y'.repeat(20_000)}\r\n`,
);

const answers = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'DELETE'),
  responseType: fc.constantFrom('json', 'text', 'blob', 'arraybuffer'),
  status: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(200, 201, 204, 205, 301, 302, 304, 307, 400, 401, 404, 500) },
    fc.nat(999),
    fc.string(),
  ),
  reason: printable,
  /** Takes the place of the whole status line. */
  line: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, badLines),
  location: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, places),
  retryAfter: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, retryAfters),
  trailer: trailers,
  badLength: badLengths,
  headers: fc.array(
    fc.tuple(
      fc.oneof(token, fc.constantFrom('set-cookie', 'content-type', 'connection', 'location', 'keep-alive')),
      printable,
    ),
    { maxLength: 5 },
  ),
  body: fc.oneof(
    fc.json().map((json) => Buffer.from(json)),
    fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  ),
  encodings,
  /** Whether the body is encoded as it says. */
  isEncoded: fc.boolean(),
  framing: fc.constantFrom(
    ...['length', 'length', 'length', 'chunked', 'chunked', 'close', 'wrong length', 'bad length', 'both', 'bad chunk'],
  ),
  /** Where it breaks off, as a part of the whole; not at all where it is above 1. */
  cut: fc.oneof(fc.constant(2), fc.double({ min: 0, max: 1, noNaN: true })),
  /** Bytes that are changed on the way: where, as a part of the whole, and to what. */
  flips: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
  ),
  pieces: fc.integer({ min: 1, max: 4 }),
  end: fc.constantFrom('keep', 'keep', 'end', 'reset', 'garbage'),
});

/** One that has nothing wrong with it, so that what it says has to arrive. */
const rightAnswers = answers.map((answer) => ({
  ...answer,
  status: 200,
  line: undefined,
  location: undefined,
  trailer: '',
  headers: [],
  encodings: answer.encodings.filter((name) => name in encoders).slice(0, 2),
  isEncoded: true,
  framing: answer.framing.includes('chunk') ? ('chunked' as const) : ('length' as const),
  cut: 2,
  flips: [],
  end: 'keep' as const,
  responseType: answer.responseType === 'json' ? ('text' as const) : answer.responseType,
}));

type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never;

const framed = ({ framing, trailer, badLength }: Answer, body: Buffer): [header: string, body: Buffer] => {
  const half = body.length >> 1;
  const chunk = (part: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
  const chunks = [
    ...[body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0).map(chunk),
    Buffer.from(`0\r\n${trailer}\r\n`),
  ];
  switch (framing) {
    case 'length':
      return [`content-length: ${body.length}\r\n`, body];
    case 'wrong length':
      return [`content-length: ${body.length + 3}\r\n`, body];
    case 'bad length':
      return [`content-length: ${badLength}\r\n`, body];
    case 'chunked':
      return ['transfer-encoding: chunked\r\n', Buffer.concat(chunks)];
    case 'bad chunk':
      return ['transfer-encoding: chunked\r\n', Buffer.concat([Buffer.from('xyz\r\n'), ...chunks])];
    case 'both':
      return [`content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n`, Buffer.concat(chunks)];
    default:
      return ['', body];
  }
};

/** The lines of the headers that an answer has by one of its members. */
const ownLines = ({ location, retryAfter, encodings }: Answer): string =>
  Object.entries({ location, 'retry-after': retryAfter, 'content-encoding': encodings.join(', ') || undefined })
    .map(([name, value]) => (value === undefined ? '' : `${name}: ${value}\r\n`))
    .join('');

const bytesOf = (answer: Answer): Buffer => {
  const { status, reason, line = `HTTP/1.1 ${status} ${reason}`, headers, body, method, cut, flips } = answer;
  const applied = answer.isEncoded ? answer.encodings : [];
  const encoded = applied.reduce<Buffer>((bytes, name) => encoders[name]?.(bytes) ?? bytes, body);
  const [header, rest] = framed(answer, encoded);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `${line}\r\n${lines}${ownLines(answer)}${header}\r\n`;
  const whole = Buffer.concat([Buffer.from(head, 'latin1'), method === 'HEAD' ? Buffer.alloc(0) : rest]);
  for (const [at, byte] of flips) whole[Math.floor(at * whole.length)] = byte;
  return cut > 1 ? whole : whole.subarray(0, Math.floor(cut * whole.length));
};

const send = async (socket: Socket, answer: Answer): Promise<void> => {
  const bytes = bytesOf(answer);
  const size = Math.ceil(bytes.length / answer.pieces) || 1;
  for (let at = 0; at < bytes.length && socket.writable; at += size) {
    await new Promise((resolve) => socket.write(bytes.subarray(at, at + size), resolve));
  }
  if (answer.end === 'end' || answer.framing === 'close') socket.end();
  else if (answer.end === 'reset') socket.resetAndDestroy();
  else if (answer.end === 'garbage') socket.write('garbage\r\n\r\n');
};

const shown = async (value: unknown): Promise<string> =>
  typeof value === 'string'
    ? Buffer.from(value).toString('hex')
    : Buffer.from(value instanceof Blob ? await value.arrayBuffer() : Object(value)).toString('hex');

/** How many answers, and over what: an agent where it takes one, for connections of its own. */
const transports: readonly (readonly [number, string, (agent: Agent) => Transport])[] = [
  [COUNT - (COUNT >> 2), 'ajaxTransport', (agent) => ajaxTransport({ agents: { http: agent } })],
  [COUNT >> 2, 'fetchTransport', () => fetchTransport()],
];

describe.each(transports)('%d answers of all kinds over %s', (count, name, transportOf) => {
  it('crash nothing, hang nothing, and arrive where they are right', { timeout: 60_000 + COUNT * 40 }, async () => {
    const agent = new Agent({ keepAlive: true });
    const start = async (timeoutMs: number) => {
      const server = await startTcpServer();
      server.act = (socket, head) => {
        const asked = all[Number(/^\w+ \/(\d+)/.exec(head)?.[1])];
        if (asked) send(socket, asked.answer);
        else socket.end();
      };
      return { server, api: createApi({ baseUrl: server.origin, transport: transportOf(agent), timeoutMs }) };
    };
    // What a server adds to one answer may be taken for the next: those that have to arrive do so on connections of
    // their own.
    const [wild, clean] = [await start(100), await start(30_000 + COUNT * 10)];
    const kinds = fc.oneof(
      { weight: 4, arbitrary: fc.record({ answer: answers, isRight: fc.constant(false) }) },
      { weight: 1, arbitrary: fc.record({ answer: rightAnswers, isRight: fc.constant(true) }) },
    );
    const all = fc.sample(kinds, { numRuns: count, seed: SEED });

    const judge = async ({ answer, isRight }: (typeof all)[number], index: number): Promise<string | undefined> => {
      const { method, responseType } = answer;
      const { api } = isRight ? clean : wild;
      const end = await endOf(api.request$(method, `/${index}`, { responseType }));
      const label = `seed ${SEED}, answer ${index}`;
      if (isRight) {
        if (isApiError(end)) return `${label}: ${end}`;
        const { body } = Object(Object(end).value);
        const bytes = responseType === 'text' ? Buffer.from(new TextDecoder().decode(answer.body)) : answer.body;
        const expected = method === 'HEAD' ? undefined : bytes.toString('hex');
        const found = body === null ? undefined : await shown(body);
        if (found !== expected) return `${label}: not what was sent, but ${found}`;
      } else if (!('value' in Object(end)) && !isApiError(end)) return `${label}: ${end}`;
      return isApiError(end) && !/^(network|timeout|status|parse)$/.test(end.code)
        ? `${label}: ${end.code}`
        : undefined;
    };

    const faults = await lastValueFrom(from(all).pipe(mergeMap(judge, AT_ONCE), toArray()));
    expect(faults.filter(Boolean).slice(0, 5)).toEqual([]);
    expect(faults).toHaveLength(count);
    while (Object.keys(agent.sockets).length > 0) await setImmediate();
    agent.destroy();
    for (const { server } of [wild, clean]) {
      // Those of `fetch` are the platform's, and may stay open for the next request.
      if (name === 'ajaxTransport') await server.quiet();
      await server.close();
    }
  });
});
