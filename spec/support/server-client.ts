import { globalAgent } from 'node:http';
import {
  type Api,
  ajaxTransport,
  createApi,
  createSession,
  memoryStore,
  type Session,
  type SessionOptions,
  type SessionState,
  type TokenGrant,
  type TokenStore,
  type Transport,
} from 'renewal';
import { filter, firstValueFrom, lastValueFrom, type Observable, tap } from 'rxjs';
import { createTally, type Tally } from './barrier';
import { type Issued, REFRESH, type Signal, type TestServer } from './server';

/** A client of the test server, over real sockets. */
export interface TestClient {
  /** What the client was signed in with. */
  readonly issued: Issued;
  readonly store: TokenStore;
  readonly session: Session;
  /** Without a session. */
  readonly http: Api;
  /** With the session. */
  readonly api: Api;
  /** The paths of all requests that have left, those without the session too, in order. */
  readonly sentPaths: readonly string[];
  /** Resolves once `count` complete answers of `path` have come in; whoever awaits it comes after those who subscribed. */
  received(path: string, count?: number): Promise<void>;
}

export interface ClientOptions extends Partial<SessionOptions> {
  /** Whose tokens. @defaultValue `'a'` */
  readonly user?: string;
  /** What a store that is given holds. @defaultValue newly issued */
  readonly issued?: Issued;
}

/** Signs `user` in at the server, and makes a client for the tokens. */
export const createClient = (
  server: TestServer,
  { user, issued = server.issue(user), ...options }: ClientOptions = {},
): TestClient => {
  const store = options.store ?? memoryStore(issued);

  const responses = new Map<string, Tally>();
  const responsesFrom = (path: string): Tally => {
    const tally = responses.get(path) ?? createTally();
    responses.set(path, tally);
    return tally;
  };
  const sentPaths: string[] = [];
  // Its sockets can be counted.
  const ajax = ajaxTransport({ agents: { http: globalAgent } });
  const transport: Transport = (request) => {
    const { pathname } = new URL(request.url);
    sentPaths.push(pathname);
    return ajax(request).pipe(tap(() => responsesFrom(pathname).add()));
  };

  const http = createApi({ baseUrl: server.origin, transport });
  const session = createSession({
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
    ...options,
    store,
  });
  return {
    issued,
    store,
    session,
    http,
    api: http.extend({ session }),
    sentPaths,
    received: (path, count = 1) => responsesFrom(path).reached(count),
  };
};

/** A client whose access token the server no longer takes. */
export const createExpiredClient = (...options: Parameters<typeof createClient>): TestClient => {
  const client = createClient(...options);
  options[0].live.delete(client.issued.accessToken);
  return client;
};

/** Subscribes to all at once; resolves when each has settled. */
export const settleAll = <T>(requests: readonly Observable<T>[]): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(requests.map((request) => lastValueFrom(request)));

/** What the rejected ones were rejected with; `undefined` for the others. */
export const errorsOf = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  results.map((result) => (result.status === 'rejected' ? result.reason : undefined));

/** What a request errors with; `undefined` where it does not. */
export const errorOf = async (request: Observable<unknown>): Promise<unknown> =>
  errorsOf(await settleAll([request]))[0];

/** Resolves when the session is, or comes to be, in a state that matches. */
export const stateOf = (session: Session, matches: (state: SessionState) => boolean): Promise<SessionState> =>
  firstValueFrom(session.state$.pipe(filter(matches)));

export const paths = (count: number, name = 'orders'): string[] =>
  Array.from({ length: count }, (_, index) => `/${name}/${index}`);

/** What has become of one request. */
export const resultOf = async <T>(request: Observable<T>): Promise<PromiseSettledResult<T> | undefined> =>
  (await settleAll([request]))[0];

/** The result of a request whose expired response is the caller’s: an error for a status of 401, a body for a code of 1002. */
export const passedThrough = (signal: Signal): object =>
  signal === 'HTTP 401'
    ? { reason: { name: 'HttpStatusError', code: 'status', status: 401, response: { body: { error: 'expired' } } } }
    : { value: { code: 1002 } };
