import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTally, type Tally } from '../support/barrier';
import { startChromiumTabs } from '../support/browsers/chromium';
import { bundlePage, startChromium } from '../support/chromium';
import { type HttpServer, startHttpServer } from '../support/http-server';

const root = fileURLToPath(new URL('../../', import.meta.url));

let browser: Browser;
let content: string;

beforeAll(async () => {
  content = await bundlePage(`${root}spec/browser/streams-page.ts`);
  browser = await startChromium();
});

afterAll(() => browser?.close());

let server: HttpServer;
let page: Page;
/** The open streams, and how many were opened and closed so far. */
let open: ServerResponse[];
let opened: Tally;
let closed: Tally;
/** Access tokens of all openings. */
let tokens: (string | undefined)[];
let closedAtMs: number;
let lastId: number;

beforeEach(async () => {
  server = await startHttpServer();
  open = [];
  opened = createTally();
  closed = createTally();
  tokens = [];
  lastId = 0;
  server.answer = (request, response) => {
    if (request.url !== '/events') return void response.writeHead(200, { 'content-type': 'text/html' }).end(content);
    tokens.push(request.headers.authorization);
    if (request.headers.authorization !== 'Bearer T2') return void response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.on('close', () => {
      open = open.filter((each) => each !== response);
      closedAtMs = Date.now();
      closed.add();
    });
    open.push(response);
    emit();
    opened.add();
  };
  page = await browser.newPage();
  await page.goto(server.origin);
});

afterEach(async () => {
  await page.close();
  await server.close();
});

/** Sends the next event on all open streams. */
const emit = (): void => {
  const id = ++lastId;
  for (const each of open) each.write(`id: ${id}\ndata: a\n\n`);
};

const read = <Name extends 'ids' | 'errors' | 'reports'>(name: Name): Promise<string[]> =>
  page.evaluate((key) => streams[key], name);

const sees = (id: number): Promise<unknown> => page.waitForFunction((wanted) => streams.ids.includes(wanted), `${id}`);

describe('sse$ in Chromium', () => {
  it('refreshes at its opening, and continues where it was cut', async () => {
    await page.evaluate(() => streams.open());
    await sees(1);
    for (const each of open) each.destroy();
    await opened.reached(2);
    await sees(2);
    expect(await read('ids')).toEqual(['1', '2']);
    expect(tokens).toEqual(['Bearer T1', 'Bearer T2', 'Bearer T2']);
    const phases = (await read('reports')).filter((phase) => phase !== 'events');
    expect(phases).toEqual(['opened', 'reconnecting', 'opened']);
  });

  it('closes its socket within 50 ms of unsubscribing', async () => {
    await page.evaluate(() => streams.open());
    await sees(1);
    // The page and the server have one clock.
    const endedAtMs = await page.evaluate(() => {
      streams.close();
      return Date.now();
    });
    await closed.reached(1);
    expect(closedAtMs - endedAtMs).toBeLessThan(50);
    expect(await read('reports')).toContain('ended');
  });

  it('ends with a sign-out, and closes its socket', async () => {
    await page.evaluate(() => streams.open());
    await sees(1);
    await page.evaluate(() => streams.signOut());
    await closed.reached(1);
    expect(await read('errors')).toEqual(['signed-out']);
  });

  it('reconnects at once when the network is back, however long the pause', async () => {
    await page.evaluate(() => streams.open(600_000));
    await sees(1);
    await page.context().setOffline(true);
    for (const each of open) each.destroy();
    await page.waitForFunction(() => streams.reports.includes('reconnecting'));
    await page.context().setOffline(false);
    await opened.reached(2);
    await sees(2);
  });

  it('stays open while its page is hidden', async () => {
    const tabs = await startChromiumTabs();
    try {
      const profile = await tabs.openProfile();
      const tab = await profile.open(server.origin);
      await tab.evaluate(() => streams.open());
      await opened.reached(1);
      await profile.open(server.origin);
      expect(await tab.evaluate(() => document.visibilityState)).toBe('hidden');
      emit();
      const seen = () => tab.evaluate(() => streams.ids);
      await expect.poll(seen).toEqual(['1', '2']);
      expect(open).toHaveLength(1);
    } finally {
      await tabs.close();
    }
  });
});
