import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  type Api,
  ajaxTransport,
  type Body,
  createApi,
  type HttpEvent,
  isApiError,
  type RequestOptions,
} from 'renewal';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { xhrFactory } from '../../lib/transports/node/xhr';
import { shownOf } from '../support/http-client';
import { type Answer, answering, type Echo, echo, type HttpServer, startHttpServer } from '../support/http-server';

let server: HttpServer;
let api: Api;

beforeEach(async () => {
  server = await startHttpServer();
  api = createApi({ baseUrl: server.origin });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const get = (options?: RequestOptions) => firstValueFrom(api.request$('GET', '/a?hidden=1', options));

/** What a request ends with, where that is to be an error. */
const errorOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return { value: await promise };
  } catch (error) {
    return error;
  }
};

describe('an answer', () => {
  it('is decoded as JSON, text or bytes', async () => {
    server.answer = answering('{"ü":[1]}', { 'Content-Type': 'application/json' });
    expect((await get()).body).toEqual({ ü: [1] });
    expect((await get({ responseType: 'text' })).body).toBe('{"ü":[1]}');
    const { body } = await get({ responseType: 'arraybuffer' });
    expect(body).toBeInstanceOf(ArrayBuffer);
    expect(Buffer.from(body as ArrayBuffer).toString()).toBe('{"ü":[1]}'); // as the line above has shown
  });

  it('is JSON whatever its content type', async () => {
    server.answer = answering('{"a":1}', { 'content-type': 'text/plain' });
    expect((await get()).body).toEqual({ a: 1 });
  });

  it.each(['null', '0', 'false', '""', '"text"', '[]', ' {"a":1}\n'])('may be any JSON: %s', async (text) => {
    server.answer = answering(text);
    expect((await get()).body).toEqual(JSON.parse(text));
  });

  it('has status, status text, lower-case headers and the final url', async () => {
    server.answer = answering('1', { 'X-One': 'A: b, c', 'X-Empty': '', 'x-two': ['1', '2'] }, 201);
    expect(await get()).toMatchObject({
      type: 'response',
      status: 201,
      statusText: 'Created',
      headers: { 'x-one': 'A: b, c', 'x-empty': '', 'x-two': '1, 2' },
      url: `${server.origin}/a?hidden=1`,
    });
  });

  it('has a status text also where its status is one that no one has named', async () => {
    server.answer = answering('1', {}, 299);
    expect(await get()).toMatchObject({ status: 299, statusText: expect.any(String) });
  });

  it.each<[string, Answer]>([
    ['an empty body', answering('')],
    ['204', answering('', {}, 204)],
    ['304', answering('', {}, 304)],
    ['JSON null', answering('null')],
  ])('is null for %s', async (_, empty) => {
    server.answer = empty;
    expect((await get()).body).toBeNull();
    expect(await firstValueFrom(api.get$('/a'))).toBeNull();
  });

  it.each(['json', 'text', 'arraybuffer'] as const)(
    'is null for 204, which has no content, as %s',
    async (responseType) => {
      server.answer = answering('', {}, 204);
      expect((await get({ responseType })).body).toBeNull();
    },
  );

  it.each([200, 404])('is null for HEAD, and has the headers that a GET would have (status %d)', async (status) => {
    server.answer = answering('', { 'content-length': '9', 'x-one': '1' }, status);
    const answer = await firstValueFrom(api.request$('HEAD', '/a')).catch((error: unknown) =>
      isApiError(error, 'status') ? error.response : undefined,
    );
    expect(answer).toMatchObject({ status, body: null, headers: { 'content-length': '9', 'x-one': '1' } });
  });

  it.each(['<h1>hidden</h1>', '{"hidden":', 'hidden', '{"a":1}{'])(
    'is an error where it is not JSON: %s',
    async (text) => {
      server.answer = answering(text, { 'content-type': 'application/json' });
      const error = await errorOf(get());
      expect(error).toMatchObject({ name: 'ResponseParseError', code: 'parse', response: { status: 200, body: text } });
      expect(shownOf(error)).not.toContain('hidden');
    },
  );

  it('that is not JSON is quoted with its first 200 characters', async () => {
    server.answer = answering('x'.repeat(1_000));
    expect(await errorOf(get())).toMatchObject({ code: 'parse', response: { body: 'x'.repeat(200) } });
  });

  it.each([
    ['parsed', '{"message":"no"}', { message: 'no' }],
    ['as a text where it is none', '<h1>no</h1>', '<h1>no</h1>'],
    ['null where there is none', '', null],
  ])('of an error has its body %s', async (_, sent, body) => {
    server.answer = answering(sent, { 'x-one': '1' }, 422);
    const error = await errorOf(get());
    expect(error).toMatchObject({ code: 'status', status: 422, response: { body, headers: { 'x-one': '1' } } });
  });

  it('of an error is an answer to interceptors, decoded as it was asked for', async () => {
    server.answer = answering('{"a":1}', {}, 500);
    const seen: HttpEvent[] = [];
    const transport = ajaxTransport();
    const watched = createApi({
      baseUrl: server.origin,
      transport,
      interceptors: [
        (request, next) => {
          const answer$ = next(request);
          answer$.subscribe((event) => seen.push(event));
          return answer$;
        },
      ],
    });
    for (const responseType of ['json', 'text', 'arraybuffer'] as const) {
      await errorOf(firstValueFrom(watched.get$('/a', { responseType })));
    }
    expect(seen).toMatchObject([
      { status: 500, body: { a: 1 } },
      { status: 500, body: '{"a":1}' },
      { status: 500, body: expect.any(ArrayBuffer) },
    ]);
  });

  it('emits progress on request: sent, then bytes, then the response', async () => {
    server.answer = answering('[1]', { 'content-length': '3' });
    const events = await lastValueFrom(api.request$('GET', '/a', { reportProgress: true }).pipe(toArray()));
    expect(events[0]).toEqual({ type: 'sent' });
    expect(events.at(-2)).toEqual({ type: 'download', loaded: 3, total: 3 });
    expect(events.at(-1)).toMatchObject({ type: 'response', body: [1] });
    expect(events.filter(({ type }) => type === 'response')).toHaveLength(1);
  });
});

