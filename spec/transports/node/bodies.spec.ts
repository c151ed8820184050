import { setImmediate } from 'node:timers/promises';
import type { Api, Body, HttpEvent, RequestOptions } from 'renewal';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answering, type Echo, echo, type HttpServer, startHttpServer } from '../../support/http-server';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { startTcpServer } from '../../support/tcp-server';

let server: HttpServer;
let client: NodeClient;
let api: Api;

beforeEach(async () => {
  server = await startHttpServer();
  server.answer = echo;
  client = createNodeClient(server.origin, { timeoutMs: 5_000 });
  api = client.api;
});

afterEach(async () => {
  client.agent.destroy();
  await server.close();
});

const post = (body: Body, options?: RequestOptions<Echo>): Promise<Echo> =>
  firstValueFrom(api.post$<Echo>('/a', body, options));

/** What the server makes of a form. */
const parsed = ({ headers, bytes }: Echo): Promise<FormData> =>
  new Response(Uint8Array.from(bytes), { headers: { 'content-type': `${headers['content-type']}` } }).formData();

describe('a form', () => {
  const form = new FormData();
  form.append('name', 'ü\r\n"x"');
  form.append('file', new File([new Uint8Array([0, 255, 13, 10])], 'a "b".bin', { type: 'image/png' }));
  form.append('file', new Blob(['text']), 'ü.txt');

  it('arrives whole, with its files', async () => {
    const sent = await post(form);
    expect(sent.headers).toMatchObject({
      'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
      'content-length': `${sent.bytes.length}`,
    });
    const files = (await parsed(sent)).getAll('file') as File[]; // they were sent as files
    expect((await parsed(sent)).get('name')).toBe('ü\r\n"x"');
    expect(files).toMatchObject([
      { name: 'a "b".bin', type: 'image/png', size: 4 },
      { name: 'ü.txt', size: 4 },
    ]);
    expect([...new Uint8Array((await files[0]?.arrayBuffer()) ?? [])]).toEqual([0, 255, 13, 10]);
  });

  it('with nothing in it is a form', async () => {
    expect([...(await parsed(await post(new FormData()))).keys()]).toEqual([]);
  });

  it('has the type that the caller gives it, and keeps it to itself where it is wrong', async () => {
    expect((await post(form, { headers: { 'content-type': 'x/y' } })).headers['content-type']).toBe('x/y');
  });

  it('of another make is refused, not sent as the text of its name', async () => {
    const fake = Object.create(null, { [Symbol.toStringTag]: { value: 'FormData' } });
    expect(await endOf(api.post$('/a', fake))).toMatchObject({ code: 'request' });
  });

  it('is sent again after a redirect that keeps it', async () => {
    server.answer = (request, response, body) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b' }).end();
      else echo(request, response, body);
    };
    expect((await parsed(await post(form))).get('name')).toBe('ü\r\n"x"');
  });
});

describe('a blob', () => {
  it.each([
    ['image/png', 'image/png'],
    ['', undefined],
  ])('is sent to the byte, with its type, if it has one: %j', async (type, sentType) => {
    const sent = await post(new Blob([new Uint8Array([0, 255])], { type }));
    expect(sent).toMatchObject({ bytes: [0, 255], headers: { 'content-length': '2' } });
    expect(sent.headers['content-type']).toBe(sentType);
  });

  it('that is empty is sent as such', async () => {
    expect(await post(new Blob([]))).toMatchObject({ bytes: [], headers: { 'content-length': '0' } });
  });

  it('of another make is refused', async () => {
    const fake = { [Symbol.toStringTag]: 'Blob' };
    expect(await endOf(api.post$('/a', fake))).toMatchObject({ code: 'request' });
  });

  it('that can no longer be read is an error with its cause', async () => {
    class Gone extends Blob {
      override stream(): ReturnType<Blob['stream']> {
        throw new RangeError('gone');
      }
    }
    expect(await endOf(api.post$('/a', new Gone(['text'])))).toMatchObject({
      code: expect.stringMatching(/^(network|request)$/),
    });
  });
});

