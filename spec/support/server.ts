import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server says that an access token is dead. */
export const SIGNALS = ['HTTP 401', 'code 1002'] as const;
export type Signal = (typeof SIGNALS)[number];

/** A request as the server saw it. */
export interface Hit {
  readonly method: string;
  readonly path: string;
  /** The bearer token, without the scheme; empty for none. */
  readonly token: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** An answer, or what happens to the connection instead of one. */
export type Reply =
  | {
      readonly status?: number;
      readonly type?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  | 'reset'
  | 'reset mid-body'
  | 'never';

export interface TestServer {
  readonly origin: string;
  readonly hits: Hit[];
  /** Access tokens that the server takes. */
  readonly live: Set<string>;
  /** Refresh tokens that were presented, in order. */
  readonly presented: string[];
  /** Called, and waited for, before each answer to anything but a refresh. */
  beforeAnswer: (hit: Hit) => Promise<void> | void;
  /** Called, and waited for, before each answer to a refresh. */
  beforeRefresh: () => Promise<void> | void;
  /** What the refresh answers instead of new tokens. */
  refreshReply: Reply | undefined;
  /** Called when the client closes a connection before it has its answer. */
  onAbort: () => void;
  readonly refreshes: number;
  hitsOf(path: string): readonly Hit[];
  close(): Promise<void>;
}

export const REFRESH = '/renewal';

const json = (body: unknown, status = 200): Reply => ({ status, type: 'application/json', body: JSON.stringify(body) });

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
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
  const { status = 200, type = 'text/plain', headers = {}, body = '' } = reply;
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
};

/**
 * A server that takes the access tokens in `live`, and hands out `T2`, `T3` … and `R2`, `R3` … to whoever asks for a refresh. Everything
 * that waits waits for the test.
 */
export const startServer = async (signal: Signal = 'HTTP 401'): Promise<TestServer> => {
  let refreshes = 0;
  const hits: Hit[] = [];
  const presented: string[] = [];
  const live = new Set<string>();

  const refresh = (body: string): Reply => {
    presented.push(JSON.parse(body).refreshToken);
    if (test.refreshReply) return test.refreshReply;
    const grant = { accessToken: `T${refreshes + 1}`, refreshToken: `R${refreshes + 1}` };
    live.add(grant.accessToken);
    return json(grant);
  };

  const dead = (hit: Hit): Reply =>
    signal === 'HTTP 401' ? json({ of: hit.path }, 401) : json({ code: 1002, of: hit.path });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.once('close', () => {
      if (!response.writableEnded) test.onAbort();
    });
    const { authorization } = request.headers;
    const [path = ''] = (request.url ?? '').split('?');
    const token = authorization?.replace('Bearer ', '') ?? '';
    const hit = { method: `${request.method}`, path, token, authorization, body: await read(request) };
    if (path === REFRESH) {
      refreshes++;
      const reply = refresh(hit.body);
      await test.beforeRefresh();
      send(response, reply);
      return;
    }
    hits.push(hit);
    const reply = live.has(token) ? json({ of: path, by: token, sent: hit.body }) : dead(hit);
    await test.beforeAnswer(hit);
    send(response, reply);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;

  const test: TestServer = {
    origin: `http://127.0.0.1:${port}`,
    hits,
    live,
    presented,
    beforeAnswer: () => {},
    beforeRefresh: () => {},
    refreshReply: undefined,
    onAbort: () => {},
    get refreshes() {
      return refreshes;
    },
    hitsOf: (path) => hits.filter((hit) => hit.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return test;
};
