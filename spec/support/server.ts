import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createTokenIssuer, type Issued, type TokenIssuer } from '../../lib/testing/token-issuer';
import { createGate, createTally, type Gate, type Tally } from './barrier';
import { listen } from './listen';

/** How the server reports an expired access token. */
export const SIGNALS = ['HTTP 401', 'code 1002'] as const;
export type Signal = (typeof SIGNALS)[number];

export const REFRESH = '/renewal';

/** A request as the server received it. */
export interface Hit {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** The bearer token, without the scheme; empty for none. */
  readonly token: string;
  readonly body: Buffer;
}

/** A scripted response, or what happens to the connection instead. */
export type Reply =
  | {
      readonly status?: number;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | {
      /** The bytes that are written before the connection is closed. */
      readonly raw: string;
    }
  | 'reset'
  | 'reset mid-body'
  | 'never';

/** The body of a response to an accepted token. */
export interface Echo {
  readonly path: string;
  /** The token of the request. */
  readonly by: string;
  /** The number of this hit of its path, from 1. */
  readonly nth: number;
}

export type { Issued };

export interface LiveTokens {
  has(token: string): boolean;
  /** Accepts a token, whoever has issued it, until it is deleted. */
  add(token: string): void;
  delete(token: string): void;
  clear(): void;
}

export interface TestServer {
  readonly origin: string;
  /** All requests except refreshes, in order of arrival. */
  readonly hits: readonly Hit[];
  /** The refreshes, in order of arrival. */
  readonly refreshHits: readonly Hit[];
  readonly refreshes: number;
  /** The refresh tokens that were presented, in order. */
  readonly presented: readonly string[];
  /** Access tokens that the server accepts. */
  readonly live: LiveTokens;
  /** Paths that reject every token. */
  readonly closedTo: Set<string>;
  /** Scripted responses of paths, for any token. */
  readonly replies: Map<string, Reply>;
  /** The scripted response of refreshes, instead of new tokens. */
  refreshReply: Reply | undefined;
  /** True to lose the responses of refreshes; the tokens are rotated all the same. */
  losesRefreshes: boolean;
  hitsOf(path: string): readonly Hit[];
  /** The tokens that reached a path, in order. */
  tokensOf(path: string): readonly string[];
  /** Issues the next pair of a user, `a.access.1` and `a.refresh.1` the first time. */
  issue(user?: string): Issued;
  /** Holds the responses to matching requests until the gate is opened; they are made at once. */
  hold(matches: (hit: Hit) => boolean): Gate<Hit>;
  /** Resolves once the client has closed a connection before the response of `path`. */
  aborted(path: string): Promise<void>;
  /** Closes idle connections; resolves when no connection is left, so not while a request waits for its response. */
  quiet(): Promise<void>;
  /** Destroys all connections, also those of waiting requests. */
  close(): Promise<void>;
}

export const json = (body: unknown, status = 200): Reply => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const send = (response: ServerResponse, reply: Reply): void => {
  if (reply === 'never') return;
  if (reply === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (reply === 'reset mid-body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"accessToken":', () => response.socket?.resetAndDestroy());
    return;
  }
  if ('raw' in reply) {
    response.socket?.end(reply.raw);
    return;
  }
  const { status = 200, type = 'text/plain', headers = {}, body = '' } = reply;
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
};

/** The access tokens that a server accepts: those of its issuer that are alive, and others that a test adds. */
const createLiveTokens = (issuer: TokenIssuer): LiveTokens => {
  const added = new Set<string>();
  return {
    has: (token) => added.has(token) || issuer.userOf(token) !== undefined,
    add: (token) => {
      added.add(token);
    },
    delete: (token) => {
      added.delete(token);
      issuer.expire(token);
    },
    clear: () => {
      added.clear();
      issuer.expire();
    },
  };
};

/** A test server on its own port. It has no timers: the test decides when a held response is sent. */
export const startServer = async (signal: Signal = 'HTTP 401'): Promise<TestServer> => {
  // A spent refresh token is refused, and its sign-in goes on.
  const issuer = createTokenIssuer({ tokenLifeMs: Infinity, rotate: true, reuseDetection: false });
  const live = createLiveTokens(issuer);
  const hits: Hit[] = [];
  const refreshHits: Hit[] = [];
  const presented: string[] = [];
  const closedTo = new Set<string>();
  const replies = new Map<string, Reply>();
  const gates: { readonly matches: (hit: Hit) => boolean; readonly gate: Gate<Hit> }[] = [];
  const aborts = new Map<string, Tally>();
  /** Connections without a request: a client opens one for a request that is then cancelled, and keeps it. */
  const unused = new Set<Socket>();
  let isClosing = false;

  const abortsOf = (path: string): Tally => {
    const tally = aborts.get(path) ?? createTally();
    aborts.set(path, tally);
    return tally;
  };

  const refresh = (hit: Hit): Reply => {
    refreshHits.push(hit);
    const { refreshToken } = JSON.parse(`${hit.body}`);
    presented.push(refreshToken);
    if (test.refreshReply) return test.refreshReply;
    const issued = issuer.rotate(refreshToken);
    if (test.losesRefreshes) return 'reset';
    return typeof issued === 'object' ? json(issued) : json({ error: 'invalid_grant' }, 400);
  };

  const answer = (hit: Hit): Reply => {
    hits.push(hit);
    const { path, token } = hit;
    const reply = replies.get(path);
    if (reply) return reply;
    const echo: Echo = { path, by: token, nth: test.hitsOf(path).length };
    if (live.has(token) && !closedTo.has(path)) return json(echo);
    return signal === 'HTTP 401' ? json({ error: 'expired', ...echo }, 401) : json({ code: 1002, ...echo });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { authorization } = request.headers;
    const [path = ''] = `${request.url}`.split('?');
    let isAnswered = false;
    response.once('close', () => {
      if (!isAnswered) abortsOf(path).add();
      if (isClosing) server.closeIdleConnections();
    });
    const token = authorization?.replace('Bearer ', '') ?? '';
    const hit: Hit = { method: `${request.method}`, path, authorization, token, body: await read(request) };
    const reply = path === REFRESH ? refresh(hit) : answer(hit);
    for (const { matches, gate } of gates) if (matches(hit)) await gate.wait(hit);
    isAnswered = reply !== 'never';
    send(response, reply);
  };

  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    unused.delete(request.socket);
    handle(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => unused.add(socket));
  const { port, close } = await listen(server);

  const test: TestServer = {
    origin: `http://127.0.0.1:${port}`,
    hits,
    refreshHits,
    get refreshes() {
      return refreshHits.length;
    },
    presented,
    live,
    closedTo,
    replies,
    refreshReply: undefined,
    losesRefreshes: false,
    hitsOf: (path) => hits.filter((hit) => hit.path === path),
    tokensOf: (path) => test.hitsOf(path).map(({ token }) => token),
    issue: (user = 'a') => issuer.issue(user),
    hold: (matches) => {
      const gate = createGate<Hit>();
      gates.push({ matches, gate });
      return gate;
    },
    aborted: (path) => abortsOf(path).reached(1),
    quiet: () =>
      new Promise((resolve) => {
        isClosing = true;
        server.close(() => resolve());
        for (const socket of unused) socket.destroy();
      }),
    close,
  };
  return test;
};