describe('no answer', () => {
  /** What the caller gets when the connection ends so. */
  const errorWhen = async (answer: Answer, options?: RequestOptions): Promise<unknown> => {
    server.answer = answer;
    return errorOf(get(options));
  };

  it('is an error of the network, with what Node has to say, where no one listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    closed.close();
    await once(closed, 'close');
    const nowhere = createApi({ baseUrl: `http://127.0.0.1:${Object(address).port}` });
    expect(await errorOf(firstValueFrom(nowhere.get$('/a')))).toMatchObject({
      name: 'NetworkError',
      code: 'network',
      cause: { code: 'ECONNREFUSED' },
    });
  });

  it.each<[string, string, Answer]>([
    ['a reset', 'ECONNRESET', (request) => request.socket.resetAndDestroy()],
    ['an end before it began', 'ECONNRESET', (request) => request.socket.end()],
    ['what is no HTTP', 'HPE_INVALID_CONSTANT', (request) => request.socket.end('what is this\r\n\r\n')],
  ])('is one, with what Node has to say, for %s', async (_, code, answer) => {
    expect(await errorWhen(answer)).toMatchObject({ code: 'network', cause: { code } });
  });

  const halves: [string, Record<string, string>][] = [
    ['a length', { 'content-length': '100' }],
    ['chunks', { 'transfer-encoding': 'chunked' }],
  ];
  const ends: [string, (response: Parameters<Answer>[1]) => void][] = [
    ['reset', (response) => response.socket?.resetAndDestroy()],
    ['closed', (response) => response.socket?.end()],
  ];
  const broken = halves.flatMap(([framing, headers]) =>
    ends.flatMap(([how, end]) =>
      [200, 404, 500].flatMap((status) =>
        (['json', 'text', 'arraybuffer'] as const).map(
          (responseType) => [framing, how, status, responseType, headers, end] as const,
        ),
      ),
    ),
  );
  it.each(broken)('is one, never a short response, for a body with %s that is %s (status %d, %s)', async (...it) => {
    const [, , status, responseType, headers, end] = it;
    const error = await errorWhen(
      (_request, response) => {
        response.writeHead(status, headers);
        response.write('[1,2', () => end(response));
      },
      { responseType },
    );
    expect(error).toMatchObject({ code: 'network' });
    expect(isApiError(error) && error.response).toBeUndefined();
  });

  it('is one, not an endless wait, if the server switches protocols unasked', {
    timeout: 2_000,
  }, async () => {
    const error = await errorWhen((request) => {
      request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    });
    expect(error).toMatchObject({ code: 'network' });
  });

  it('shows neither the headers nor the body of what was asked', async () => {
    server.answer = (request) => request.socket.resetAndDestroy();
    const options = { headers: { authorization: 'Bearer hidden', 'x-key': 'hidden' } };
    for (const body of [{ password: 'hidden' }, 'hidden', new URLSearchParams({ password: 'hidden' })]) {
      const error = await errorOf(firstValueFrom(api.post$('/a?hidden', body, options)));
      expect(error).toMatchObject({ code: 'network', message: expect.stringMatching(`^POST ${server.origin}/a: `) });
      expect(shownOf(error)).not.toContain('hidden');
    }
  });
});

