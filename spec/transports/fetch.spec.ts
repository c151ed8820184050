import { createApi, fetchTransport, isApiError } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBarrier } from '../support/barrier';
import { shownOf } from '../support/http-client';
import { answering, echo, type HttpServer, startHttpServer } from '../support/http-server';

// What holds of every transport, this one too, is in contract/.

let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer();
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

const apiWith = (options?: Parameters<typeof fetchTransport>[0]) =>
  createApi({ baseUrl: server.origin, transport: fetchTransport(options) });

/** The error that a promise rejects with. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

describe('fetch', () => {
  it("is the platform's, looked up when a request is made", async () => {
    const api = apiWith();
    const calls: unknown[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      calls.push(url);
      return new Response('1');
    });
    expect(calls).toEqual([]);
    expect(await firstValueFrom(api.get$('/a'))).toBe(1);
    expect(calls).toEqual([`${server.origin}/a`]);
  });

  it("may be the caller's, and is called once for each attempt, without this", async () => {
    const calls: unknown[] = [];
    const api = apiWith({
      async fetch(this: unknown, url, init) {
        calls.push([this, url, init?.method, init?.credentials]);
        return new Response('1');
      },
    });
    const post$ = api.post$('/a', 'b');
    await firstValueFrom(post$);
    await firstValueFrom(api.get$('/a', { withCredentials: true }));
    expect(calls).toEqual([
      [undefined, `${server.origin}/a`, 'POST', 'same-origin'],
      [undefined, `${server.origin}/a`, 'GET', 'include'],
    ]);
  });

  it('that is none is a mistake, said at once', () => {
    const none = 'fetch' as unknown as typeof fetch; // what plain JavaScript may pass
    expect(() => fetchTransport({ fetch: none })).toThrow(new TypeError('fetch: expected a function'));
  });

  it('that is missing is an error of the request', async () => {
    vi.stubGlobal('fetch', undefined);
    expect(await errorOf(firstValueFrom(apiWith().get$('/a')))).toMatchObject({
      code: 'request',
      message: expect.stringContaining('there is no fetch here'),
    });
  });

  it.each<[string, () => Promise<Response>]>([
    [
      'throws',
      () => {
        throw new Error('none here');
      },
    ],
    ['rejects', () => Promise.reject(new Error('none here'))],
    ['rejects with what is no error', () => Promise.reject('none here')],
    ['rejects with nothing', () => Promise.reject()],
  ])('that %s makes an error of the network', async (_, fails) => {
    expect(await errorOf(firstValueFrom(apiWith({ fetch: fails }).get$('/a')))).toMatchObject({ code: 'network' });
  });

  it('gets a signal that aborts on unsubscribe, and is not called in that same tick', async () => {
    const signals: unknown[] = [];
    const called = createBarrier();
    const api = apiWith({
      fetch: (_url, init) => {
        signals.push(init?.signal);
        called.open();
        return new Promise(() => {});
      },
    });
    api.get$('/a').subscribe().unsubscribe();
    const subscription = api.get$('/b').subscribe();
    await called.opened;
    expect(signals).toMatchObject([{ aborted: false }]);
    subscription.unsubscribe();
    expect(signals).toMatchObject([{ aborted: true }]);
  });

  it('may be one whose headers do not tell cookies apart', async () => {
    const api = apiWith({
      fetch: async () => {
        const response = new Response('1', { headers: { 'set-cookie': 'a=1', 'x-one': '1' } });
        return Object.defineProperty(response, 'headers', {
          value: Object.assign(new Headers({ 'x-one': '1' }), { getSetCookie: undefined }),
        });
      },
    });
    expect(await firstValueFrom(api.request$('GET', '/a'))).toMatchObject({ headers: { 'x-one': '1' } });
  });
});

describe('a body', () => {
  it('of shared memory is sent to the byte', async () => {
    server.answer = echo;
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7).subarray(1);
    expect(await firstValueFrom(apiWith().post$('/a', shared))).toMatchObject({ bytes: [7, 7, 7] });
  });

  it('that is a stream is refused where the platform would send its name', async () => {
    const { Request: Real } = globalThis;
    class WithoutStreams extends Real {
      constructor(url: string, { body, ...init }: RequestInit = {}) {
        super(url, { ...init, ...(body && { body: `${body}` }) });
      }
    }
    vi.stubGlobal('Request', WithoutStreams);
    const calls: unknown[] = [];
    const api = apiWith({
      fetch: async (url) => {
        calls.push(url);
        return new Response('1');
      },
    });
    expect(await errorOf(firstValueFrom(api.post$('/a', new ReadableStream())))).toMatchObject({
      code: 'request',
      message: expect.stringContaining('this platform cannot send a stream'),
    });
    expect(calls).toEqual([]);
  });

  it('that is a stream is cancelled when the caller unsubscribes', async () => {
    const [pulled, cancelled] = [createBarrier(), createBarrier()];
    const body = new ReadableStream({ pull: pulled.open, cancel: cancelled.open }, { highWaterMark: 0 });
    const subscription = apiWith().post$('/a', body).subscribe();
    await pulled.opened;
    subscription.unsubscribe();
    await cancelled.opened;
  });

  it('that is a stream which fails is an error', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('no more')) });
    expect(await errorOf(firstValueFrom(apiWith().post$('/a', body)))).toMatchObject({ code: 'network' });
  });
});

describe('a text', () => {
  it.each([
    ['text/plain;charset=UTF-8', {}],
    ['text/csv', { headers: { 'content-type': 'text/csv' } }],
  ])('is sent as %s, whatever fetch would add', async (type, options) => {
    const calls: unknown[] = [];
    const api = apiWith({
      async fetch(_url, init) {
        calls.push(Object.fromEntries(new Headers(init?.headers)));
        return new Response('1');
      },
    });
    await firstValueFrom(api.post$('/a', 'b', options));
    expect(calls).toMatchObject([{ 'content-type': type }]);
  });
});

describe('an error', () => {
  /** From undici 7 on, so from Node 24 on, `fetch` takes this header and sends it. */
  const takesConnection = Number.parseInt(process.versions.undici ?? '', 10) >= 7;

  it.each([...(takesConnection ? [] : ['connection']), 'transfer-encoding', 'content-length', 'upgrade'])(
    'is of the request for the header %s, which Node refuses on the way',
    async (name) => {
      const error = await errorOf(firstValueFrom(apiWith().post$('/a', 'b', { headers: { [name]: 'hidden' } })));
      expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(name) });
      expect(shownOf(error)).not.toContain('hidden');
    },
  );

  it('has a cause that says why, without what had come of the answer', async () => {
    server.answer = (request) =>
      request.socket.end('HTTP/1.1 200 OK\r\nset-cookie: id=hidden\r\ncontent-length: hidden\r\n\r\n');
    const error = await errorOf(firstValueFrom(apiWith().get$('/a')));
    expect(error).toMatchObject({ code: 'network', cause: { message: expect.stringContaining('Content-Length') } });
    expect(shownOf(error)).not.toContain('hidden');
  });

  it('shows neither the headers nor the body of what was asked', async () => {
    server.answer = (request) => request.socket.resetAndDestroy();
    const options = { headers: { authorization: 'Bearer hidden', 'x-key': 'hidden' } };
    for (const body of [{ password: 'hidden' }, 'hidden', new Blob(['hidden'])]) {
      const error = await errorOf(firstValueFrom(apiWith().post$('/a?hidden', body, options)));
      expect(error).toMatchObject({ code: 'network', message: expect.stringMatching(`^POST ${server.origin}/a: `) });
      expect(shownOf(error)).not.toContain('hidden');
    }
  });
});

