import { createApi, NetworkError, type SessionOptions, type TokenGrant, type Transport } from 'renewal';
import { concat, concatMap, firstValueFrom, Observable, of, takeUntil, throwError } from 'rxjs';
import { createFakeServer, type FakeServer, type LogEntry, type RefreshFault } from './fake-server';
import { respond$, toResponse } from './reply';
import type { FakeRequest } from './route';
import { createTokenIssuer, type RefreshRefusal } from './token-issuer';

/** The options of {@link fakeBackend}. */
export interface FakeBackendOptions {
  /** How an expired token is reported: HTTP 401, or HTTP 200 with `{ code: 1002 }`. @defaultValue `'status'` */
  readonly signal?: 'status' | 'code' | undefined;
  /** The life of an access token in milliseconds, by the clock of RxJS. @defaultValue `Infinity` */
  readonly tokenLifeMs?: number | undefined;
  /** Whether each refresh replaces the refresh token. @defaultValue true */
  readonly rotate?: boolean | undefined;
  /** Whether a spent refresh token ends its sign-in (RFC 9700 section 4.14.2). @defaultValue true */
  readonly reuseDetection?: boolean | undefined;
  /** The delay of each response, by the scheduler of RxJS. @defaultValue 0: in the same tick */
  readonly latencyMs?: number | undefined;
  /** Where a POST of `{ refreshToken }` refreshes. @defaultValue `'/refresh'` */
  readonly refreshPath?: string | undefined;
  /**
   * The routes, by `/path` or `METHOD /path`, with the path of the base. A route returns the value of a JSON body, or
   * `{ status, headers, body }`; also a promise or an Observable of it, or a `Response`. A route that throws is a 500,
   * which `verify` names. @defaultValue none
   */
  readonly routes?: Readonly<Record<string, (request: FakeRequest) => unknown>> | undefined;
  /** The keys of those routes that need no token: a login, public pages. @defaultValue none */
  readonly publicRoutes?: readonly string[] | undefined;
}

/** A server without a network: see {@link fakeBackend}. */
export interface FakeBackend {
  readonly transport: Transport;
  /** The same server as a `fetch`. */
  readonly fetch: typeof fetch;
  /** Signs a user in, for `session.signIn()` or `memoryStore()`. @defaultValue the user `'user'` */
  issue(user?: string): TokenGrant;
  /** The `refresh` of a session: POSTs to `refreshPath`. */
  readonly refresh: SessionOptions['refresh'];
  /**
   * For a refresh endpoint of another shape, in a public route: the next tokens, or why the refresh token is refused.
   * Counts as a refresh. `failNextRefresh` concerns `refreshPath` alone.
   */
  rotate(refreshToken: string): TokenGrant | RefreshRefusal;
  /** For a server of another kind, such as a WebSocket: the user of an access token, if it is alive. */
  userOf(accessToken: string): string | undefined;
  /** Ends the life of each access token. */
  expireTokens(): void;
  /** Ends all sign-ins of a user, or of everyone: access and refresh tokens. */
  revoke(user?: string): void;
  /** Lets the next refresh fail; called twice, the next two. Throws a `TypeError` for an unknown kind. */
  failNextRefresh(kind: RefreshFault): void;
  /** All requests, in the order of their arrival. */
  readonly log: readonly LogEntry[];
  /** How many refreshes have arrived. */
  readonly refreshes: number;
  /**
   * Throws an `Error` that names what no client should have sent: a request to an unknown path, a refresh without its
   * `refreshToken`, or with one that was spent before or never issued. It names routes that have failed, too.
   */
  verify(): void;
}

const ORIGIN = 'https://backend.test';

