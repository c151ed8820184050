import '@angular/compiler';
import { provideHttpClient } from '@angular/common/http';
import {
  ApplicationRef,
  createEnvironmentInjector,
  EnvironmentInjector,
  InjectionToken,
  PLATFORM_ID,
  signal,
} from '@angular/core';
import type { TestBed } from '@angular/core/testing';
import { fetchTransport, HttpStatusError, memoryStore } from 'renewal';
import {
  API,
  type ApiName,
  apiStream,
  httpClientTransport,
  provideApi,
  SESSION,
  withName,
  withSession,
} from 'renewal/angular';
import type { ServerSentEvent } from 'renewal/stream';
import { describe, expect, it } from 'vitest';
import { provide } from './support/testbed';

const BROWSER = { provide: PLATFORM_ID, useValue: 'browser' };
const SSE = { 'content-type': 'text/event-stream' };

/** A connection of the fake server. */
interface Connection {
  readonly url: string;
  readonly token: string | null;
  readonly send: (data: string) => void;
  readonly end: () => void;
  isClosed: boolean;
}

/** A `fetch` whose responses are event streams. */
const createServer = (respond: () => Response | undefined = () => undefined) => {
  const connections: Connection[] = [];
  const encoder = new TextEncoder();
  const fetch: typeof globalThis.fetch = async (url, init) => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const close = () => {
      connection.isClosed = true;
    };
    const connection: Connection = {
      url: String(url),
      token: new Headers(init?.headers).get('authorization'),
      send: (data) => controller?.enqueue(encoder.encode(`data: ${data}\n\n`)),
      end: () => controller?.close(),
      isClosed: false,
    };
    connections.push(connection);
    init?.signal?.addEventListener('abort', close);
    const body = new ReadableStream<Uint8Array>({
      start: (started) => {
        controller = started;
      },
      cancel: close,
    });
    return respond() ?? new Response(body, { headers: SSE });
  };
  return { connections, fetch, transport: fetchTransport({ fetch }) };
};

