import { isApiError } from 'renewal';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createOrders$, type Order } from '../../examples/recipes/live-orders';
import { seededRandom, startForeignServer } from '../support/foreign-server';
import type { Answer } from '../support/http-server';

/** A change of an order, as the server sends it. */
interface Change {
  readonly event: string;
  readonly order: Order;
}

const changeOf = (number: number): Change => ({
  event: number % 7 === 0 ? 'removed' : 'order',
  order: { id: `o${number % 5}`, status: `step ${number}` },
});

const textOf = (id: number, { event, order }: Change): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(order)}\n\n`;

/** The list after each of the first `count` changes. */
const listsOf = (count: number): Order[][] => {
  const orders = new Map<string, Order>();
  return Array.from({ length: count }, (_, index) => {
    const { event, order } = changeOf(index + 1);
    if (event === 'removed') orders.delete(order.id);
    else orders.set(order.id, order);
    return [...orders.values()];
  });
};

/** Sends the changes behind `Last-Event-ID`, up to `count`. The connection breaks after `limit` bytes. */
const serveChanges =
  (count: number, limit = () => Number.POSITIVE_INFINITY, onBreak = () => {}): Answer =>
  ({ headers }, response) => {
    const after = Number(headers['last-event-id'] ?? 0);
    const changes = Array.from({ length: count - after }, (_, index) => after + index + 1);
    const bytes = Buffer.from(`retry: 1\n\n${changes.map((id) => textOf(id, changeOf(id))).join('')}`);
    const end = limit();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(bytes.subarray(0, end), () => {
      if (end >= bytes.length) return;
      onBreak();
      response.destroy();
    });
  };

describe('the recipe of a live order list', () => {
  it('loses and doubles no change while the server cuts and tokens die', async () => {
    const COUNT = 500;
    const random = seededRandom(15_000_000);
    let [cuts, deaths] = [0, 0];
    const server = await startForeignServer(
      serveChanges(
        COUNT,
        () => 10 + Math.floor(random() * 1_000), // up to 16 changes
        () => {
          if (++cuts % 3 > 0) return;
          deaths++;
          server.expire();
        },
      ),
    );
    const lists = await firstValueFrom(createOrders$(server.api).pipe(take(COUNT), toArray()));
    expect(lists).toEqual(listsOf(COUNT));
    expect(cuts).toBeGreaterThan(30);
    expect(server.counts()).toEqual({ refreshes: deaths, reuses: 0, rejections: deaths });
  }, 30_000);

  it('has one connection for all subscribers, which the last one closes', async () => {
    const server = await startForeignServer(serveChanges(3));
    const orders$ = createOrders$(server.api);
    const isWhole = filter((orders: readonly Order[]) => orders.length === 3);
    const first = orders$.subscribe();
    await firstValueFrom(orders$.pipe(isWhole));
    const late = await firstValueFrom(orders$);
    expect(late).toEqual(listsOf(3).at(-1));
    expect(server.authorizations).toHaveLength(1);
    first.unsubscribe();
    await server.aborted();
  });

  it('errors at a sign-out, and begins with the next sign-in', async () => {
    const server = await startForeignServer(serveChanges(3));
    const orders$ = createOrders$(server.api);
    const error = await orders$.forEach(() => void server.session.signOut()).catch((error: unknown) => error);
    expect(isApiError(error, 'signed-out')).toBe(true);
    await server.session.signIn({ accessToken: 'ada.access.1' });
    expect(await firstValueFrom(orders$)).toEqual(listsOf(1).at(-1));
  });
});
