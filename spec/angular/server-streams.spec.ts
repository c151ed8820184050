import '@angular/compiler';
import { pendingUntilEvent, toSignal } from '@angular/core/rxjs-interop';
import { fetchTransport } from 'renewal';
import { apiStream, injectApi, openOnServer, provideApi } from 'renewal/angular';
import { ndjson$, sse$ } from 'renewal/stream';
import { toArray } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../support/http-server';
import { render } from './support/render';

let server: HttpServer;
/** The urls that the page has requested. */
let requested: string[];
/** Resolves when the newest connection is closed. */
let closed: Promise<void>;

beforeEach(async () => {
  server = await startHttpServer();
  requested = [];
  server.answer = ({ url = '' }, response) => {
    closed = new Promise((resolve) => response.on('close', resolve));
    if (url === '/lines') response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end('1\n2\n');
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    // Late enough that a page that does not wait is rendered without it.
    if (url === '/feed') setTimeout(() => response.write('data: first\n\n'), 50);
  };
  return () => server.close();
});

const transport = fetchTransport({
  fetch: (url, init) => {
    requested.push(String(url).slice(server.origin.length));
    return fetch(url, init);
  },
});

const renderPage = (show: () => () => readonly unknown[]) =>
  render({ show, providers: [provideApi({ baseUrl: server.origin, transport })] });

describe('a stream of a page that a server renders', () => {
  it('is not opened, and does not delay the page', async () => {
    const html = await renderPage(() => {
      const feed = apiStream(() => 'feed');
      const events = toSignal(sse$(injectApi(), 'feed'));
      const lines = toSignal(ndjson$(injectApi(), 'lines'));
      return () => [feed.status(), feed.value() ?? 'none', events() ?? 'no event', lines() ?? 'no line'];
    });
    expect(html).toMatch('<p>loading</p><p>none</p><p>no event</p><p>no line</p>');
    expect(requested).toEqual([]);
  });

  it('is opened by the option of apiStream, up to its first event', async () => {
    const html = await renderPage(() => {
      const feed = apiStream(() => 'feed', { openOnServer: true });
      return () => [feed.status(), feed.value()?.data];
    });
    expect(html).toMatch('<p>resolved</p><p>first</p>');
    expect(requested).toEqual(['/feed']);
    await closed;
  });

  it('is opened by its context, and waited for with pendingUntilEvent()', async () => {
    const html = await renderPage(() => {
      const context = openOnServer();
      const event = toSignal(sse$(injectApi(), 'feed', { context }).pipe(pendingUntilEvent()));
      const lines = toSignal(ndjson$(injectApi(), 'lines', { context }).pipe(toArray(), pendingUntilEvent()));
      return () => [event()?.data, lines()?.join()];
    });
    expect(html).toMatch('<p>first</p><p>1,2</p>');
  });

  it('does not delay the page if its context opens it', async () => {
    const html = await renderPage(() => {
      const event = toSignal(sse$(injectApi(), 'silent', { context: openOnServer() }));
      const feed = apiStream(() => ({ url: 'silent', context: openOnServer() }));
      return () => [event() ?? 'none', feed.status()];
    });
    expect(html).toMatch('<p>none</p><p>loading</p>');
  });
});
