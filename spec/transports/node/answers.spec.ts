import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import {
  type Api,
  createSession,
  type HttpResponse,
  isApiError,
  memoryStore,
  type RequestOptions,
  type TokenGrant,
} from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shownOf } from '../../support/http-client';
import { answering, type Echo, echo, type HttpServer, startHttpServer } from '../../support/http-server';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';

let server: HttpServer;
let client: NodeClient;
let api: Api;

beforeEach(async () => {
  server = await startHttpServer();
  client = createNodeClient(server.origin, { timeoutMs: 2_000 });
  api = client.api;
});

afterEach(async () => {
  client.agent.destroy();
  await server.close();
});

const get = (options?: RequestOptions): Promise<HttpResponse> => firstValueFrom(api.request$('GET', '/a', options));
const JSON_TYPE = { 'content-type': 'application/json' };

describe('an encoded answer', () => {
  const text = JSON.stringify({ ü: 'x'.repeat(100_000) });
  const encoders: [string, (data: Buffer) => Buffer][] = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['deflate, gzip', (data) => gzipSync(deflateSync(data))],
    ['gzip, br', (data) => brotliCompressSync(gzipSync(data))],
    ['identity', (data) => data],
    ['aws-chunked', (data) => data],
  ];

  it.each(encoders)('(%s) is decoded, in a piece or in chunks', async (encoding, encode) => {
    const bytes = encode(Buffer.from(text));
    const headers = { ...JSON_TYPE, 'content-encoding': encoding };
    server.answer = answering(bytes, { ...headers, 'content-length': `${bytes.length}` });
    expect((await get()).body).toEqual(JSON.parse(text));
    server.answer = (_request, response) => {
      response.writeHead(200, headers);
      for (let at = 0; at < bytes.length; at += 7_000) response.write(bytes.subarray(at, at + 7_000));
      response.end();
    };
    expect((await get({ responseType: 'text' })).body).toBe(text);
  });

  it('of one byte is decoded', async () => {
    server.answer = answering(deflateRawSync(''), { 'content-encoding': 'deflate' });
    expect((await get()).body).toBeNull();
  });

  it.each([200, 404])('that is empty needs none (status %d)', async (status) => {
    server.answer = answering('', { 'content-encoding': 'gzip' }, status);
    expect(await endOf(api.get$('/a'))).toMatchObject(status === 200 ? { value: null } : { code: 'status', status });
  });

  it('of an error is decoded, too', async () => {
    server.answer = answering(gzipSync('{"a":1}'), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 500);
    expect(await endOf(api.get$('/a'))).toMatchObject({ code: 'status', response: { body: { a: 1 } } });
  });

  it('to HEAD has no body to decode', async () => {
    server.answer = answering('', { 'content-encoding': 'gzip', 'content-length': '99' });
    expect(await endOf(api.head$('/a'))).toEqual({ value: null });
  });

  it('is asked for, but not of a part', async () => {
    server.answer = echo;
    const sent = async (headers: Record<string, string>) =>
      (await firstValueFrom(api.get$<Echo>('/a', { headers }))).headers['accept-encoding'];
    expect(await sent({})).toBe('gzip, deflate, br');
    expect(await sent({ range: 'bytes=0-9' })).toBe('identity');
    expect(await sent({ 'accept-encoding': 'br' })).toBe('br');
  });
});

describe('a text', () => {
  const read = async (bytes: number[] | Buffer, type?: string) => {
    server.answer = answering(Buffer.from(bytes), type ? { 'content-type': type } : {});
    return (await get({ responseType: 'text' })).body;
  };

  it.each<[string, string | undefined, number[], string]>([
    ['UTF-8 where no charset is named', undefined, [0xc3, 0xbc], 'ü'],
    ['UTF-8', 'text/plain; charset=utf-8', [0xc3, 0xbc], 'ü'],
    ['UTF-8 in capitals and quotes', 'text/plain; Charset="UTF8"', [0xc3, 0xbc], 'ü'],
    ['latin 1', 'text/plain;charset=ISO-8859-1', [0xfc], 'ü'],
    ['windows-1252', 'text/plain; charset=windows-1252', [0xfc], 'ü'],
    ['Shift JIS', 'text/plain; charset=shift_jis', [0x82, 0xa0], 'あ'],
    ['UTF-16', 'text/plain; charset=utf-16le', [0xfc, 0], 'ü'],
    ['UTF-8 where the charset is one that nobody knows', 'text/plain; charset=klingon', [0xc3, 0xbc], 'ü'],
    ['UTF-8 without its mark', 'text/plain', [0xef, 0xbb, 0xbf, 0x61], 'a'],
    ['UTF-16 without its mark', 'text/plain; charset=utf-16', [0xff, 0xfe, 0x61, 0], 'a'],
    ['UTF-8 without the one mark, of two', 'text/plain', [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], '\ufeff'],
    ['what can be read of UTF-8 that is none', 'text/plain', [0x61, 0xff, 0x62], 'a\ufffdb'],
  ])('is %s', async (_, type, bytes, text) => {
    expect(await read(bytes, type)).toBe(text);
  });

  it('keeps its characters whole, however its bytes arrive', async () => {
    server.answer = (_request, response) => {
      for (const byte of Buffer.from('"ü€😀"')) response.write(Buffer.of(byte));
      response.end();
    };
    expect((await get()).body).toBe('ü€😀');
  });

  it('of JSON may have a mark of its byte order', async () => {
    server.answer = answering('\ufeff{"a":1}', JSON_TYPE);
    expect((await get()).body).toEqual({ a: 1 });
  });
});

