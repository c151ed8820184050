import { inspect } from 'node:util';
import {
  type Api,
  type ApiErrorCode,
  type ApiEvent,
  ajaxTransport,
  bearer,
  createApi,
  envelope,
  fetchTransport,
  HttpContext,
  HttpContextToken,
  type HttpRequest,
  type Interceptor,
  isApiError,
  logRequests,
  memoryStore,
  retryRequests,
  type TokenGrant,
  type Transport,
  webStorageStore,
  xsrf,
} from 'renewal';
import { defer, EMPTY, lastValueFrom, merge, type Observable, of, tap } from 'rxjs';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventsOf } from '../support/events';
import { json, REFRESH, type Reply, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, errorOf, type TestClient } from '../support/server-client';
import { textsWithin, tokensShownBy } from '../support/server-secrets';
import { expiredBy } from '../support/virtual';

const T1 = 'a.access.1';
const CLIENT_KEY = 'a.client.1';
const COOKIE = 'sid=a.cookie.1';
const XSRF = 'a.cookie.2';
const SET_COOKIE = 'sid=a.cookie.3; HttpOnly';

const withCookie = (reply: Reply): Reply =>
  typeof reply === 'object' ? { ...reply, headers: { 'set-cookie': SET_COOKIE } } : reply;

/** A response that the parser of Node rejects, with its unparsed part. */
const GARBLED: Reply = {
  raw: `HTTP/1.1 200 OK\r\nset-cookie: ${SET_COOKIE}\r\nno header\r\nx-token: ${T1}\r\n\r\n${T1}`,
};

/** A client with every interceptor that reads, writes or repeats, and with all values that it hands out. */
interface WatchedClient extends TestClient {
  /** The requests on the wire. */
  readonly sent: readonly HttpRequest[];
  readonly lines: readonly string[];
  readonly events: readonly ApiEvent[];
  /** As `api.extend`, with the same recording. */
  readonly extend: Api['extend'];
  /** All values that were handed out so far. */
  readonly things: readonly unknown[];
}

const SECRET = new HttpContextToken(() => '');

const createWatchedClient = (server: TestServer, wire: Transport): WatchedClient => {
  // The page of the shop, which has a cookie.
  const page = Object.assign(new EventTarget(), { cookie: `a=1; XSRF-TOKEN=${XSRF}`, baseURI: `${server.origin}/` });
  vi.stubGlobal('document', page);
  vi.stubGlobal('location', { href: `${server.origin}/` });

  const lines: string[] = [];
  const sent: HttpRequest[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  const interceptors: Interceptor[] = [
    logRequests(write),
    retryRequests({ attempts: 2, delayMs: 0 }),
    xsrf(),
    logRequests(write),
  ];
  const watched = {
    headers: { cookie: COOKIE, 'x-client-key': CLIENT_KEY },
    interceptors,
    transport: (request: HttpRequest) => {
      sent.push(request);
      return wire(request);
    },
  };
  const http = createApi({ baseUrl: server.origin, ...watched });
  const client = createClient(server, {
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { authorization: CLIENT_KEY, refreshToken }),
  });
  const api: Api = client.api.extend(watched);
  const events = [api, http].map(eventsOf);
  const { session, store } = client;
  const context = new HttpContext().set(SECRET, T1);
  const made = [context, watched.transport, wire, bearer(session), webStorageStore(), memoryStore({ accessToken: T1 })];
  return {
    ...client,
    http,
    api,
    sent,
    lines,
    extend: (options) => {
      const more = api.extend(options);
      events.push(eventsOf(more));
      return more;
    },
    get events() {
      return events.flat();
    },
    get things() {
      return [
        api,
        http,
        session,
        session.state$,
        api.events$,
        store,
        ...interceptors,
        ...made,
        ...lines,
        ...events.flat(),
      ];
    },
  };
};

const TRANSPORTS = [
  ['ajaxTransport', ajaxTransport],
  ['fetchTransport', fetchTransport],
] as const;

const ALL = SIGNALS.flatMap((signal) => TRANSPORTS.map(([name, make]) => [signal, name, make] as const));

