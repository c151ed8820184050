import {
  type Api,
  createApi,
  createSession,
  fetchTransport,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { expect, it, onTestFinished } from 'vitest';
import { createTokenIssuer } from '../../lib/testing/token-issuer';
import { createTally } from './barrier';
import { type Answer, startHttpServer } from './http-server';
import { REFRESH, SIGNALS, type Signal } from './server';

const COUNT = 100;
/** The expired responses of a storm are spread over this time. */
const SPREAD_MS = 300;
/** The refresh of a storm lasts until so many of its expired responses were sent. */
const SENT_BEFORE_REFRESH_ENDS = 20;

/** The same numbers between 0 and 1 each time, by a linear congruential generator. */
export const seededRandom = (seed: number) => (): number => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};

/** A server with tokens that die, and a client of it with a session, for the clients that take its `fetch`. */
export interface ForeignServer {
  readonly origin: string;
  readonly api: Api;
  readonly session: Session;
  /** Responds to requests whose token is accepted. */
  serve: Answer;
  /** Kills the access token; the refresh token lives. */
  expire(): void;
  /** Kills all tokens, as after a sign-out by the server. */
  revoke(): void;
  /** The `authorization` of all requests but refreshes, in order of arrival. */
  readonly authorizations: readonly (string | undefined)[];
  /** `reuses` counts refresh tokens that were refused; one that is presented twice revokes all tokens. */
  counts(): { readonly refreshes: number; readonly reuses: number; readonly rejections: number };
  /** Resolves once the client has closed `count` connections before the end of their response. */
  aborted(count?: number): Promise<void>;
  /** Kills the access token, calls `send` 100 times, and responds to all of them at random moments within 300 ms. */
  storm<T>(send: (index: number) => T | Promise<T>): Promise<T[]>;
}

/** Starts a server, which is closed after the running test. */
export const startForeignServer = async (
  serve: Answer,
  signal: Signal = 'HTTP 401',
  options: Partial<SessionOptions> = {},
): Promise<ForeignServer> => {
  const random = seededRandom(15_000_000);
  const arrivals = createTally();
  const sent = createTally();
  const aborts = createTally();
  const authorizations: (string | undefined)[] = [];
  const issuer = createTokenIssuer({ tokenLifeMs: Infinity, rotate: true, reuseDetection: true });
  const issued = issuer.issue('ada');
  let [refreshes, reuses] = [0, 0];
  let isStorm = false;

  const refresh: Answer = async (_request, response, body) => {
    refreshes++;
    if (isStorm) await sent.reached(SENT_BEFORE_REFRESH_ENDS);
    const { refreshToken } = JSON.parse(`${body}`);
    const grant = issuer.rotate(refreshToken);
    const isRefused = typeof grant === 'string';
    if (isRefused) reuses++;
    response
      .writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(isRefused ? { error: 'invalid_grant' } : grant));
  };
  const reject: Answer = async (_request, response) => {
    arrivals.add();
    if (isStorm) {
      await arrivals.reached(COUNT);
      await new Promise((resolve) => setTimeout(resolve, random() * SPREAD_MS));
    }
    const status = signal === 'HTTP 401' ? 401 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"code":1002}');
    sent.add();
  };

  const http = await startHttpServer();
  onTestFinished(() => http.close());
  http.answer = (request, response, body) => {
    if (request.url === REFRESH) return refresh(request, response, body);
    response.once('close', () => response.writableFinished || aborts.add());
    const { authorization } = request.headers;
    authorizations.push(authorization);
    const isLive = issuer.userOf(authorization?.replace('Bearer ', '') ?? '') !== undefined;
    return (isLive ? server.serve : reject)(request, response, body);
  };
  const plain = createApi({ baseUrl: http.origin, transport: fetchTransport() });
  const session = createSession({
    store: memoryStore(issued),
    refresh: ({ refreshToken }) => plain.post$<TokenGrant>(REFRESH, { refreshToken }),
    ...options,
  });
  onTestFinished(() => session.destroy());

  const server: ForeignServer = {
    origin: http.origin,
    api: plain.extend({ session }),
    session,
    serve,
    expire: () => issuer.expire(),
    revoke: () => issuer.revoke(),
    authorizations,
    counts: () => ({ refreshes, reuses, rejections: arrivals.count }),
    aborted: (count = 1) => aborts.reached(count),
    storm: (send) => {
      isStorm = true;
      server.expire();
      return Promise.all(Array.from({ length: COUNT }, (_, index) => send(index)));
    },
  };
  return server;
};

/** Sends the request with that number; resolves with what its caller gets. */
export type Send = (index: number) => Promise<unknown>;

/**
 * The spec that each client has in common: 100 requests with a dead token, whose expired responses come at random
 * moments within 300 ms. `expected` is what the caller of a request gets.
 */
export const itRenewsOnce = (
  serve: Answer,
  connect: (server: ForeignServer) => Send | Promise<Send>,
  expected: (index: number) => unknown,
): void => {
  it.each(SIGNALS)(
    'renews once for 100 requests with a dead token, by %s',
    async (signal) => {
      const server = await startForeignServer(serve, signal);
      const results = await server.storm(await connect(server));
      expect(results).toEqual(results.map((_, index) => expected(index)));
      expect(results).toHaveLength(COUNT);
      expect(server.counts()).toEqual({ refreshes: 1, reuses: 0, rejections: COUNT });
    },
    20_000,
  );
};

/** Responds with JSON. */
export const serveJson =
  (bodyOf: (url: string, body: string) => unknown): Answer =>
  ({ url }, response, body) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(bodyOf(`${url}`, `${body}`)));
