import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** A request as the server got it. */
export interface Arrival {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** Resolves when the client has closed the connection before the whole response. */
  readonly aborted: Promise<void>;
}

/** What the server does with a request. */
export type Respond = (response: ServerResponse, arrival: Arrival) => void;

/** A server on loopback, for one law. */
export interface LoopbackServer {
  readonly origin: string;
  /** All requests, in the order of their arrival. */
  readonly arrivals: readonly Arrival[];
  respond: Respond;
}

/**
 * Imports a module of Node. A parameter, so that no bundler tries to resolve it: the entry is for browsers too, and
 * only these laws need a server.
 */
const importModule = <T>(name: string): Promise<T> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

const read = async (request: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });

/** Runs a law with a server of its own. */
export const withServer = async (law: (server: LoopbackServer) => Promise<void>): Promise<void> => {
  const { createServer } = await importModule<typeof import('node:http')>('node:http');
  const arrivals: Arrival[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const aborted = new Promise<void>((resolve) => {
      response.once('close', () => response.writableFinished || resolve());
    });
    const { method = '', url = '', headers } = request;
    // Node joins repeated headers, except `set-cookie`, which no request has.
    const arrival = { method, url, headers: headers as Arrival['headers'], body: await read(request), aborted };
    arrivals.push(arrival);
    started.respond(response, arrival);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const started: LoopbackServer = {
    origin: `http://127.0.0.1:${await listen(server)}`,
    arrivals,
    respond: (response) => response.end(),
  };
  try {
    await law(started);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
};
