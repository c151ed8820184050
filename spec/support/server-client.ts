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
  /** The tokens of the sign-in. */
  readonly issued: Issued;
  readonly store: TokenStore;
  readonly session: Session;
  /** The client without the session. */
  readonly http: Api;
  /** The client with the session. */
  readonly api: Api;
  /** The paths of all requests that were sent, with or without the session, in order. */
  readonly sentPaths: readonly string[];
  /** Resolves after `count` complete responses of `path`, and after their subscribers were notified. */
  received(path: string, count?: number): Promise<void>;
}

export interface ClientOptions extends Partial<SessionOptions> {
  /** The user whose tokens are issued. @defaultValue `'a'` */
  readonly user?: string;
  /** The tokens in the given store. @defaultValue newly issued */
  readonly issued?: Issued;
}

/** Signs `user` in at the server, and makes a client with the tokens. */
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
  // The sockets of the global agent can be counted.
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

/** A client whose access token the server rejects. */
export const createExpiredClient = (...options: Parameters<typeof createClient>): TestClient => {
  const client = createClient(...options);
  options[0].live.delete(client.issued.accessToken);
  return client;
};

/** Subscribes to all requests at once; resolves when each has settled. */
export const settleAll = <T>(requests: readonly Observable<T>[]): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(requests.map((request) => lastValueFrom(request)));

/** The rejection reason of each result; `undefined` for the fulfilled ones. */
export const errorsOf = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  results.map((result) => (result.status === 'rejected' ? result.reason : undefined));

/** The error of a request; `undefined` if it has none. */
export const errorOf = async (request: Observable<unknown>): Promise<unknown> =>
  errorsOf(await settleAll([request]))[0];

/** Resolves when the session is in a matching state, or enters one. */
export const stateOf = (session: Session, matches: (state: SessionState) => boolean): Promise<SessionState> =>
  firstValueFrom(session.state$.pipe(filter(matches)));

export const paths = (count: number, name = 'orders'): string[] =>
  Array.from({ length: count }, (_, index) => `/${name}/${index}`);

/** The settled result of one request. */
export const resultOf = async <T>(request: Observable<T>): Promise<PromiseSettledResult<T> | undefined> =>
  (await settleAll([request]))[0];

/** The result of a request whose expired response goes to the caller: an error for status 401, a body for code 1002. */
export const passedThrough = (signal: Signal): object =>
  signal === 'HTTP 401'
    ? { reason: { name: 'HttpStatusError', code: 'status', status: 401, response: { body: { error: 'expired' } } } }
    : { value: { code: 1002 } };