describe('a stream', () => {
  const streamOf = (...parts: unknown[]): ReadableStream => {
    const left = [...parts];
    return new ReadableStream({
      pull: (stream) => {
        if (left.length > 0) stream.enqueue(left.shift());
        else stream.close();
      },
    });
  };

  it('is sent in chunks, as it comes', async () => {
    const sent = await post(streamOf(Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3), Buffer.from('x')));
    expect(sent).toMatchObject({ bytes: [1, 2, 3, 120], headers: { 'transfer-encoding': 'chunked' } });
    expect(sent.headers).not.toHaveProperty('content-length');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('is framed with %s, too', async (method) => {
    const { body } = await firstValueFrom(api.request$<Echo>(method, '/a', { body: streamOf(Uint8Array.of(7)) }));
    expect(body).toMatchObject({ method, bytes: [7] });
    expect((await firstValueFrom(api.get$<Echo>('/b'))).bytes).toEqual([]);
  });

  it('that is empty is sent as such', async () => {
    expect(await post(streamOf())).toMatchObject({ bytes: [], headers: { 'transfer-encoding': 'chunked' } });
  });

  it('is read no faster than it is sent', async () => {
    let pulled = 0;
    const body = new ReadableStream(
      {
        pull: (stream) => {
          pulled++;
          stream.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    const silent = await startTcpServer();
    silent.greet = (socket) => socket.pause();
    const subscription = api.post$(silent.origin, body, { timeoutMs: 0 }).subscribe();
    let before = -1;
    // Until the buffers between the two are full.
    for (let still = 0; still < 200 || !pulled; still = before === pulled ? still + 1 : 0) {
      before = pulled;
      await setImmediate();
    }
    expect(pulled).toBeLessThan(500);
    subscription.unsubscribe();
    await client.released();
    await silent.close();
  });

  it('that fails fails the request, with its cause', async () => {
    const failing = (error: unknown) => new ReadableStream({ pull: (stream) => stream.error(error) });
    expect(await endOf(api.post$('/a', failing(new RangeError('x'))))).toMatchObject({
      code: 'network',
      cause: { message: 'x' },
    });
    expect(await endOf(api.post$('/a', failing(undefined)))).toMatchObject({ code: 'network' });
    await client.released();
  });

  it.each([['a text'], [[1]], [null]])('of something else than bytes fails the request: %j', async (part) => {
    expect(await endOf(api.post$('/a', streamOf(part)))).toMatchObject({
      code: 'network',
      cause: { name: 'TypeError' },
    });
    await client.released();
  });

  it('that someone else reads, or has read from, is refused', async () => {
    const locked = streamOf(Uint8Array.of(1));
    locked.getReader();
    expect(await endOf(api.post$('/a', locked))).toMatchObject({ code: 'request' });
    const read = streamOf(Uint8Array.of(1));
    const reader = read.getReader();
    await reader.read();
    reader.releaseLock();
    expect(await endOf(api.post$('/a', read))).toMatchObject({ code: 'request' });
  });
});

describe('a request', () => {
  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('of %s without a body speaks of none', async (method) => {
    let headers = {};
    server.answer = (request, response) => {
      headers = request.headers;
      response.end();
    };
    await firstValueFrom(api.request$(method, '/a'));
    expect(Object.keys(headers).filter((name) => /^(content-|transfer-)/.test(name))).toEqual([]);
  });

  it.each(['POST', 'PUT', 'PATCH'])('of %s without a body says that it has none', async (method) => {
    const { body } = await firstValueFrom(api.request$<Echo>(method, '/a'));
    expect(body.headers['content-length']).toBe('0');
    expect(body.headers).not.toHaveProperty('content-type');
  });

  it('with an empty text has an empty text', async () => {
    const { headers, bytes } = await post('');
    expect([headers['content-type'], headers['content-length'], bytes]).toEqual(['text/plain;charset=UTF-8', '0', []]);
    expect((await post('', { headers: { 'content-type': 'x/y' } })).headers['content-type']).toBe('x/y');
  });

  it('of GET that an interceptor gives a body is refused', async () => {
    const bodied = api.extend({ interceptors: [(request, next) => next({ ...request, body: 'text' })] });
    expect(await endOf(bodied.get$('/a'))).toMatchObject({ code: 'request' });
  });

  it.each([
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'expect',
  ])('is refused with a header %s, which would break the connection', async (name) => {
    expect(await endOf(api.get$('/a', { headers: { [name]: '1' } }))).toMatchObject({ code: 'request' });
  });

  it('takes headers that a browser keeps to itself', async () => {
    const headers = { cookie: 'a=b', origin: 'https://shop.example', referer: 'https://shop.example/' };
    expect((await firstValueFrom(api.get$<Echo>('/a', { headers }))).headers).toMatchObject(headers);
  });
});

describe('progress', () => {
  const progressOf = async (body: Body): Promise<HttpEvent[]> =>
    lastValueFrom(api.request$('POST', '/a', { body, reportProgress: true }).pipe(toArray()));
  const uploads = (events: readonly HttpEvent[]) => events.filter(({ type }) => type === 'upload');

  it('of an upload is told from 0 to the end, with its total', async () => {
    server.answer = answering('1');
    const events = await progressOf(new Uint8Array(1_000_000));
    const loaded = uploads(events).map((event) => Object(event).loaded);
    expect(events.slice(0, 2)).toEqual([{ type: 'sent' }, { type: 'upload', loaded: 0, total: 1_000_000 }]);
    expect(loaded).toEqual([...loaded].sort((one, other) => one - other));
    expect(loaded.length).toBeGreaterThan(15);
    expect(uploads(events).at(-1)).toEqual({ type: 'upload', loaded: 1_000_000, total: 1_000_000 });
    expect(events.at(-1)).toMatchObject({ type: 'response' });
  });

  it('of a stream has no total', async () => {
    server.answer = answering('1');
    const events = uploads(await progressOf(new Blob([new Uint8Array(200_000)]).stream()));
    expect(events[0]).toEqual({ type: 'upload', loaded: 0 });
    expect(events.at(-1)).toEqual({ type: 'upload', loaded: 200_000 });
  });

  it('of a request without a body is none', async () => {
    expect(uploads(await progressOf(null))).toEqual([]);
  });

  it('of an upload is told once, also where a redirect has it sent again', async () => {
    server.answer = (request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b' }).end();
      else response.end('1');
    };
    const events = await progressOf('text');
    expect(uploads(events).filter((event) => Object(event).loaded === 0)).toHaveLength(1);
    expect(events.filter((event) => event.type === 'download' && event.loaded === 0)).toHaveLength(1);
  });

  it.each([
    ['known', { 'content-length': '200000' }, 200_000],
    ['not known', {}, undefined],
  ])('of a download has a total where that is %s', async (_, headers, total) => {
    server.answer = (_request, response) => {
      response.writeHead(200, headers);
      response.write('"'.padEnd(100_000));
      response.end('"'.padStart(100_000));
    };
    const events = await lastValueFrom(api.request$('GET', '/a', { reportProgress: true }).pipe(toArray()));
    expect(events.at(-2)).toEqual({ type: 'download', loaded: 200_000, ...(total && { total }) });
  });
});
