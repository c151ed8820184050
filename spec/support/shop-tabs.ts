import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { CLIENT_KEY } from '../../examples/shop/protocol';
import { createShop, type Shop, type ShopOptions } from '../../examples/shop/server';
import { createGate, type Gate } from './barrier';
import type { BrowserTab, TestBrowser } from './browsers/browser';
import { bundlePage } from './chromium';
import { listen } from './listen';
import type { Signal } from './server';

/** A request of a tab, as it arrived. */
export interface Call {
  /** The number of its tab, in the order of opening, from 1. */
  readonly tab: number;
  readonly method: string;
  readonly path: string;
  /** The access token, or in a renewal the refresh token; empty if there is none. */
  readonly token: string;
}

/** A proxy of the shop that serves the page of a tab, records the requests, and holds them for the test. */
export interface Door {
  readonly origin: string;
  readonly shop: Shop;
  readonly calls: readonly Call[];
  /** Holds matching requests on the way to the shop, or their responses on the way back. */
  hold(way: 'in' | 'out', matches: (call: Call) => boolean): Gate<Call>;
  /** Matches requests that never arrive: the connection breaks before the shop sees them. */
  loses: (call: Call) => boolean;
  /** True to refuse a reused refresh token without ending the session. */
  isLenient: boolean;
  /** The number of characters that are added to the shop's access tokens from now on. */
  padding: number;
  close(): Promise<void>;
}

/** Under these paths the proxy keeps the refresh token in a cookie that scripts cannot read. */
const COOKIE = '/cookie/';

export const isRenewal = ({ path }: Call): boolean => path.endsWith('/renewal');
export const isOrder = ({ path }: Call): boolean => path === '/orders';

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return `${Buffer.concat(chunks)}`;
};

const agent = new Agent({ keepAlive: true });

/** A response of the shop. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookie?: string;
}

const ask = (url: string, method: string, token: string, body: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = { method, agent, headers: { ...(token && { authorization: `Bearer ${token}` }) } };
    const asked = request(url, options, (answer) => {
      read(answer).then((text) => resolve({ status: answer.statusCode ?? 0, body: text }), reject);
    });
    asked.on('error', reject).end(body);
  });

/** The refresh token in a cookie; empty if there is none. */
const cookieOf = ({ headers }: IncomingMessage): string => /refresh=([^;]+)/.exec(`${headers.cookie}`)?.[1] ?? '';

const setCookie = (refreshToken: string, rest = ''): string =>
  `refresh=${refreshToken}; Path=${COOKIE}; HttpOnly; SameSite=Strict${rest}`;

/** The response of the shop to a client whose refresh token is a cookie. */
const askByCookie = async (origin: string, path: string, refreshToken: string, body: string): Promise<Answer> => {
  if (path === `${COOKIE}logout`) return { status: 200, body: '{"code":0}', cookie: setCookie('', '; Max-Age=0') };
  const isLogin = path === `${COOKIE}login`;
  const given = isLogin ? body : JSON.stringify({ authorization: CLIENT_KEY, refreshToken });
  const answer = await ask(`${origin}/app/${isLogin ? 'login' : 'renewal'}`, 'POST', '', given);
  const { data, ...envelope } = JSON.parse(answer.body);
  if (!data) return answer;
  const { token } = data;
  return { ...answer, body: JSON.stringify({ ...envelope, data: { token } }), cookie: setCookie(data.refreshToken) };
};

/** Lengthens access tokens in responses; `unpad` restores them in requests. */
const pad = (body: string, length: number): string =>
  length > 0 ? body.replace(/"([^"]+\.access\.\d+)"/g, (_, token) => `"${token}.${'x'.repeat(length - 1)}"`) : body;
const unpad = (token: string): string => token.replace(/\.x*$/, '');

const callOf = (asked: IncomingMessage, body: string): Call => {
  const { method = '', url = '', headers } = asked;
  const path = url.split('?')[0] ?? '';
  const presented = () => (path.startsWith(COOKIE) ? cookieOf(asked) : JSON.parse(body).refreshToken);
  const token = path.endsWith('/renewal') ? presented() : headers.authorization?.replace('Bearer ', '');
  // Also in a request that the browser has repeated by itself, as it does when a connection breaks.
  const tab = Number(/tab=(\d+)/.exec(`${headers.referer}`)?.[1]);
  return { tab, method, path, token: token ?? '' };
};

