import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createShop, type Shop, type ShopOptions } from '../shop/server';
import { createPackingFeed } from './packing-feed';

const browser = fileURLToPath(new URL('dist/browser', import.meta.url));
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };

/** The served app: files, rendered pages, and the shop with its packing feed under `/api/`. */
export interface Host {
  readonly url: string;
  readonly shop: Shop;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

const forward = (from: IncomingMessage, to: ServerResponse, shopUrl: string): void => {
  const { method, headers } = from;
  const forwarded = request(`${shopUrl}${from.url?.slice('/api'.length)}`, { method, headers }, (response) => {
    to.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(to);
  });
  // A cut connection to the shop becomes a network error of the client.
  forwarded.on('error', () => to.destroy());
  to.on('close', () => forwarded.destroy());
  from.pipe(forwarded);
};

const fileOf = (url: string): string | undefined => {
  const path = join(browser, new URL(url, 'http://host').pathname);
  return path.startsWith(browser) && existsSync(path) && statSync(path).isFile() ? path : undefined;
};

/** Serves the output of `ng build` and a shop. `POST /shop/expire` expires its access tokens, and cuts all streams. */
export const startHost = async (options?: ShopOptions, port = 0): Promise<Host> => {
  const built = new URL('dist/server/server.mjs', import.meta.url).href;
  const { reqHandler }: { readonly reqHandler: Handler } = await import(/* @vite-ignore */ built);
  const shop = createShop(options);
  const shopUrl = await shop.listen();
  const feed = createPackingFeed(shopUrl);
  const server = createServer((from, to) => {
    const url = from.url ?? '/';
    const file = fileOf(url);
    if (url === '/api/packing') feed.handle(from, to).catch(() => to.destroy());
    else if (url.startsWith('/api/')) forward(from, to, shopUrl);
    else if (url === '/shop/expire') {
      shop.expireAccessTokens();
      feed.cut();
      to.writeHead(204).end();
    } else if (file) createReadStream(file).pipe(to.setHeader('content-type', TYPES[extname(file)] ?? 'text/plain'));
    else reqHandler(from, to, () => to.writeHead(404).end());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('address: expected a TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    shop,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await shop.close();
    },
  };
};