/** Lets Angular run its scheduled effects, and streams deliver. */
const settle = async (bed: TestBed): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) {
    bed.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const createHarness = (respond?: () => Response | undefined) => {
  const server = createServer(respond);
  const bed = provide(BROWSER, provideApi({ transport: server.transport }));
  return { bed, ...server };
};

describe('apiStream', () => {
  it('is loading until the first event, and has the newest event as its value', async () => {
    const { bed, connections } = createHarness();
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    await settle(bed);
    expect([feed.status(), feed.value()]).toEqual(['loading', undefined]);
    expect(connections.map(({ url }) => url)).toEqual(['http://shop.test/app/feed']);
    connections[0]?.send('one');
    await settle(bed);
    expect([feed.status(), feed.value()]).toEqual(['resolved', { data: 'one', event: 'message', id: '' }]);
    connections[0]?.send('two');
    connections[0]?.send('three');
    await settle(bed);
    expect([feed.status(), feed.value()?.data]).toEqual(['resolved', 'three']);
  });

  it('opens another stream when a signal changes, and closes the previous one', async () => {
    const { bed, connections } = createHarness();
    const id = signal(1);
    const feed = bed.runInInjectionContext(() => apiStream(() => ({ url: 'feed', params: { id: id() } })));
    await settle(bed);
    connections[0]?.send('of one');
    await settle(bed);
    id.set(2);
    await settle(bed);
    expect(connections.map(({ url, isClosed }) => [url.slice(-4), isClosed])).toEqual([
      ['id=1', true],
      ['id=2', false],
    ]);
    expect([feed.status(), feed.value()]).toEqual(['loading', undefined]);
    connections[1]?.send('of two');
    await settle(bed);
    expect(feed.value()?.data).toBe('of two');
  });

  it('is idle while the request is undefined, and closes its stream then', async () => {
    const { bed, connections } = createHarness();
    const isShown = signal(true);
    const feed = bed.runInInjectionContext(() => apiStream(() => (isShown() ? 'feed' : undefined)));
    await settle(bed);
    isShown.set(false);
    await settle(bed);
    expect([connections[0]?.isClosed, feed.status()]).toEqual([true, 'idle']);
    isShown.set(true);
    await settle(bed);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  it('does not open the same url again', async () => {
    const { bed, connections } = createHarness();
    const id = signal(1);
    bed.runInInjectionContext(() => apiStream(() => (id() ? 'feed' : undefined)));
    await settle(bed);
    id.set(2);
    await settle(bed);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([false]);
  });

  it('closes its stream when it is destroyed, and when its injector is', async () => {
    const { bed, connections } = createHarness();
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    const injector = createEnvironmentInjector([], bed.inject(EnvironmentInjector));
    apiStream(() => 'feed', { injector });
    await settle(bed);
    feed.destroy();
    injector.destroy();
    await settle(bed);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });

  it('stays resolved with the last event after the stream has completed', async () => {
    const { bed, connections } = createHarness();
    const feed = bed.runInInjectionContext(() => apiStream(() => ({ url: 'feed', reconnect: false })));
    await settle(bed);
    connections[0]?.send('last');
    connections[0]?.end();
    await settle(bed);
    expect([feed.status(), feed.value()?.data]).toEqual(['resolved', 'last']);
  });

  it('is resolved with the default after a completion without an event', async () => {
    const { bed } = createHarness(() => new Response(null, { status: 204 }));
    const defaultValue: ServerSentEvent<string> = { data: 'none', event: 'message', id: '' };
    const feeds = bed.runInInjectionContext(() => [apiStream(() => 'feed', { defaultValue }), apiStream(() => 'feed')]);
    expect(feeds.map(({ status, value }) => [status(), value()])).toEqual([
      ['loading', defaultValue],
      ['loading', undefined],
    ]);
    await settle(bed);
    expect(feeds.map(({ status, value }) => [status(), value()])).toEqual([
      ['resolved', defaultValue],
      ['resolved', undefined],
    ]);
  });

  it('holds an error of renewal, and opens again by reload()', async () => {
    let status = 404;
    const { bed, connections } = createHarness(() => (status === 404 ? new Response('', { status }) : undefined));
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    await settle(bed);
    expect([feed.status(), feed.error()]).toMatchObject(['error', { code: 'status', status: 404 }]);
    expect(feed.error()).toBeInstanceOf(HttpStatusError);
    status = 200;
    expect(feed.reload()).toBe(true);
    await settle(bed);
    expect(feed.status()).toBe('reloading');
    connections.at(-1)?.send('found');
    await settle(bed);
    expect([connections.length, feed.value()?.data, feed.error()]).toEqual([2, 'found', undefined]);
  });

  it('keeps the newest event while it opens again', async () => {
    const { bed, connections } = createHarness();
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    await settle(bed);
    connections[0]?.send('old');
    await settle(bed);
    feed.reload();
    await settle(bed);
    expect([connections[0]?.isClosed, feed.status(), feed.value()?.data]).toEqual([true, 'reloading', 'old']);
  });

  it('fails with the end of the session whose token it carries', async () => {
    const { connections, transport } = createServer();
    const store = memoryStore({ accessToken: 'T1' });
    const bed = provide(BROWSER, provideApi({ transport }, withSession({ store, refresh: () => [] })));
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    await settle(bed);
    expect(connections[0]?.token).toBe('Bearer T1');
    await bed.inject(SESSION).signOut();
    await settle(bed);
    expect([feed.status(), feed.error()]).toMatchObject(['error', { code: 'signed-out' }]);
    expect(connections[0]?.isClosed).toBe(true);
  });

  it('keeps no app from becoming stable', async () => {
    const { bed, connections } = createHarness();
    bed.runInInjectionContext(() => {
      apiStream(() => 'feed');
      apiStream(() => 'feed', { openOnServer: true });
    });
    await settle(bed);
    await bed.inject(ApplicationRef).whenStable();
    expect(connections).toHaveLength(2);
  });

  it('uses the given api and injector', async () => {
    const BILLING: ApiName = new InjectionToken('billing');
    const { transport, connections } = createServer();
    const bed = provide(BROWSER, provideApi({ transport, baseUrl: '/billing/' }, withName(BILLING)));
    apiStream(() => 'invoices', { api: BILLING, injector: bed.inject(EnvironmentInjector) });
    await settle(bed);
    expect(connections[0]?.url).toBe('http://shop.test/billing/invoices');
  });

  it('compares events by `equal`', async () => {
    const { bed, connections } = createHarness();
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed', { equal: (a, b) => a.data === b.data }));
    await settle(bed);
    connections[0]?.send('same');
    await settle(bed);
    const first = feed.value();
    connections[0]?.send('same');
    await settle(bed);
    expect(feed.value()).toBe(first);
  });

  it('names the transport that it needs', async () => {
    const bed = provide(
      BROWSER,
      provideHttpClient(),
      provideApi(() => ({ transport: httpClientTransport() })),
    );
    expect(bed.inject(API)).toBeDefined();
    const feed = bed.runInInjectionContext(() => apiStream(() => 'feed'));
    await settle(bed);
    expect(feed.error()).toMatchObject({ code: 'request', message: expect.stringContaining('fetchTransport()') });
  });
});
