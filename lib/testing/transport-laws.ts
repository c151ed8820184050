import {
  type Api,
  createApi,
  createSession,
  HttpContext,
  type HttpEvent,
  type HttpRequest,
  type HttpResponse,
  isApiError,
  memoryStore,
  type TokenGrant,
  type Transport,
} from 'renewal';
import { defer, firstValueFrom, forkJoin, toArray } from 'rxjs';
import { expectEqual, expectThat, type LawRunner } from './assert';
import { type Arrival, type LoopbackServer, type Respond, withServer } from './loopback-server';

/** What a law is about: a transport, and a server that it reaches. */
interface Setting {
  readonly transport: Transport;
  readonly server: LoopbackServer;
  readonly request: (path?: string, change?: Partial<HttpRequest>) => HttpRequest;
}

type Law = readonly [title: string, run: (setting: Setting) => Promise<void>];

/** How long a law waits: less than the 5 s that runners give a test. */
const MAX_WAIT_MS = 4_000;

const within = async <T>(work: Promise<T>, what: string): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: has not happened within ${MAX_WAIT_MS} ms`)), MAX_WAIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const jsonReply =
  (value: unknown, status = 200, headers: Record<string, string | string[]> = {}): Respond =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

const textReply =
  (text: string | Uint8Array, headers: Record<string, string | string[]> = {}, status = 200): Respond =>
  (response) =>
    void response.writeHead(status, headers).end(text);

/** All events of one request. */
const eventsOf = ({ transport }: Setting, request: HttpRequest): Promise<HttpEvent[]> =>
  within(firstValueFrom(defer(() => transport(request)).pipe(toArray())), 'the end of the request');

const isResponse = (event: HttpEvent | undefined): event is HttpResponse => event?.type === 'response';

/** The one response of a request, which has to be its last event. */
const responseOf = async (setting: Setting, request = setting.request()): Promise<HttpResponse> => {
  const events = await eventsOf(setting, request);
  const response = events.at(-1);
  if (!isResponse(response)) throw new Error('expected a response as the last event');
  expectThat(events.filter(isResponse).length === 1, 'expected one response');
  return response;
};

/** The JSON of a response: its value, or its text for the client to parse. */
const jsonOf = ({ body }: HttpResponse): unknown => {
  const text: unknown = Object(body)[Symbol.for('renewal.json-text')];
  return typeof text === 'string' ? JSON.parse(text) : body;
};

const errorOf = async (setting: Setting, request = setting.request()): Promise<unknown> => {
  try {
    await eventsOf(setting, request);
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, found a response');
};

/** Requires the transient error of a request without a complete response, which names the request. */
const expectNetworkError = (error: unknown, request: HttpRequest): void => {
  expectThat(isApiError(error, 'network'), 'expected a NetworkError');
  expectThat(isApiError(error) && error.request?.url === request.url, 'expected the request in the error');
};

const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const firstArrival = ({ server }: Setting): Arrival => {
  const [arrival] = server.arrivals;
  if (!arrival) throw new Error('expected a request at the server, found none');
  return arrival;
};

/** Resolves once a request has arrived, which is not answered. */
const arrives = (server: LoopbackServer, respond: Respond = () => {}): Promise<Arrival> =>
  new Promise((resolve) => {
    server.respond = (response, arrival) => {
      respond(response, arrival);
      resolve(arrival);
    };
  });

const requests: readonly Law[] = [
  [
    'sends method, path, query and headers as they are',
    async (setting) => {
      const headers = { 'x-a': '1', accept: 'text/x' };
      await responseOf(setting, setting.request('/a%20b?c=d&c=%26', { method: 'DELETE', headers }));
      const { method, url, headers: seen } = firstArrival(setting);
      expectEqual(
        [method, url, seen['x-a'], seen.accept],
        ['DELETE', '/a%20b?c=d&c=%26', '1', 'text/x'],
        'the request',
      );
    },
  ],
  [
    'sends a text byte for byte, with its content type',
    async (setting) => {
      const headers = { 'content-type': 'application/json' };
      await responseOf(setting, setting.request('/', { method: 'POST', headers, body: '{"a":"é\u2028"}' }));
      const { body, headers: seen } = firstArrival(setting);
      expectEqual([utf8(body), seen['content-type']], ['{"a":"é\u2028"}', 'application/json'], 'the body');
    },
  ],
  [
    'sends bytes as they are',
    async (setting) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, nth) => nth);
      await responseOf(setting, setting.request('/', { method: 'PUT', body: bytes.buffer }));
      expectEqual([...firstArrival(setting).body], [...bytes], 'the bytes');
    },
  ],
  [
    'sends no body if there is none',
    async (setting) => {
      await responseOf(setting, setting.request('/', { method: 'POST' }));
      expectEqual(firstArrival(setting).body.byteLength, 0, 'bytes');
    },
  ],
  [
    'sends one request for each subscription, and none before',
    async (setting) => {
      const sent$ = setting.transport(setting.request('/cold'));
      await responseOf(setting);
      expectEqual(setting.server.arrivals.length, 1, 'requests before a subscription');
      await within(firstValueFrom(sent$), 'a response');
      await within(firstValueFrom(sent$), 'a response');
      expectEqual(setting.server.arrivals.length, 3, 'requests after two subscriptions');
    },
  ],
  [
    'sends the same request again, its body included',
    async (setting) => {
      const request = setting.request('/', { method: 'POST', body: '{"a":1}' });
      await responseOf(setting, request);
      await responseOf(setting, request);
      expectEqual(
        setting.server.arrivals.map(({ body }) => utf8(body)),
        ['{"a":1}', '{"a":1}'],
        'the bodies',
      );
    },
  ],
  [
    'answers 20 requests at once, each with its own response',
    async (setting) => {
      setting.server.respond = (response, { url }) => setTimeout(() => response.end(JSON.stringify(url)), 5);
      const paths = Array.from({ length: 20 }, (_, nth) => `/${nth}`);
      const responses = await Promise.all(paths.map((path) => responseOf(setting, setting.request(path))));
      expectEqual(responses.map(jsonOf), paths, 'the responses');
    },
  ],
];

const responses: readonly Law[] = [
  ...[200, 201, 401, 404, 500, 503].map(
    (status): Law => [
      `emits a response of status ${status}, and completes`,
      async (setting) => {
        setting.server.respond = jsonReply({ a: [1] }, status, { 'X-A': '1' });
        const response = await responseOf(setting);
        expectEqual(
          [response.status, response.headers['x-a'], jsonOf(response)],
          [status, '1', { a: [1] }],
          'response',
        );
      },
    ],
  ),
  [
    'joins repeated headers',
    async (setting) => {
      setting.server.respond = textReply('1', { 'x-a': ['1', '2'], 'set-cookie': ['a=1', 'b=2'] });
      const { headers } = await responseOf(setting);
      expectEqual(headers['x-a'], '1, 2', 'a repeated header');
      const { 'set-cookie': cookies = 'a=1\nb=2' } = headers;
      expectEqual(cookies, 'a=1\nb=2', 'set-cookie, if it is shown');
    },
  ],
  [
    'emits a text that is not JSON, although JSON is wanted',
    async (setting) => {
      setting.server.respond = textReply('<html>', { 'content-type': 'text/html' });
      const { status, body } = await responseOf(setting);
      const text: unknown = Object(body)[Symbol.for('renewal.json-text')] ?? body;
      // Angular's fetch has no more of the text than the error of its parser.
      expectEqual([status, typeof text], [200, 'string'], 'the status, and the type of the body');
    },
  ],
  [
    'decodes a text',
    async (setting) => {
      setting.server.respond = textReply('é\u2028', { 'content-type': 'text/plain; charset=utf-8' });
      const { body } = await responseOf(setting, setting.request('/', { responseType: 'text' }));
      expectEqual(body, 'é\u2028', 'the text');
    },
  ],
  [
    'decodes bytes and a blob',
    async (setting) => {
      setting.server.respond = textReply(new Uint8Array([0, 255, 10]), { 'content-type': 'image/x' });
      const bytes = await responseOf(setting, setting.request('/', { responseType: 'arraybuffer' }));
      expectEqual([...new Uint8Array(bytes.body as ArrayBuffer)], [0, 255, 10], 'the bytes');
      const { body } = await responseOf(setting, setting.request('/', { responseType: 'blob' }));
      const blob = body as Blob;
      expectEqual([blob.type, [...new Uint8Array(await blob.arrayBuffer())]], ['image/x', [0, 255, 10]], 'the blob');
    },
  ],
  ...(['GET 204', 'GET 304', 'HEAD 200'] as const).map(
    (name): Law => [
      `has null as the body of ${name}`,
      async (setting) => {
        const [method = '', status] = name.split(' ');
        setting.server.respond = (response) => void response.writeHead(Number(status), { etag: 'a' }).end();
        const response = await responseOf(setting, setting.request('/', { method }));
        const { body } = response;
        const isEmpty = body === null || Object(body)[Symbol.for('renewal.json-text')] === '';
        expectThat(isEmpty && response.status === Number(status), 'expected the status and no body');
      },
    ],
  ),
  [
    'emits a response whose body arrives in parts as a whole',
    async (setting) => {
      setting.server.respond = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('[1,');
        setTimeout(() => response.end('2]'), 20);
      };
      expectEqual(jsonOf(await responseOf(setting)), [1, 2], 'the body');
    },
  ],
  [
    'follows a redirect, and shows the last url',
    async (setting) => {
      setting.server.respond = (response, { url }) => {
        if (url === '/a') response.writeHead(302, { location: '/b' }).end();
        else response.end('"b"');
      };
      const { url, status } = await responseOf(setting, setting.request('/a'));
      expectThat(status === 200, 'expected the response after the redirect');
      expectThat(url === '' || url.endsWith('/b'), 'expected the url after the redirect');
    },
  ],
  [
    'reports progress if it is wanted, and only then',
    async (setting) => {
      setting.server.respond = textReply('"abc"', { 'content-type': 'application/json', 'content-length': '5' });
      const wanted = await eventsOf(setting, setting.request('/', { reportProgress: true }));
      expectEqual(wanted[0], { type: 'sent' }, 'the first event');
      const loaded = wanted.flatMap((event) => (event.type === 'download' ? [event.loaded] : []));
      expectEqual(
        [...loaded].sort((a, b) => a - b),
        loaded,
        'the bytes loaded, in their order',
      );
      expectEqual(loaded.at(-1), 5, 'the bytes loaded at last');
      const others = await eventsOf(setting, setting.request());
      expectEqual(others.length, 1, 'events if none are wanted');
    },
  ],
];

const failures: readonly Law[] = [
  [
    'closes the connection when it is unsubscribed, and emits nothing more',
    async (setting) => {
      const arrived = arrives(setting.server);
      const seen: unknown[] = [];
      const record = (event: unknown) => seen.push(event);
      const subscription = setting.transport(setting.request()).subscribe({ next: record, error: record });
      const { aborted } = await within(arrived, 'the request');
      subscription.unsubscribe();
      await within(aborted, 'the end of the connection');
      expectEqual(seen, [], 'events');
    },
  ],
  [
    'closes the connection when it is unsubscribed during the body',
    async (setting) => {
      const arrived = arrives(setting.server, (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('[1,');
      });
      const seen: unknown[] = [];
      const record = (event: unknown) => seen.push(event);
      const subscription = setting.transport(setting.request()).subscribe({ next: record, error: record });
      const { aborted } = await within(arrived, 'the request');
      await new Promise((resolve) => setTimeout(resolve, 20));
      subscription.unsubscribe();
      await within(aborted, 'the end of the connection');
      expectEqual(seen, [], 'events');
    },
  ],
  [
    'errors with NetworkError if nobody listens',
    async (setting) => {
      const request = { ...setting.request(), url: 'http://127.0.0.1:1/' };
      expectNetworkError(await errorOf(setting, request), request);
    },
  ],
  [
    'errors with NetworkError if the connection breaks before the response',
    async (setting) => {
      setting.server.respond = (response) => void response.socket?.destroy();
      const request = setting.request('/', { method: 'POST', body: 'x' });
      expectNetworkError(await errorOf(setting, request), request);
    },
  ],
  ...(['json', 'text', 'arraybuffer', 'blob'] as const).map(
    (responseType): Law => [
      `errors with NetworkError, and emits no part, if the body breaks: ${responseType}`,
      async (setting) => {
        setting.server.respond = (response) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
          response.write('[1]', () => response.socket?.destroy());
        };
        const request = setting.request('/', { responseType });
        expectNetworkError(await errorOf(setting, request), request);
      },
    ],
  ),
  [
    'shows no header of the request in an error',
    async (setting) => {
      const secret = 'a-secret-of-the-laws';
      setting.server.respond = (response) => void response.socket?.destroy();
      const error = await errorOf(setting, setting.request('/', { headers: { authorization: `Bearer ${secret}` } }));
      const { message, stack } = error as Error;
      const shown = `${error} ${message} ${stack} ${JSON.stringify(error)}`;
      expectThat(!shown.includes(secret), 'expected no header in the error');
    },
  ],
  [
    'leaves the request as it was',
    async (setting) => {
      const headers = Object.freeze({ 'x-a': '1' });
      await responseOf(setting, Object.freeze(setting.request('/', { headers, method: 'POST', body: 'x' })));
    },
  ],
];

/** A client with a session, whose first token is dead. */
const createClient = ({ transport, server }: Setting): Api => {
  const http = createApi({ baseUrl: server.origin, transport });
  const session = createSession({
    store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
    refresh: () => http.post$<TokenGrant>('/refresh', {}),
  });
  return http.extend({ session });
};

const sessions: readonly Law[] = [401, 200].map(
  (status): Law => [
    `lets a session refresh once for ten requests, expired by ${status === 200 ? 'code 1002' : status}`,
    async (setting) => {
      const { server } = setting;
      server.respond = (response, arrival) => {
        const { url, headers } = arrival;
        if (url === '/refresh') jsonReply({ accessToken: 'T2', refreshToken: 'R2' })(response, arrival);
        else if (headers.authorization === 'Bearer T2') jsonReply(url)(response, arrival);
        else jsonReply({ code: 1002 }, status)(response, arrival);
      };
      const api = createClient(setting);
      const paths = Array.from({ length: 10 }, (_, nth) => `/${nth}`);
      const bodies = await within(firstValueFrom(forkJoin(paths.map((path) => api.get$(path)))), 'all responses');
      expectEqual(bodies, paths, 'the responses');
      expectEqual(server.arrivals.filter(({ url }) => url === '/refresh').length, 1, 'refreshes');
    },
  ],
);

/**
 * Declares the laws of transports with a test runner: for a transport of your own, in Node. Each law starts a server on
 * loopback, and makes its transport.
 *
 * @param name - The name of the suite.
 * @param make - Makes a transport.
 * @param runner - `describe` and `it` of vitest, jest, `node:test` or mocha.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { fetchTransport } from 'renewal';
 * import { transportLaws } from 'renewal/testing';
 *
 * transportLaws('fetchTransport', () => fetchTransport(), { describe, it });
 * ```
 */
export const transportLaws = (
  name: string,
  make: () => Transport | Promise<Transport>,
  { describe, it }: LawRunner,
): void => {
  describe(`${name}: the laws of a transport`, () => {
    for (const [title, law] of [...requests, ...responses, ...failures, ...sessions])
      it(title, () =>
        withServer(async (server) => {
          const request: Setting['request'] = (path = '/', change = {}) => ({
            method: 'GET',
            url: `${server.origin}${path}`,
            headers: {},
            body: null,
            responseType: 'json',
            timeoutMs: 0,
            withCredentials: false,
            reportProgress: false,
            auth: true,
            renew: true,
            context: new HttpContext(),
            ...change,
          });
          await law({ transport: await make(), server, request });
        }),
      );
  });
};