describe('unsubscribing', () => {
  it('before the answer closes the connection, as the server sees', async () => {
    const arrived = new Promise<Parameters<Answer>[1]>((resolve) => {
      server.answer = (_request, response) => resolve(response);
    });
    const subscription = api.get$('/a').subscribe();
    const response = await arrived;
    const closed = once(response, 'close');
    subscription.unsubscribe();
    await closed;
    expect(response.writableEnded).toBe(false);
  });

  it('in the middle of the body closes the connection, as the server sees', async () => {
    const arrived = new Promise<Parameters<Answer>[1]>((resolve) => {
      server.answer = (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        resolve(response);
      };
    });
    const progress = new Promise<void>((resolve) => {
      const subscription = api.request$('GET', '/a', { reportProgress: true }).subscribe(({ type, ...event }) => {
        if (type !== 'download' || Object(event).loaded === 0) return;
        subscription.unsubscribe();
        resolve();
      });
    });
    const response = await arrived;
    const closed = once(response, 'close');
    await progress;
    await closed;
    expect(response.writableEnded).toBe(false);
  });

  it('in the same tick sends nothing, and is no error', async () => {
    const paths: unknown[] = [];
    server.answer = (request, response) => {
      paths.push(request.url);
      response.end('1');
    };
    const subscription = api.get$('/a').subscribe({ error: (error) => paths.push(error) });
    subscription.unsubscribe();
    await firstValueFrom(api.get$('/b'));
    expect(paths).toEqual(['/b']);
  });
});

