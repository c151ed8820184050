import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserName, browserName, startBrowser } from '../support/browsers';
import type { BrowserTab, TestBrowser } from '../support/browsers/browser';
import { bundlePage } from '../support/chromium';
import type { Capabilities } from '../transports/contract/context';
import type { Order } from '../transports/contract/page';
import { type ContractServer, startContractServer } from '../transports/contract/server';
import { contract } from '../transports/contract/statements';

const ajax: Capabilities = {
  page: true,
  setCookie: false,
  cause: false,
  uploadProgress: true,
  totalAcrossOrigins: true,
  stream: 'request',
  userInfo: { sent: true, followed: false },
  followsTab: true,
  joinsGets: false,
  takesBack: false,
  fetchOptions: false,
  streamedResponse: false,
};

const fetch: Capabilities = {
  ...ajax,
  uploadProgress: false,
  totalAcrossOrigins: false,
  // The server speaks HTTP/1.1.
  stream: 'network',
  userInfo: { sent: false, followed: false },
  takesBack: true,
  fetchOptions: true,
  streamedResponse: true,
};

/** The differences of other browsers from Chromium. */
const differences: Readonly<Record<BrowserName, { readonly [of in Order['transport']]?: Partial<Capabilities> }>> = {
  chromium: {},
  firefox: {
    // It ignores a location with a tab character.
    ajaxTransport: { followsTab: false },
    // It sends no streams: `Request` converts one to a text, and the transport detects that.
    fetchTransport: { followsTab: false, stream: 'request' },
  },
  webkit: {
    // Its memory cache merges requests of XMLHttpRequest, even with `no-store`; `fetch` bypasses it.
    ajaxTransport: { joinsGets: true },
  },
};

const platforms: readonly (readonly [Order['transport'], Capabilities])[] = [
  ['ajaxTransport', { ...ajax, ...differences[browserName].ajaxTransport }],
  ['fetchTransport', { ...fetch, ...differences[browserName].fetchTransport }],
];

let server: ContractServer;
let browser: TestBrowser;
let page: BrowserTab;

beforeAll(async () => {
  const script = fileURLToPath(new URL('../transports/contract/page.ts', import.meta.url));
  server = await startContractServer(await bundlePage(script));
  browser = await startBrowser();
  const profile = await browser.openProfile();
  page = await profile.open(`${server.origins.own}/page`);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

describe.each(platforms)(`%s in ${browserName}`, (transport, can) => {
  describe.each(contract)('%s', (part, statements) => {
    it.each(statements.map(({ title }) => title))('%s', async (title) => {
      const order = { transport, part, title, can, origins: server.origins };
      expect(await page.evaluate((each) => globalThis.check(each), order)).toBeUndefined();
    });
  });
});