/** Bundles the page of a tab, once for all specs of a file. */
export const bundleTab = (): Promise<string> => bundlePage(fileURLToPath(new URL('./shop-tab.ts', import.meta.url)));

/**
 * @param init - Runs in each page before anything else, to remove or break parts of the browser.
 * @param options - Further options of the shop.
 */
export const openDoor = async (
  page: string,
  signal: Signal,
  init?: () => void,
  options: ShopOptions = {},
): Promise<Door> => {
  const served = init ? page.replace('<script>', () => `<script>(${init})()</script><script>`) : page;

  const shop = createShop({ expiredAs: signal === 'HTTP 401' ? 'status' : 'code', ...options });
  const inside = await shop.listen();
  const calls: Call[] = [];
  const holds: { readonly way: 'in' | 'out'; readonly matches: (call: Call) => boolean; readonly gate: Gate<Call> }[] =
    [];

  const pass = async (call: Call, way: 'in' | 'out'): Promise<void> => {
    for (const hold of holds) if (hold.way === way && hold.matches(call)) await hold.gate.wait(call);
  };

  const presented = new Set<string>();
  const server = createServer(async (asked, response) => {
    // For a page without an origin.
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', '*, authorization');
    try {
      if (asked.method === 'OPTIONS') {
        response.end();
        return;
      }
      if (asked.url?.startsWith('/tab')) {
        // A sandbox has an opaque origin, and neither storage nor locks.
        if (asked.url.startsWith('/tab/sandbox'))
          response.setHeader('content-security-policy', 'sandbox allow-scripts');
        response.writeHead(200, { 'content-type': 'text/html' }).end(served);
        return;
      }
      const body = await read(asked);
      const call = callOf(asked, body);
      calls.push(call);
      await pass(call, 'in');
      if (door.loses(call)) throw new Error('lost');
      const isAgain = isRenewal(call) && presented.has(call.token);
      if (isRenewal(call)) presented.add(call.token);
      if (door.isLenient && isAgain) {
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"code":1003}');
        return;
      }
      const { status, cookie, ...answer } = await (call.path.startsWith(COOKIE)
        ? askByCookie(inside, call.path, call.token, body)
        : ask(`${inside}${asked.url}`, call.method, isRenewal(call) ? '' : unpad(call.token), body));
      const headers = { 'content-type': 'application/json', ...(cookie && { 'set-cookie': cookie }) };
      await pass(call, 'out');
      response.writeHead(status, headers).end(pad(answer.body, door.padding));
    } catch {
      // The shop or the tab has closed the connection.
      response.destroy();
    }
  });
  const { port, close } = await listen(server);

  const door: Door = {
    origin: `http://127.0.0.1:${port}`,
    loses: () => false,
    isLenient: false,
    padding: 0,
    shop,
    calls,
    hold: (way, matches) => {
      const gate = createGate<Call>();
      holds.push({ way, matches, gate });
      return gate;
    },
    close: async () => {
      await Promise.all([close(), shop.close()]);
    },
  };
  return door;
};

/** The tabs of one browser profile, all connected to the proxy. */
export interface Tabs<T extends BrowserTab = BrowserTab> {
  readonly door: Door;
  /** Opens one more tab. */
  open(query?: string, path?: string): Promise<T>;
  /** Opens `count` signed-in tabs whose access token the shop rejects. */
  openExpired(count: number, query?: string): Promise<[T, ...T[]]>;
  close(): Promise<void>;
}

export const openTabs = async <T extends BrowserTab>(browser: TestBrowser<T>, door: Door): Promise<Tabs<T>> => {
  const profile = await browser.openProfile();
  let opened = 0;
  const open = (query = '', path = '/tab'): Promise<T> =>
    profile.open(`${door.origin}${path}?tab=${++opened}&${query}`);
  return {
    door,
    open,
    openExpired: async (count, query) => {
      const first = await open(query);
      await first.evaluate(() => tab.signIn());
      const others = await Promise.all(Array.from({ length: count - 1 }, () => open(query)));
      door.shop.expireAccessTokens();
      return [first, ...others];
    },
    close: async () => {
      await profile.close();
      await door.close();
    },
  };
};