describe('a request', () => {
  const post = async (body: unknown, options?: RequestOptions<Echo>): Promise<Echo> => {
    server.answer = echo;
    return firstValueFrom(api.post$<Echo>('/a', body as Body, options)); // what plain JavaScript may pass
  };
  const bytesOf = (text: string): number[] => [...Buffer.from(text)];

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE'])(
    'goes out as %s, with its query',
    async (method) => {
      server.answer = echo;
      const { body } = await firstValueFrom(api.request$<Echo>(method, '/a?b=%2F', { params: { c: 'č' } }));
      expect(body).toMatchObject({ method, url: '/a?b=%2F&c=%C4%8D', bytes: [] });
    },
  );

  it.each<[string, unknown, number[]]>([
    ['a view of a larger buffer', new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 3), [1, 2]],
    ['a view of an empty part', new Uint8Array([0, 1]).subarray(1, 1), []],
    ['a small buffer of Node, which shares its memory', Buffer.from('hello'), bytesOf('hello')],
    ['a DataView', new DataView(new Uint8Array([9, 8, 7]).buffer, 1, 1), [8]],
    ['a view of wider numbers', new Uint16Array([1, 2, 3]).subarray(1, 2), [2, 0]],
    ['an ArrayBuffer', new Uint8Array([5, 0, 255]).buffer, [5, 0, 255]],
    ['a text', 'ü', [195, 188]],
    ['an empty text', '', []],
    ['a number', 0, [48]],
    ['false', false, bytesOf('false')],
    ['a list', [1], bytesOf('[1]')],
    ['an object', { ü: 1 }, bytesOf('{"ü":1}')],
    ['nothing', undefined, []],
    ['null', null, []],
    ['a megabyte', new Uint8Array(1_000_000).fill(7).subarray(1), Array(999_999).fill(7)],
  ])('sends %s to the byte', async (_, body, bytes) => {
    expect((await post(body)).bytes).toEqual(bytes);
  });

  it.each<[string, () => unknown]>([
    ['shared memory', () => new Uint8Array(new SharedArrayBuffer(2)).fill(7).buffer],
    ['a view of shared memory', () => new Uint8Array(new SharedArrayBuffer(3)).fill(7).subarray(1)],
  ])('sends %s to the byte, or refuses it', async (_, body) => {
    const fate = await post(body()).catch((error: unknown) => error);
    if (!isApiError(fate, 'request')) expect(fate).toMatchObject({ bytes: [7, 7] });
  });

  it('names the type of a body only where it knows it, and never against the caller', async () => {
    const type = async (body: unknown, options?: RequestOptions<Echo>) =>
      (await post(body, options)).headers['content-type'];
    expect(await type({ a: 1 })).toBe('application/json');
    expect(await type(new URLSearchParams('a=1'))).toBe('application/x-www-form-urlencoded;charset=UTF-8');
    expect(await type(new Uint8Array(1))).toBeUndefined();
    expect(await type(null)).toBeUndefined();
    expect(await type('<a/>', { headers: { 'Content-Type': 'text/xml' } })).toBe('text/xml');
    expect(await type({ a: 1 }, { headers: { 'content-type': 'application/merge-patch+json' } })).toBe(
      'application/merge-patch+json',
    );
  });

  it('sends a form as a form', async () => {
    expect((await post(new URLSearchParams({ a: '1 2', ü: '&' }))).bytes).toEqual(bytesOf('a=1+2&%C3%BC=%26'));
  });

  it('adds no header that would cost a preflight request', async () => {
    const { headers } = await post({ a: 1 });
    expect(headers).not.toHaveProperty('x-requested-with');
  });

  it.each([
    ['x-one', 'one: two'],
    ['authorization', 'Basic eDp5'],
    ['accept', 'text/csv'],
    ['user-agent', 'shop/1.0'],
  ])('sends the header %s as the caller gives it', async (name, value) => {
    expect((await post(null, { headers: { [name]: value } })).headers[name]).toBe(value);
  });

  it.each(['cookie', 'host'])(
    'sends the header %s or refuses it, and drops it not in silence or on the console',
    async (name) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const value = 'a=b';
      const fate = await post(null, { headers: { [name]: value } }).catch((error: unknown) => error);
      expect(warn).not.toHaveBeenCalled();
      if (!isApiError(fate, 'request')) expect(fate).toMatchObject({ headers: { [name]: value } });
    },
  );

  it.each([
    ['a value of two lines', { 'x-a': 'hidden\nx-b: c' }],
    ['a value that cannot travel', { 'x-a': 'hidden č' }],
    ['a name that is none', { 'x a': 'hidden' }],
    ['an empty name', { '': 'hidden' }],
  ])('is refused with %s, which is not quoted', async (_, headers) => {
    const error = await errorOf(post({ hidden: 1 }, { headers }));
    expect(error).toMatchObject({ name: 'InvalidRequestError', code: 'request' });
    expect(shownOf(error)).not.toContain('hidden');
  });

  it.each(['TRACE', 'CONNECT', 'NO METHOD'])('is refused with the method %j', async (method) => {
    server.answer = echo;
    expect(await errorOf(firstValueFrom(api.request$(method, '/a')))).toMatchObject({ code: 'request' });
  });

  it('is refused with a relative url that nothing resolves', async () => {
    expect(await errorOf(firstValueFrom(createApi().get$('/a')))).toMatchObject({ code: 'request' });
  });

  it("is refused with a stream if the XMLHttpRequest is the caller's own", async () => {
    const custom = api.extend({ transport: ajaxTransport({ createXHR: xhrFactory() }) });
    const error = await errorOf(firstValueFrom(custom.post$('/a', new ReadableStream())));
    expect(error).toMatchObject({
      name: 'InvalidRequestError',
      code: 'request',
      message: expect.stringMatching('stream'),
    });
  });
});

