import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createLiveOrders } from './live-orders';
import { createOrderBook } from './order-book';
import { type PageFile, pageRoutes } from './page-routes';
import type { RenewalMode } from './protocol';
import { type ShopCounters, type ShopState, shopRoutes } from './routes';
import { findRoute, json, Problem, type Route, type ShopResponse } from './routing';
import { createTokenFamilies } from './token-families';

export interface ShopOptions {
  /** The response to an expired token: HTTP 200 with code 1002, or HTTP 401 with that body. @defaultValue `'code'` */
  readonly expiredAs?: 'code' | 'status';
  /** @defaultValue 5 minutes */
  readonly tokenLifeMs?: number;
  /** Whether an access token stays valid after the rotation of its refresh token, as a JWT does. @defaultValue false */
  readonly keepsAccessTokens?: boolean;
  /** The latency of the next response; 0 sets no timer. @defaultValue `() => 0` */
  readonly latencyMs?: () => number;
  /** The duration of a renewal, in addition to the latency. @defaultValue 0 */
  readonly renewalMs?: number;
  /** The same in mode `slow`. @defaultValue 400 */
  readonly slowMs?: number;
  /** The time between two live orders. @defaultValue 1_000 */
  readonly liveMs?: number;
  /** The clock of live orders. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** A page to serve, with its controls under `/demo`. @defaultValue no page and no controls */
  readonly page?: readonly PageFile[];
}

export interface Shop {
  /** Listens on 127.0.0.1 and resolves with the base url. @param port - 0 for a free port. @defaultValue 0 */
  listen(port?: number): Promise<string>;
  /** Stops the shop. Cuts open connections and ends pending delays. */
  close(): Promise<void>;
  /** Expires every access token now. Refresh tokens stay valid. */
  expireAccessTokens(): void;
  setRenewalMode(mode: RenewalMode): void;
  /** A copy of the counters: later requests do not change it. */
  counters(): ShopCounters;
}

/** A small shop with short-lived access tokens, rotating refresh tokens, and options for failures. */
export function createShop(options: ShopOptions = {}): Shop {
  const {
    expiredAs = 'code',
    tokenLifeMs = 300_000,
    keepsAccessTokens = false,
    latencyMs = () => 0,
    renewalMs = 0,
    slowMs = 400,
    liveMs = 1_000,
    now = Date.now,
  } = options;
  const closing = new AbortController();
  // Each delayed response listens for the abort: thousands of listeners are no leak here.
  setMaxListeners(Number.POSITIVE_INFINITY, closing.signal);
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal: closing.signal });
  const state: ShopState = {
    tokens: createTokenFamilies(tokenLifeMs, keepsAccessTokens),
    orders: createOrderBook(),
    liveOrders: createLiveOrders({ intervalMs: liveMs, now, pause }),
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
        await writeResponse(response, reply);
      })
      // The remaining failures are a client that disconnected or a shop that closes: there is no receiver.
      .catch(() => response.destroy());
  });
  // Longer than the pause between two storms: the server must not close a connection that the client still keeps.
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
      throw new Problem(404, 'not found');
  }
}

// A request line may hold any text, and the URL class throws on some.
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

async function writeResponse(response: ServerResponse, reply: ShopResponse): Promise<void> {
  if (reply === 'hang-up') {
    response.destroy();
    return;
  }
  const { status, headers, body } = reply;
  response.writeHead(status, headers);
  if (typeof body === 'string') response.end(body);
  else await pipeline(Readable.from(body), response);
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The backlog holds a storm of connections: one process opens all of them before it accepts the first.
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