const checkOptions = (options: FakeBackendOptions): void => {
  const {
    signal = 'status',
    tokenLifeMs = 1,
    latencyMs = 0,
    refreshPath = '/',
    routes = {},
    publicRoutes = [],
  } = options;
  const checks: [string, boolean, string][] = [
    ['signal', signal === 'status' || signal === 'code', "'status' or 'code'"],
    ['tokenLifeMs', tokenLifeMs > 0, 'milliseconds above 0'],
    ['latencyMs', latencyMs >= 0 && latencyMs < Infinity, 'milliseconds, 0 or more'],
    ['refreshPath', /^\/[^?#]*$/.test(refreshPath), 'a path that begins with /, without a query'],
    [
      'routes',
      Object.keys(routes).every((key) => /^([A-Z-]+ )?\/[^?#]*$/.test(key)),
      "keys such as '/orders' or 'GET /orders'",
    ],
    ['publicRoutes', publicRoutes.every((key) => Object.hasOwn(routes, key)), 'keys of routes'],
  ];
  for (const [name, isRight, expected] of checks) if (!isRight) throw new TypeError(`${name}: expected ${expected}`);
};

/** Sends the requests of a client to the server. */
const toTransport =
  ({ handle$ }: FakeServer): Transport =>
  (request) => {
    const response$ = handle$(request).pipe(
      concatMap((reply) =>
        reply === 'offline' ? throwError(() => new NetworkError('no response', { request })) : respond$(request, reply),
      ),
    );
    return request.reportProgress ? concat(of({ type: 'sent' } as const), response$) : response$;
  };

/** The reason of an aborted signal, as an error. */
const aborted$ = (signal: AbortSignal): Observable<never> =>
  new Observable((subscriber) => {
    const abort = () => subscriber.error(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });

/** The body of a request as a transport would have it: a form as a form, and none if it is empty. */
const readBody = async (request: Request): Promise<unknown> => {
  const type = request.headers.get('content-type') ?? '';
  if (/^multipart\/form-data/i.test(type)) return request.formData();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength === 0) return null;
  return /json|text|urlencoded/i.test(type) ? new TextDecoder().decode(bytes) : bytes;
};

/** The server as a `fetch`. */
const toServerFetch =
  ({ handle$ }: FakeServer): typeof fetch =>
  async (input, init) => {
    const request = new Request(typeof input === 'string' ? new URL(input, ORIGIN) : input, init);
    const { method, url, signal } = request;
    const body = await readBody(request);
    const reply$ = handle$({ method, url, headers: Object.fromEntries(request.headers), body });
    const reply = await firstValueFrom(reply$.pipe(takeUntil(aborted$(signal))), { defaultValue: 'offline' as const });
    if (reply === 'offline') throw new TypeError('fetch failed');
    return toResponse(reply, request);
  };

/**
 * A server without a network, behind a `Transport` and behind a `fetch`: tokens with a life, rotation and reuse
 * detection, expiry by 401 or by code 1002, faults, users, a log. Its time is that of RxJS, so that a `TestScheduler`
 * and fake timers drive it; without `latencyMs` it responds in the same tick and sets no timer. Streams and blobs are
 * read by promises.
 *
 * A request with a dead token, or without one, gets the signal of expiry, except in `publicRoutes`. An unknown path is
 * a 404 that says so. A refresh ends the life of the access token before it.
 *
 * Throws a `TypeError` that names the wrong option.
 *
 * @example
 * ```ts
 * import { createApi, createSession, memoryStore } from 'renewal';
 * import { fakeBackend } from 'renewal/testing';
 *
 * const backend = fakeBackend({ routes: { '/orders': () => [{ id: 7 }] } });
 * const session = createSession({ store: memoryStore(backend.issue()), refresh: backend.refresh });
 * const api = createApi({ baseUrl: 'https://shop.example', session, transport: backend.transport });
 * backend.expireTokens();
 * api.get$('/orders').subscribe(console.log); // [{ id: 7 }], after one refresh
 * ```
 */
export const fakeBackend = (options: FakeBackendOptions = {}): FakeBackend => {
  checkOptions(options);
  const {
    signal = 'status',
    tokenLifeMs = Infinity,
    rotate = true,
    reuseDetection = true,
    latencyMs = 0,
    refreshPath = '/refresh',
    routes = {},
    publicRoutes = [],
  } = options;
  const issuer = createTokenIssuer({ tokenLifeMs, rotate, reuseDetection });
  const server = createFakeServer({ signal, latencyMs, refreshPath, routes, publicRoutes }, issuer);
  const transport = toTransport(server);
  const http = createApi({ baseUrl: ORIGIN, transport });
  return {
    transport,
    fetch: toServerFetch(server),
    issue: (user = 'user') => issuer.issue(user),
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(refreshPath, { refreshToken }),
    rotate: server.rotate,
    userOf: issuer.userOf,
    expireTokens: () => issuer.expire(),
    revoke: issuer.revoke,
    failNextRefresh: server.failNextRefresh,
    log: server.log,
    get refreshes() {
      return server.refreshes;
    },
    verify: () => {
      if (server.problems.length > 0) throw new Error(server.problems.join('\n'));
    },
  };
};
