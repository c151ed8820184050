import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundlePage, startChromium } from '../support/chromium';
import { type HttpServer, startHttpServer } from '../support/http-server';
import type { Order, Outcome } from './angular-http-page';

const LOGIN_PAGE = '<!doctype html><title>Sign in</title>';
const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

let browser: Browser;
let page: Page;
let server: HttpServer;
let other: HttpServer;
/** The tokens by path. Paths of the other server have its origin as a prefix. */
let hits: [path: string, token: string][] = [];

const reply = (request: IncomingMessage, response: ServerResponse, html: string): void => {
  const { url = '', headers } = request;
  const token = headers.authorization?.slice(7) ?? '';
  const json = (body: unknown, more = {}) =>
    response.writeHead(200, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
  if (url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  else if (url === '/favicon.ico') response.writeHead(204).end();
  else if (url === '/renew') json({ accessToken: 'T2' });
  else {
    hits.push([url, token]);
    if (url === '/login') response.writeHead(200, { 'content-type': 'text/html' }).end(LOGIN_PAGE);
    else if (token !== 'T1') json({ by: token }, FOR_A_MINUTE);
    else if (url.startsWith('/guarded')) response.writeHead(302, { location: '/login' }).end();
    else json({ code: 1002 }, FOR_A_MINUTE);
  }
};

beforeAll(async () => {
  const html = await bundlePage(fileURLToPath(new URL('angular-http-page.ts', import.meta.url)));
  server = await startHttpServer();
  server.answer = (request, response) => reply(request, response, html);
  other = await startHttpServer();
  other.answer = ({ method, url = '', headers }, response) => {
    // Preflights succeed, so that a token would arrive.
    if (method !== 'OPTIONS') hits.push([`other:${url}`, headers.authorization?.slice(7) ?? '']);
    const allowed = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' };
    response.writeHead(200, allowed).end('{}');
  };
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([server?.close(), other?.close()]);
});

beforeEach(async () => {
  hits = [];
  // An empty cache.
  page = await (await browser.newContext()).newPage();
  await page.goto(`${server.origin}/page`);
  return () => page.context().close();
});

const askBy = (order: Order): Promise<Outcome> => page.evaluate((each) => globalThis.askBy(each), order);

describe.each(['fetch', 'XHR'] as const)('an app over %s, in Chromium', (backend) => {
  describe.each(['sessionInterceptor', 'httpClientTransport'] as const)('by %s', (way) => {
    it('bypasses the HTTP cache that holds the expired response', async () => {
      expect((await askBy({ backend, way, url: '/orders' })).body).toEqual({ by: 'T2' });
      expect(hits).toEqual([
        ['/orders', 'T1'],
        ['/orders', 'T2'],
      ]);
    });

    it('refreshes for a login page instead of JSON', async () => {
      const { body, shown } = await askBy({ backend, way, url: '/guarded', login: '/login' });
      expect(body).toEqual({ by: 'T2' });
      expect(shown[0]).toEqual(backend === 'XHR' ? LOGIN_PAGE : expect.stringContaining('SyntaxError'));
      expect(hits).toEqual([
        ['/guarded', 'T1'],
        ['/login', 'T1'],
        ['/guarded', 'T2'],
      ]);
    });

    it('sends no token to the origin of a <base>', async () => {
      await askBy({ backend, way, url: 'orders', base: `${other.origin}/app/` });
      expect(hits).toEqual([['other:/app/orders', '']]);
    });
  });
});
