import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { type Api, createApi, type RequestOptions } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBarrier } from '../support/barrier';

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

let server: Server;
let api: Api;
let answer: Answer;

beforeEach(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = createApi({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }); // it listens on a port
});

afterEach(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
);

const get = (options?: RequestOptions) => firstValueFrom(api.request$('GET', '/a?secret=1', options));

const answering =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

describe('ajaxTransport in Node', () => {
  it('decodes JSON, text and bytes', async () => {
    answer = answering('{"ü":[1]}', { 'Content-Type': 'application/json', 'X-One': 'a' });
    expect(await get()).toMatchObject({ status: 200, body: { ü: [1] }, headers: { 'x-one': 'a' } });
    expect(await get({ responseType: 'text' })).toMatchObject({ body: '{"ü":[1]}' });
    const { body } = await get({ responseType: 'arraybuffer' });
    expect(body).toBeInstanceOf(ArrayBuffer);
    expect(Buffer.from(body as ArrayBuffer).toString()).toBe('{"ü":[1]}'); // as the line above has shown
  });

  it('keeps header values whole', async () => {
    answer = answering('1', { 'x-a': 'one: two, three', 'x-b': 'b' });
    expect((await get()).headers).toMatchObject({ 'x-a': 'one: two, three', 'x-b': 'b' });
  });

  it.each([
    ['an empty body', answering('')],
    ['204', answering('', {}, 204)],
    ['JSON null', answering('null')],
  ])('makes null of %s', async (_, empty) => {
    answer = empty;
    expect((await get()).body).toBeNull();
  });

  it('makes null of the answer to HEAD', async () => {
    answer = answering('', { 'content-length': '9' });
    expect(await firstValueFrom(api.head$('/a'))).toBeNull();
  });

  it('errors for a body that is not JSON', async () => {
    answer = answering('<h1>secret</h1>');
    await expect(get()).rejects.toMatchObject({ code: 'parse', response: { status: 200, body: '<h1>secret</h1>' } });
    expect(inspect(await get().catch((error: unknown) => error))).not.toContain('secret');
  });

  it.each([
    ['parsed', '{"message":"no"}', { message: 'no' }],
    ['as a text where it is none', '<h1>no</h1>', '<h1>no</h1>'],
    ['null where there is none', '', null],
  ])('hands out the body of an error %s', async (_, sent, body) => {
    answer = answering(sent, {}, 422);
    await expect(get()).rejects.toMatchObject({ code: 'status', status: 422, response: { body } });
  });

  it('tells why there was no answer, and shows neither headers nor body', async () => {
    answer = (request) => request.socket.resetAndDestroy();
    const options = { headers: { authorization: 'Bearer secret' } };
    const error: unknown = await firstValueFrom(api.post$('/a', { password: 'secret' }, options)).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: 'network', cause: { code: 'ECONNRESET' } });
    expect([inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)].join()).not.toContain('secret');
  });

  it('refuses a connection that nobody takes', async () => {
    const nowhere = createApi({ baseUrl: 'http://127.0.0.1:1' });
    await expect(firstValueFrom(nowhere.get$('/'))).rejects.toMatchObject({
      code: 'network',
      cause: { code: 'ECONNREFUSED' },
    });
  });

  it.each([200, 404])('never takes a body that broke off for a whole one (status %d)', async (status) => {
    answer = (_request, response) => {
      response.writeHead(status, { 'content-length': '100' });
      response.write('{"half":', () => response.socket?.resetAndDestroy());
    };
    await expect(get()).rejects.toMatchObject({ code: 'network' });
  });

  it('closes the connection of a request that is unsubscribed', async () => {
    const arrived = createBarrier();
    const closed = createBarrier();
    answer = (_request, response) => {
      response.on('close', closed.open);
      arrived.open();
    };
    const subscription = api.get$('/a').subscribe();
    await arrived.passed;
    subscription.unsubscribe();
    await closed.passed;
  });

  it('takes no token along to another origin, or to where a redirect should lead but does not', async () => {
    const seen: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-api-key']);
      response.end('"elsewhere"');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo; // it listens on a port
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret' };
    answer = (_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    expect(await get({ headers })).toMatchObject({ body: 'elsewhere', url: `http://127.0.0.1:${port}/` });
    expect(seen).toEqual([undefined, undefined]);
    await new Promise<void>((resolve) => {
      elsewhere.close(() => resolve());
      elsewhere.closeAllConnections();
    });
  });

  it('takes its headers along within the origin, also where the redirect is relative', async () => {
    answer = (request, response) => {
      if (request.url === '/here') return response.end(JSON.stringify(request.headers.authorization));
      return response.writeHead(302, { location: '/here' }).end();
    };
    expect(await get({ headers: { authorization: 'Bearer mine' } })).toMatchObject({ body: 'Bearer mine' });
  });

  it.each([
    ['what is no url', { location: 'http://[' }],
    ['a port that is none', { location: 'http://h:99999/' }],
    ['nowhere', {}],
    ['itself, for ever', { location: '/a' }],
  ])('errors for a redirect to %s', async (_, headers) => {
    answer = (_request, response) => response.writeHead(302, headers).end();
    await expect(get()).rejects.toMatchObject({ code: 'network' });
  });

  const echo: Answer = (request, response, body) =>
    response.end(JSON.stringify({ type: request.headers['content-type'], bytes: [...body], all: request.headers }));

  it.each([
    ['a view of a larger buffer', new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 3), [1, 2]],
    ['a small buffer of Node', Buffer.from('hi'), [104, 105]],
    ['a DataView', new DataView(new Uint8Array([9, 8, 7]).buffer, 1, 1), [8]],
    ['an ArrayBuffer', new Uint8Array([5]).buffer, [5]],
    ['a text', 'ü', [195, 188]],
    ['a number', 0, [48]],
    ['false', false, [...Buffer.from('false')]],
    ['a list', [1], [...Buffer.from('[1]')]],
    ['nothing', undefined, []],
    ['null', null, []],
  ])('sends %s to the byte', async (_, body, bytes) => {
    answer = echo;
    expect(await firstValueFrom(api.post$('/a', body))).toMatchObject({ bytes });
  });

  it('sends a form as a form', async () => {
    answer = echo;
    expect(await firstValueFrom(api.post$('/a', new URLSearchParams({ a: '1 2' })))).toMatchObject({
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      bytes: [...Buffer.from('a=1+2')],
    });
  });

  it('adds no header that would cost a preflight request', async () => {
    answer = echo;
    const { all } = await firstValueFrom(api.get$<{ all: object }>('/a'));
    expect(all).not.toHaveProperty('x-requested-with');
  });

  it.each([
    ['a form with files', () => new FormData()],
    ['a Blob', () => new Blob(['secret'])],
    ['a stream', () => new ReadableStream()],
  ])('refuses %s, which it can not send in Node yet', async (_, body) => {
    answer = echo;
    await expect(firstValueFrom(api.post$('/a', body()))).rejects.toMatchObject({ code: 'request' });
  });

  it('refuses a header that is none, and quotes no value', async () => {
    answer = echo;
    const error: unknown = await get({ headers: { 'x-a': 'secret\nx-b: c' } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'request' });
    expect(inspect(error)).not.toContain('secret');
  });
});
