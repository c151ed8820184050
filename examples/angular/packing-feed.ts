import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Parcel } from './src/app/packing/parcel';

const ITEMS = ['tea', 'ink', 'paper', 'brass gears', 'punched cards', 'lamp oil'];

export interface PackingFeedOptions {
  /** @defaultValue a second */
  readonly intervalMs?: number;
  /** The pause before a client reconnects, which the feed suggests. @defaultValue half a second */
  readonly retryMs?: number;
}

export interface PackingFeed {
  /** Responds with the events after `Last-Event-ID`, and then with each new one. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Cuts all streams, as a server does when their tokens expire. */
  cut(): void;
}

/**
 * A feed of parcels: one is packed in each interval. The shop decides about the token of a request; its response to an
 * expired one is passed on.
 */
export const createPackingFeed = (
  shopUrl: string,
  { intervalMs = 1_000, retryMs = 500 }: PackingFeedOptions = {},
): PackingFeed => {
  const startedAtMs = Date.now();
  const open = new Set<ServerResponse>();

  const packedSoFar = (): number => Math.floor((Date.now() - startedAtMs) / intervalMs);

  const stream = (response: ServerResponse, lastEventId: number): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`retry: ${retryMs}\n\n`);
    let sent = lastEventId;
    const sendNew = () => {
      while (sent < packedSoFar()) {
        const parcel: Parcel = { packed: ++sent, item: `${ITEMS[sent % ITEMS.length]}` };
        response.write(`id: ${sent}\ndata: ${JSON.stringify(parcel)}\n\n`);
      }
    };
    sendNew();
    const timer = setInterval(sendNew, intervalMs / 4);
    open.add(response);
    response.on('close', () => {
      clearInterval(timer);
      open.delete(response);
    });
  };

  return {
    handle: async ({ headers }, response) => {
      const { authorization = '', 'last-event-id': lastEventId } = headers;
      const user = await fetch(`${shopUrl}/me`, { headers: { authorization } });
      const body: { readonly code: number } = JSON.parse(await user.text());
      // The client may have closed the connection.
      if (response.destroyed) return;
      if (body.code === 0) stream(response, Number(lastEventId ?? packedSoFar()));
      else response.writeHead(user.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    },
    cut: () => {
      for (const response of open) response.end();
    },
  };
};
