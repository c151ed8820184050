import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ajaxTransport, createApi, fetchTransport, type Transport } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endOf } from '../../support/node-client';
import { type Act, answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';
import { chunked, HEADERS, sends } from '../../support/wire-faults';

let server: TcpServer;

beforeEach(async () => {
  server = await startTcpServer();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const agents: Agent[] = [];

/** A client whose connections are closed at the end. */
const ask = (url: string, transport?: Transport): Promise<unknown> => {
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const wire = transport ?? ajaxTransport({ agents: { http: agent } });
  return endOf(createApi({ baseUrl: server.origin, transport: wire, timeoutMs: 5_000 }).get$(url));
};

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
});

/** Answers that are rare, and right. */
const right: readonly (readonly [string, Act, unknown])[] = [
  ['of HTTP/1.0, which ends with the connection', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n[1]'), [1]],
  [
    'of HTTP/1.0 with a length',
    sends('HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 3\r\n\r\n[1]'),
    [1],
  ],
  ['without a length, which ends with the connection', (socket) => socket.end(`${HEADERS}\r\n[1]`), [1]],
  ['with a trailer', sends(chunked, '3\r\n[1]\r\n0\r\nx-one: 1\r\n\r\n'), [1]],
  ['without a reason', sends('HTTP/1.1 200\r\ncontent-length: 3\r\n\r\n[1]'), [1]],
  ['that offers another protocol', sends(answerText('[1]', { connection: 'upgrade', upgrade: 'h2c' })), [1]],
  ['with a body that 205 does not have', sends(answerText('[1]', {}, '205 Reset Content')), null],
  [
    'with the length of a body that 304 does not have',
    sends('HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n'),
    null,
  ],
  ['of no encoding', sends(answerText('[1]', { 'content-encoding': 'identity' })), [1]],
  ['of an encoding that has no name', sends(answerText('[1]', { 'content-encoding': ',' })), [1]],
  ['in a charset that nobody knows', sends(answerText('"a"', { 'content-type': 'text/json; charset=' })), 'a'],
];

describe.each<[string, () => Transport | undefined]>([
  ['ajaxTransport', () => undefined],
  ['fetchTransport', fetchTransport],
])('an answer over %s', (_, make) => {
  it.each(right)('%s is one', async (_, act, value) => {
    server.act = act;
    expect(await ask('/a', make())).toEqual({ value });
  });

  it('of 426, which asks for another protocol, is an error of that status', async () => {
    server.act = sends(answerText('[1]', { connection: 'upgrade', upgrade: 'h2c' }, '426 Upgrade Required'));
    expect(await ask('/a', make())).toMatchObject({ code: 'status', status: 426, response: { body: [1] } });
  });

  it('of 407, from a proxy, is an error', async () => {
    server.act = sends(answerText('{"a":1}', { 'proxy-authenticate': 'Basic' }, '407 Proxy Authentication Required'));
    // To fetch, that is no answer at all.
    expect(await ask('/a', make())).toMatchObject({ code: make() ? 'network' : 'status' });
  });
});

it('an answer with extensions of its chunks is one', async () => {
  server.act = sends(chunked, '3;x=1;y="2"\r\n[1]\r\n0\r\n\r\n');
  expect(await ask('/a')).toEqual({ value: [1] });
});

it('a redirect to two places leads to the first', async () => {
  server.act = (socket, head) =>
    void socket.write(
      / \/b /.test(head) ? answerText('"b"') : answerText('', { location: '/b\r\nlocation: /c' }, '302 Found'),
    );
  expect(await ask('/a')).toEqual({ value: 'b' });
});

it('an address of IPv6 is connected to, and named, as such', async () => {
  const asked: NetConnectOpts[] = [];
  server.act = sends(answerText('1'));
  const agent = Object.assign(new Agent(), {
    createConnection: (options: NetConnectOpts) => {
      asked.push(options);
      return connect(Number(new URL(server.origin).port), '127.0.0.1');
    },
  });
  agents.push(agent);
  expect(await ask('http://[::1]:8080/a', ajaxTransport({ agents: { http: agent } }))).toEqual({ value: 1 });
  expect(asked).toMatchObject([{ host: '::1', port: '8080' }]);
  expect(server.heads[0]).toMatch(/^host: \[::1\]:8080$/im);
});

it('a socket of the system is reached through an agent for it', async () => {
  const path = join(tmpdir(), `renewal-${process.pid}-${Math.random()}.sock`);
  const local = createServer((request, response) => response.end(JSON.stringify(request.url)));
  local.listen(path);
  await once(local, 'listening');
  const agent = new Agent({ keepAlive: false, ...{ socketPath: path } });
  expect(await ask('http://any.invalid/a?b', ajaxTransport({ agents: { http: agent } }))).toEqual({ value: '/a?b' });
  local.close();
});

it('nothing is printed, and no one warned, whatever is asked for', async () => {
  server.act = sends(answerText('1'));
  const printed = [
    vi.spyOn(process, 'emitWarning'),
    ...(['log', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name)),
  ];
  const api = createApi({ baseUrl: server.origin, timeoutMs: 5_000 });
  const withInfo = server.origin.replace('//', '//user:pass@');
  const headers = { cookie: 'a=1', host: 'other', 'sec-fetch-mode': 'cors', 'proxy-authorization': 'x' };
  await firstValueFrom(api.get$(`${withInfo}/ü/č?😀`));
  await endOf(api.request$('GET', '/a', { headers }));
  await endOf(api.request$('GET', '/a', { body: 'text' }));
  await endOf(api.get$('http://h:abc/'));
  await endOf(api.get$('/a', { timeoutMs: 2 ** 40 }));
  expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([]);
});