describe('bytes', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

  it.each([1, 3, 1_000])('arrive as they are, and nothing beside them (%d times all)', async (times) => {
    const sent = Buffer.concat(Array(times).fill(all));
    server.answer = answering(sent);
    const { body } = await get({ responseType: 'arraybuffer' });
    expect(body).toBeInstanceOf(ArrayBuffer);
    expect(sent.equals(Buffer.from(body as ArrayBuffer))).toBe(true); // as the line above has shown
  });

  it('come as a blob of their type', async () => {
    server.answer = answering(all, { 'content-type': 'image/png' });
    const { body } = await get({ responseType: 'blob' });
    expect(body).toBeInstanceOf(Blob);
    const blob = body as Blob; // as the line above has shown
    expect(blob).toMatchObject({ type: 'image/png', size: 256 });
    expect(all.equals(Buffer.from(await blob.arrayBuffer()))).toBe(true);
  });
});

describe('the head of an answer', () => {
  it('shows all cookies whole, each in a line', async () => {
    const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/', 'b=2, 3'];
    server.answer = answering('1', { 'set-cookie': cookies, 'X-Two': ['1', '2'] });
    const { headers } = await get();
    expect(headers['set-cookie']).toBe(cookies.join('\n'));
    expect(headers['x-two']).toBe('1, 2');
    server.answer = answering('1', { 'set-cookie': cookies.slice(1) });
    expect((await get()).headers['set-cookie']).toBe('b=2, 3');
  });

  it.each([
    ['OK then', 200],
    ['', 200],
    ['Whatever', 299],
  ])('has the text of its status as it came: %j', async (statusText, status) => {
    server.answer = (_request, response) => response.writeHead(status, statusText || undefined).end('1');
    expect(await get()).toMatchObject({ status, statusText: statusText || 'OK' });
  });

  it('names headers in lower case, and none that no one sent', async () => {
    server.answer = answering('1', { 'X-ONE': '1', __proto__: '2' } as Record<string, string>);
    const { headers } = await get();
    expect(headers).toMatchObject({ 'x-one': '1' });
    expect(headers.constructor).toBe(Object);
  });

  it('says where it came from without user info and hash', async () => {
    server.answer = answering('1');
    const url = `${server.origin.replace('//', '//user:secret@')}/a?b=1#c`;
    expect((await firstValueFrom(api.request$('GET', url))).url).toBe(`${server.origin}/a?b=1`);
  });
});

describe('an error of parsing', () => {
  it('keeps 200 characters of what it could not parse, where nothing prints them', async () => {
    server.answer = answering(`hidden${'x'.repeat(1_000)}`);
    const error = await endOf(api.get$('/a'));
    expect(isApiError(error, 'parse') && error.response.body).toBe(`hidden${'x'.repeat(194)}`);
    expect(JSON.stringify(error)).not.toContain('hidden');
  });

  it('keeps nothing where it is one of the refresh: there may be a token in it', async () => {
    server.answer = answering('<token>hidden</token>');
    const session = createSession({
      refresh: () => api.post$<TokenGrant>('/renewal'),
      store: memoryStore({ accessToken: 'dead', refreshToken: 'r' }),
    });
    const error = await endOf(session.refresh$());
    expect(error).toMatchObject({ code: 'refresh', cause: { code: 'parse', response: { status: 200, body: '' } } });
    expect(shownOf(error)).not.toContain('hidden');
  });
});
