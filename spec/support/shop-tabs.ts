import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { createShop, type Shop } from '../../examples/shop/server';
import { createGate, type Gate } from './barrier';
import { bundlePage } from './chromium';
import type { Signal } from './server';

/** A request as it came from a tab. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** The access token, or in a renewal the refresh token; empty for none. */
  readonly token: string;
}

/** The shop behind a door that serves the page of a tab, records what goes through, and holds it as the test says. */
export interface Door {
  readonly origin: string;
  readonly shop: Shop;
  readonly calls: readonly Call[];
  /** Holds what matches on its way to the shop, or on its way back. */
  hold(way: 'in' | 'out', matches: (call: Call) => boolean): Gate<Call>;
  close(): Promise<void>;
}

export const RENEWAL = '/app/renewal';
export const isRenewal = ({ path }: Call): boolean => path === RENEWAL;
export const isOrder = ({ path }: Call): boolean => path === '/orders';

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return `${Buffer.concat(chunks)}`;
};

const callOf = ({ method = '', url = '', headers }: IncomingMessage, body: string): Call => {
  const path = url.split('?')[0] ?? '';
  const token = path === RENEWAL ? JSON.parse(body).refreshToken : headers.authorization?.replace('Bearer ', '');
  return { method, path, token: token ?? '' };
};

/** The page of a tab, made once for all specs of a file. */
export const bundleTab = (): Promise<string> => bundlePage(fileURLToPath(new URL('./shop-tab.ts', import.meta.url)));

export const openDoor = async (page: string, signal: Signal): Promise<Door> => {
  const shop = createShop({ expiredAs: signal === 'HTTP 401' ? 'status' : 'code' });
  const inside = await shop.listen();
  const calls: Call[] = [];
  const holds: { readonly way: 'in' | 'out'; readonly matches: (call: Call) => boolean; readonly gate: Gate<Call> }[] =
    [];

  const pass = async (call: Call, way: 'in' | 'out'): Promise<void> => {
    for (const hold of holds) if (hold.way === way && hold.matches(call)) await hold.gate.pass(call);
  };

  const server = createServer(async (request, response) => {
    try {
      if (request.url?.startsWith('/tab')) {
        // Without `no-store`, which would keep pages out of the cache for going back.
        response.writeHead(200, { 'content-type': 'text/html' }).end(page);
        return;
      }
      const body = await read(request);
      const call = callOf(request, body);
      calls.push(call);
      await pass(call, 'in');
      const { method, authorization } = { ...request.headers, method: call.method };
      const answer = await fetch(`${inside}${request.url}`, {
        method,
        ...(authorization && { headers: { authorization } }),
        ...(body && { body }),
      });
      const text = await answer.text();
      await pass(call, 'out');
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
      response.end(text);
    } catch {
      // The shop has hung up, or the tab has.
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    origin: `http://127.0.0.1:${port}`,
    shop,
    calls,
    hold: (way, matches) => {
      const gate = createGate<Call>();
      holds.push({ way, matches, gate });
      return gate;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await shop.close();
      await closed;
    },
  };
};

/** Some tabs of one browser profile, all at the door. */
export interface Tabs {
  readonly context: BrowserContext;
  readonly door: Door;
  /** Opens one more. */
  open(query?: string): Promise<Page>;
  close(): Promise<void>;
}

/** @param init - Runs in each page before anything else: where the browser is to lack something, or to break. */
export const openTabs = async (browser: Browser, door: Door, init?: () => void): Promise<Tabs> => {
  const context = await browser.newContext();
  if (init) await context.addInitScript(init);
  return {
    context,
    door,
    open: async (query = '') => {
      const page = await context.newPage();
      await page.goto(`${door.origin}/tab?${query}`);
      return page;
    },
    close: async () => {
      await context.close();
      await door.close();
    },
  };
};

/** Stops the page where it stands, as the browser does with one that was hidden for long; what it returns lets it go on. */
export const freeze = async (page: Page): Promise<() => Promise<void>> => {
  const devtools: CDPSession = await page.context().newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  return async () => {
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await devtools.detach();
  };
};