describe('a redirect', () => {
  it('takes no secret along to another origin', async () => {
    const other = await startHttpServer();
    const seen: unknown[] = [];
    other.answer = ({ headers }, response) => {
      seen.push(headers.authorization, headers['x-api-key']);
      response.end('"elsewhere"');
    };
    server.answer = answering('', { location: `${other.origin}/` }, 302);
    const headers = { authorization: 'Bearer hidden', 'x-api-key': 'hidden' };
    expect(await get({ headers })).toMatchObject({ body: 'elsewhere', url: `${other.origin}/` });
    expect(seen).toEqual([undefined, undefined]);
    await other.close();
  });

  it('takes the headers along within the origin, also where it is relative', async () => {
    server.answer = (request, response) => {
      if (request.url === '/here') return response.end(JSON.stringify(request.headers.authorization));
      return response.writeHead(302, { location: '/here' }).end();
    };
    expect(await get({ headers: { authorization: 'Bearer mine' } })).toMatchObject({ body: 'Bearer mine' });
  });

  it.each<[string, Record<string, string>]>([
    ['what is no url', { location: 'http://[' }],
    ['a port that is none', { location: 'http://h:99999/' }],
    ['nowhere', {}],
    ['itself, for ever', { location: '/a' }],
  ])('is an error where it leads to %s', async (_, headers) => {
    server.answer = answering('', headers, 302);
    expect(await errorOf(get())).toMatchObject({ code: 'network' });
  });
});

describe('createXHR', () => {
  it('makes one for each attempt', async () => {
    server.answer = answering('1');
    const made: XMLHttpRequest[] = [];
    const transport = ajaxTransport({
      createXHR: () => {
        const xhr = xhrFactory()();
        made.push(xhr);
        return xhr;
      },
    });
    const own$ = api.extend({ transport }).get$('/a');
    expect(made).toHaveLength(0);
    expect(await firstValueFrom(own$)).toBe(1);
    expect(await firstValueFrom(own$)).toBe(1);
    expect(new Set(made).size).toBe(2);
  });

  it('may name headers in any case, as before the standard required lower case', async () => {
    server.answer = answering('1', { 'X-One': 'A' });
    const transport = ajaxTransport({
      createXHR: () => {
        const xhr = xhrFactory()();
        return Object.defineProperties(xhr, {
          responseHeaders: { value: undefined },
          getAllResponseHeaders: { value: () => 'Content-Type: text/plain\r\nX-One: A\r\n' },
        });
      },
    });
    expect(await firstValueFrom(api.extend({ transport }).request$('GET', '/a'))).toMatchObject({
      headers: { 'content-type': 'text/plain', 'x-one': 'A' },
    });
  });

  it('may make a mock that parses by itself, and tells nothing of its progress', async () => {
    const createXHR = () =>
      Object.assign(new EventTarget(), {
        upload: new EventTarget(),
        status: 200,
        statusText: 'OK',
        responseURL: '',
        responseType: '',
        timeout: 0,
        response: { a: 1 },
        open: () => {},
        setRequestHeader: () => {},
        getAllResponseHeaders: () => '',
        abort: () => {},
        send(this: EventTarget) {
          for (const type of ['progress', 'load']) this.dispatchEvent(new Event(type));
        },
      }) as unknown as XMLHttpRequest; // as much of it as rxjs/ajax needs
    expect(await firstValueFrom(api.extend({ transport: ajaxTransport({ createXHR }) }).get$('/a'))).toEqual({ a: 1 });
  });

  it('that throws does so through the error of the request', async () => {
    const transport = ajaxTransport({
      createXHR: () => {
        throw new Error('none here');
      },
    });
    const request$ = api.extend({ transport }).get$('/a');
    expect(await errorOf(firstValueFrom(request$))).toMatchObject({ message: expect.any(String) });
  });
});
