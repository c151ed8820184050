import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createOrderBook } from './order-book';
import { type PageFile, pageRoutes } from './page-routes';
import type { RenewalMode } from './protocol';
import { type ShopCounters, type ShopState, shopRoutes } from './routes';
import { findRoute, json, Problem, type Route, type ShopResponse } from './routing';
import { createTokenFamilies } from './token-families';

export interface ShopOptions {
  /** How a dead token is told: as code 1002 in an HTTP 200, or as HTTP 401 with the same body. @defaultValue `'code'` */
  readonly expiredAs?: 'code' | 'status';
  /** @defaultValue 5 minutes */
  readonly tokenLifeMs?: number;
  /** Whether an access token outlives the rotation of its refresh token, as a JWT does. @defaultValue false */
  readonly keepsAccessTokens?: boolean;
  /** How long the next answer takes; 0 sets no timer at all. @defaultValue `() => 0` */
  readonly latencyMs?: () => number;
  /** How long a renewal takes, beyond what an answer does. @defaultValue 0 */
  readonly renewalMs?: number;
  /** How long it takes in mode `slow`. @defaultValue 400 */
  readonly slowMs?: number;
  /** The clock that tokens die by. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** A page to serve, with switches for it under `/demo`. @defaultValue none of either */
  readonly page?: readonly PageFile[];
}

export interface Shop {
  /** Listens on 127.0.0.1 and resolves to the base url. @param port - 0 for one that is free. @defaultValue 0 */
  listen(port?: number): Promise<string>;
  /** Stops for good; open connections are cut and pending delays end. */
  close(): Promise<void>;
  /** Ends every access token now, as if its time had come. Refresh tokens stay good. */
  expireAccessTokens(): void;
  setRenewalMode(mode: RenewalMode): void;
  /** The counters as they stand; a later hit does not change them. */
  counters(): ShopCounters;
}

/** A small shop with short-lived tokens, rotating refresh tokens and switches for what can go wrong. */
export function createShop(options: ShopOptions = {}): Shop {
  const {
    expiredAs = 'code',
    tokenLifeMs = 300_000,
    keepsAccessTokens = false,
    latencyMs = () => 0,
    renewalMs = 0,
    slowMs = 400,
    now = Date.now,
  } = options;
  const closing = new AbortController();
  // Each answer that is being delayed listens for the end: thousands at once are no leak here.
  setMaxListeners(Number.POSITIVE_INFINITY, closing.signal);
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal: closing.signal });
  const state: ShopState = {
    tokens: createTokenFamilies(tokenLifeMs, now, keepsAccessTokens),
    orders: createOrderBook(),
    expiredStatus: expiredAs === 'status' ? 401 : 200,
    whileRenewing: () => (state.renewalMode === 'slow' ? pause(slowMs) : pauseFor(renewalMs, pause)),
    renewalMode: 'ok',
    counters: { hits: {}, refreshes: 0, expiredResponses: 0, reuseDetected: 0 },
  };
  const routes = [...shopRoutes(state), ...(options.page ? pageRoutes(state, options.page) : [])];

  const server = createServer((request, response) => {
    respond(state, routes, request)
      .then(async (reply) => {
        await pauseFor(latencyMs(), pause);
        writeResponse(response, reply);
      })
      // What is left to fail is a client that went away or a shop that closes: no one is there to be answered.
      .catch(() => response.destroy());
  });
  // A connection that the client still trusts must not be closed between two waves of requests.
  server.keepAliveTimeout = 60_000;

  return {
    listen: (port = 0) => listen(server, port),
    close: () => {
      closing.abort();
      return close(server);
    },
    expireAccessTokens: () => state.tokens.expireAccessTokens(),
    setRenewalMode: (mode) => {
      state.renewalMode = mode;
    },
    counters: () => state.counters,
  };
}

async function respond(shop: ShopState, routes: readonly Route[], request: IncomingMessage): Promise<ShopResponse> {
  try {
    return await dispatch(shop, routes, request);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return json(error.status, { code: error.code, message: error.message }, error.headers);
  }
}

function dispatch(
  shop: ShopState,
  routes: readonly Route[],
  request: IncomingMessage,
): ShopResponse | Promise<ShopResponse> {
  const match = findRoute(routes, request.method ?? '', pathOf(request));
  countHit(shop, match.path);
  switch (match.kind) {
    case 'found':
      return match.route.handle({ request, params: match.params });
    case 'wrong-method':
      throw new Problem(405, `use ${match.allow}`, 405, { allow: match.allow });
    case 'nowhere':
      throw new Problem(404, 'there is nothing here');
  }
}

// A request line may hold any text, which the URL class would refuse with a throw.
function pathOf({ url = '' }: IncomingMessage): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

function countHit(shop: ShopState, path: string): void {
  const { hits } = shop.counters;
  shop.counters = { ...shop.counters, hits: { ...hits, [path]: (hits[path] ?? 0) + 1 } };
}

async function pauseFor(ms: number, pause: (ms: number) => Promise<void>): Promise<void> {
  if (ms > 0) await pause(ms);
}

function writeResponse(response: ServerResponse, reply: ShopResponse): void {
  if (reply === 'hang-up') response.destroy();
  else response.writeHead(reply.status, reply.headers).end(reply.body);
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The backlog leaves room for a storm of connections, opened by the same process before it can accept the first.
    server.listen({ host: '127.0.0.1', port, backlog: 16_384 }, () => {
      const address = server.address();
      if (typeof address === 'object' && address) resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
