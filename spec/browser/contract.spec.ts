import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlePage, startChromium } from '../support/chromium';
import type { Capabilities } from '../transports/contract/context';
import type { Order } from '../transports/contract/page';
import { type ContractServer, startContractServer } from '../transports/contract/server';
import { contract } from '../transports/contract/statements';

const can = { page: true, setCookie: false, cause: false };

const ajax: Capabilities = {
  ...can,
  uploadProgress: true,
  totalAcrossOrigins: true,
  stream: 'request',
  userInfo: { sent: true, followed: false },
  takesBack: false,
};

const fetch: Capabilities = {
  ...can,
  uploadProgress: false,
  totalAcrossOrigins: false,
  // The server speaks HTTP/1.1.
  stream: 'network',
  userInfo: { sent: false, followed: false },
  takesBack: true,
};

const platforms: readonly (readonly [Order['transport'], Capabilities])[] = [
  ['ajaxTransport', ajax],
  ['fetchTransport', fetch],
];

let server: ContractServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const script = fileURLToPath(new URL('../transports/contract/page.ts', import.meta.url));
  server = await startContractServer(await bundlePage(script));
  browser = await startChromium();
  page = await browser.newPage();
  await page.goto(`${server.origins.own}/page`);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

describe.each(platforms)('%s in Chromium', (transport, can) => {
  describe.each(contract)('%s', (part, statements) => {
    it.each(statements.map(({ title }) => title))('%s', async (title) => {
      const order = { transport, part, title, can, origins: server.origins };
      expect(await page.evaluate((each) => globalThis.check(each), order)).toBeUndefined();
    });
  });
});
