import type { Api } from 'renewal';
import { type ServerSentEvent, sse$ } from 'renewal/stream';
import { map, type Observable, scan, shareReplay } from 'rxjs';

export interface Order {
  readonly id: string;
  readonly status: string;
}

type Orders = ReadonlyMap<string, Order>;

/** The event `order` is a new or changed order; the event `removed` is an order that is gone. */
const apply = (orders: Orders, { event, data }: ServerSentEvent<Order>): Orders => {
  const changed = new Map(orders).set(data.id, data);
  if (event === 'removed') changed.delete(data.id);
  return changed;
};

/**
 * Emits the list after each change. Each event has an id: after a cut, the server continues behind `Last-Event-ID`. To
 * a connection without one, it sends each order first. All subscribers share one connection; the last one closes it.
 */
export const createOrders$ = (api: Api): Observable<readonly Order[]> =>
  sse$<Order>(api, '/orders/changes', { parse: 'json' }).pipe(
    scan(apply, new Map()),
    map((orders) => [...orders.values()]),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