describe('a response of another make', () => {
  it('may have a stream of Node for its body, as node-fetch gives it', async () => {
    const bytes = Uint8Array.from(Buffer.from('{"a":1}')).buffer;
    const foreign = {
      status: 200,
      statusText: 'OK',
      url: '',
      headers: new Headers(),
      body: { pipe: () => {} },
      arrayBuffer: async () => bytes,
    };
    const own = async () => foreign as unknown as Response; // as much of it as counts
    expect(await firstValueFrom(apiWith({ fetch: own }).get$('/a'))).toEqual({ a: 1 });
  });
});

describe('a redirect', () => {
  it('to another origin leaves cookies behind as well, where there are any to set', async () => {
    const other = await startHttpServer();
    other.answer = echo;
    server.answer = answering('', { location: `${other.origin}/` }, 307);
    const headers = { cookie: 'hidden', authorization: 'hidden', 'proxy-authorization': 'hidden' };
    const seen = await firstValueFrom(apiWith().post$('/a', 'b', { headers }));
    expect(JSON.stringify(seen)).not.toContain('hidden');
    await other.close();
  });

  it('that would need a stream a second time is an error', async () => {
    server.answer = answering('', { location: '/b' }, 307);
    const body = new Blob(['a']).stream();
    const error = await errorOf(firstValueFrom(apiWith().post$('/a', body)));
    expect(isApiError(error, 'network')).toBe(true);
  });
});
