import type { EventSource } from 'eventsource';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openEventSource } from '../../examples/recipes/fetch-eventsource';
import { type ForeignServer, itRenewsOnce, startForeignServer } from '../support/foreign-server';
import type { Answer } from '../support/http-server';

/** One event for each connection, which stays open. It reconnects after 1 ms. */
const serve: Answer = ({ url, headers }, response) => {
  const after = headers['last-event-id'] ?? '0';
  const id = Number(after) + 1;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`retry: 1\nid: ${id}\ndata: ${url} after ${after}\n\n`);
};

const connect = ({ api, origin }: ForeignServer, path = '/events'): EventSource => {
  const source = openEventSource(api, `${origin}${path}`);
  onTestFinished(() => source.close());
  return source;
};

const next = <T = Event>(source: EventSource, type: 'message' | 'error'): Promise<T> =>
  new Promise((resolve) => source.addEventListener(type, (event) => resolve(event as T), { once: true }));

const nextData = async (source: EventSource): Promise<unknown> => (await next<MessageEvent>(source, 'message')).data;

describe('the recipe of eventsource', () => {
  itRenewsOnce(
    serve,
    (server) => (index) => nextData(connect(server, `/events/${index}`)),
    (index) => `/events/${index} after 0`,
  );

  it('reconnects with a newer token after the first one has died', async () => {
    const server = await startForeignServer((request, response, body) => {
      serve(request, response, body);
      server.expire();
      // The second connection stays open.
      if (server.authorizations.length === 1) response.end();
    });
    const source = connect(server);
    expect(await nextData(source)).toBe('/events after 0');
    expect(await nextData(source)).toBe('/events after 1');
    expect(server.authorizations).toEqual(['Bearer ada.access.1', 'Bearer ada.access.1', 'Bearer ada.access.2']);
    expect(server.counts().refreshes).toBe(1);
  });

  it('is closed, and emits code 401, when the session has ended', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const source = connect(server);
    expect(await next(source, 'error')).toMatchObject({ code: 401 });
    expect(source.readyState).toBe(source.CLOSED);
    expect(server.counts()).toMatchObject({ refreshes: 1, rejections: 1 });
  });

  it('is closed when the server rejects the renewed token too', async () => {
    const server = await startForeignServer((_request, response) => {
      response.writeHead(401).end();
    });
    expect(await next(connect(server), 'error')).toMatchObject({ code: 401 });
    expect(server.counts().refreshes).toBe(1);
  });

  it('reconnects after a refresh that has failed for another reason', async () => {
    let failures = 0;
    const server = await startForeignServer(serve, 'HTTP 401', {
      refresh: () => {
        failures++;
        throw new Error('no network');
      },
    });
    server.expire();
    const source = connect(server);
    expect(await next(source, 'error')).toMatchObject({ code: undefined });
    expect({ readyState: source.readyState, failures }).toEqual({ readyState: source.CONNECTING, failures: 1 });
  });

  it('closes the connection by close()', async () => {
    const server = await startForeignServer(serve);
    const source = connect(server);
    await nextData(source);
    source.close();
    await server.aborted();
  });
});