describe.each(ALL)('no token, client key or cookie is visible, by %s over %s,', (signal, _, make) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    return server.close();
  });

  /**
   * Causes of each kind of error. The server puts secrets into its responses, the caller into its url, headers and
   * body.
   */
  const ENDS: Readonly<Record<ApiErrorCode, (client: WatchedClient) => Observable<unknown>>> = {
    status: ({ api }) => {
      server.replies.set('/broken', withCookie(json({ by: T1 }, 503)));
      return api.put$('/broken', { token: T1 }, { params: { token: T1 }, headers: { 'x-token': T1 } });
    },
    network: ({ api }) => {
      server.replies.set('/reset', 'reset');
      return api.put$('/reset', { token: T1 }, { params: { token: T1 } });
    },
    timeout: ({ api }) => {
      server.replies.set('/never', 'never');
      return api.get$('/never', { params: { token: T1 }, timeoutMs: 20 });
    },
    parse: ({ api }) => {
      server.replies.set('/html', withCookie({ type: 'text/html', body: `<h1>${T1}</h1>` }));
      return api.get$('/html', { params: { token: T1 } });
    },
    schema: ({ api }) => {
      server.replies.set('/odd', withCookie(json({ by: T1, [T1]: T1 })));
      const schema = v.objectWithRest({ by: v.literal('me') }, v.number());
      return api.get$('/odd', { params: { token: T1 }, schema });
    },
    business: ({ extend }) => {
      server.replies.set('/no', withCookie(json({ code: 7, message: 'no', data: T1 })));
      return extend({ interceptors: [envelope()] }).get$('/no', { params: { token: T1 } });
    },
    // A bad header fails before any listener is notified: spec/http/headers.spec.ts.
    request: ({ api }) => api.post$('/orders', new Map([[T1, T1]]), { params: { token: T1 } }),
    refresh: ({ api }) => {
      server.live.clear();
      server.refreshReply = withCookie(json({ refreshToken: 'a.refresh.2', accessToken: ['a.access.2'] }));
      return api.get$('/orders', { params: { token: T1 } });
    },
    'session-expired': ({ api }) => {
      server.live.clear();
      server.refreshReply = withCookie(json({ error: 'invalid_grant', refreshToken: 'a.refresh.1' }, 400));
      return api.get$('/orders', { params: { token: T1 } });
    },
    'signed-out': ({ api, session }) => {
      server.live.clear();
      const signOut$ = defer(() => {
        session.signOut();
        return EMPTY;
      });
      return merge(api.get$('/orders', { params: { token: T1 } }), signOut$);
    },
    'token-rejected': ({ api }) => {
      server.closedTo.add('/closed');
      return api.get$('/closed', { params: { token: T1 } });
    },
    'body-not-replayable': ({ extend }) => {
      const answered = extend({ transport: () => of(expiredBy(signal, { dead: T1 })) });
      return answered.post$('/orders', new ReadableStream(), { params: { token: T1 } });
    },
  };

  it.each(Object.entries(ENDS))('in an error with the code %s, or any report of it', async (code, end) => {
    const client = createWatchedClient(server, make());
    const error = await errorOf(end(client));
    expect(error).toMatchObject({ code });
    if (!isApiError(error)) throw error;
    expect(client.events.length).toBeGreaterThan(0);
    expect(client.lines.length).toBeGreaterThan(0);
    expect(tokensShownBy([error, error.request, ...client.things])).toEqual([]);
  });

  it('in the request of an error or an interceptor, whatever a logger walks', async () => {
    const client = createWatchedClient(server, make());
    const found: string[] = [];
    let walks = 0;
    // At once, since the links of a running request are removed later.
    const walk = ({ headers: _, ...request }: HttpRequest): void => {
      walks++;
      const shown = [...textsWithin(request), inspect(request, { depth: 12, showHidden: true })];
      found.push(...tokensShownBy(shown));
    };
    const api = client.extend({
      interceptors: [
        (request, next) => {
          walk(request);
          return next(request).pipe(tap(() => walk(request)));
        },
      ],
    });
    server.live.clear();
    server.replies.set('/missing', json({}, 404));
    const error = await new Promise((resolve) => {
      api.get$('/missing').subscribe({
        error: (each) => {
          if (isApiError(each) && each.request) walk(each.request);
          resolve(each);
        },
      });
    });
    expect(error).toMatchObject({ code: 'status' });
    expect(walks).toBe(3);
    expect(found).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['HTML', withCookie({ type: 'text/html', body: `<h1>a.access.2 ${CLIENT_KEY}</h1>` })],
    ['an error', withCookie(json({ refreshToken: 'a.refresh.2', key: CLIENT_KEY }, 500))],
    ['a response that is not HTTP', GARBLED],
    ['a partial response', 'reset mid-body'],
  ])('in the error of a refresh that gets %s', async (_, reply) => {
    const client = createWatchedClient(server, make());
    server.live.clear();
    server.refreshReply = reply;
    const error = await errorOf(client.api.get$('/orders'));
    expect(error).toMatchObject({ code: 'refresh', cause: { code: expect.any(String) } });
    expect(tokensShownBy([error, ...client.things])).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a response that is not HTTP', GARBLED],
    [
      'bytes before any request',
      { raw: `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${T1}\r\n${SET_COOKIE}` },
    ],
    ['an invalid encoding', { headers: { 'content-encoding': 'gzip', 'set-cookie': SET_COOKIE }, body: T1 }],
    ['a redirect to nowhere', { status: 302, headers: { location: `http://user:${T1}@[/${CLIENT_KEY}` } }],
    [
      'a redirect to an unknown host',
      { status: 307, headers: { location: `http://user:${T1}@127.0.0.1:1/?key=${CLIENT_KEY}` } },
    ],
  ])('in the reason for a missing response: %s', async (_, reply) => {
    const client = createWatchedClient(server, make());
    server.replies.set('/broken', reply);
    const error = await errorOf(client.api.get$('/broken'));
    expect(error).toMatchObject({ code: 'network', cause: expect.any(Error) });
    expect(tokensShownBy([error, ...client.things])).toEqual([]);
  });

  it('in a request that interceptors see before its token is added', async () => {
    const { api } = createClient(server);
    const seen: HttpRequest[] = [];
    const see: Interceptor = (request, next) => {
      seen.push(request);
      return next(request);
    };
    server.live.clear();
    await lastValueFrom(api.extend({ interceptors: [see] }).get$('/orders'));
    expect(seen).toHaveLength(1);
    expect(tokensShownBy(seen)).toEqual([]);
  });

  it('in a malformed url that contains one', async () => {
    const client = createWatchedClient(server, make());
    const error = await errorOf(client.api.get$(`http://user:${T1}@[/orders?token=${T1}`));
    expect(error).toMatchObject({ code: 'request' });
    expect(tokensShownBy([error, ...client.things])).toEqual([]);
  });

  it('in the client, the session, its store, or any event or log, at any moment', async () => {
    const client = createWatchedClient(server, make());
    server.live.clear();
    const refresh = server.hold(({ path }) => path === REFRESH);
    expect(tokensShownBy(client.things)).toEqual([]);
    const request = lastValueFrom(client.api.post$('/orders', { token: T1 }, { params: { token: T1 } }));
    await refresh.arrived(1);
    expect(tokensShownBy(client.things)).toEqual([]);
    refresh.open();
    await request;
    expect(tokensShownBy(client.things)).toEqual([]);
    // All of them were there to be read.
    const headers = client.sent.map((request) => request.headers);
    expect(headers).toContainEqual(expect.objectContaining({ authorization: `Bearer ${T1}`, 'x-xsrf-token': XSRF }));
    expect(headers).toContainEqual(expect.objectContaining({ cookie: COOKIE, 'x-client-key': CLIENT_KEY }));
    expect(client.lines).toHaveLength(4);
  });
});

it('detects a secret that could be read', () => {
  const values = [
    new Error(T1),
    new Error('no', { cause: new Error(T1) }),
    Object.assign(new Error('no'), { request: { headers: { authorization: `Bearer ${T1}` } } }),
    { deep: { deeper: [{ tokens: { refreshToken: 'a.refresh.1' } }] } },
    Object.assign(new Error('no'), { rawPacket: Buffer.from(`set-cookie: ${SET_COOKIE}`) }),
    `GET https://h.test/a?key=${CLIENT_KEY} 200 1 ms`,
    { headers: { 'x-xsrf-token': XSRF } },
    { headers: { cookie: COOKIE } },
  ];
  for (const value of values) expect(tokensShownBy([value])).not.toEqual([]);
});
