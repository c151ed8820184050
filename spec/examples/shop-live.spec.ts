import { fetchTransport, memoryStore } from 'renewal';
import { sse$ } from 'renewal/stream';
import { lastValueFrom, take, tap, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createShopClient } from '../../examples/shop/client';
import { DEMO_USER, type OrderDraft } from '../../examples/shop/protocol';
import { createShop, type Shop, type ShopOptions } from '../../examples/shop/server';

// An order each five milliseconds of a clock that the test sets.
const INTERVAL_MS = 5;

describe('the live orders of the example shop', () => {
  let shop: Shop;
  let url: string;
  let orders: number;

  const open = async (options: ShopOptions = {}): Promise<string> => {
    orders = 0;
    shop = createShop({ liveMs: INTERVAL_MS, now: () => orders * INTERVAL_MS, tokenLifeMs: Infinity, ...options });
    url = await shop.listen();
    const response = await fetch(`${url}/app/login`, { method: 'POST', body: JSON.stringify(DEMO_USER) });
    return (await response.json()).data.token;
  };
  const watch = (token: string, lastEventId?: string): Promise<Response> =>
    fetch(`${url}/orders/live`, {
      headers: { authorization: `Bearer ${token}`, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    });

  /** The ids of the events of a response: as many as `count`, or all up to its end. */
  const idsOf = async ({ body }: Response, count = Infinity): Promise<number[]> => {
    let text = '';
    const ids = (): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    while (ids().length < count) {
      const { done = true, value } = (await reader?.read()) ?? {};
      if (done) break;
      text += value;
    }
    await reader?.cancel();
    return ids();
  };
  /** Lets a response end, and returns its ids. */
  const endOf = (response: Response): Promise<number[]> => {
    shop.expireAccessTokens();
    return idsOf(response);
  };

  afterEach(() => shop.close());

  it('are an event stream of orders from now on, numbered by their ids', async () => {
    const token = await open();
    orders = 7;
    const response = await watch(token);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    orders = 10;
    expect(await idsOf(response, 3)).toEqual([8, 9, 10]);
  });

  it('continue after the id that a client has seen, without a gap', async () => {
    const token = await open();
    orders = 9;
    expect(await idsOf(await watch(token, '4'), 5)).toEqual([5, 6, 7, 8, 9]);
  });

  it('keep a hundred missed orders', async () => {
    const token = await open();
    orders = 500;
    const ids = await idsOf(await watch(token, '4'), 100);
    expect([ids.length, ids[0]]).toEqual([100, 401]);
  });

  it.each(['', 'x', '-1', '1e3', '9'.repeat(15)])('begin with the next order for the id %j', async (id) => {
    const token = await open();
    orders = 5;
    const response = await watch(token, id);
    orders = 6;
    expect(await idsOf(response, 1)).toEqual([6]);
  });

  it('end when the token expires, and need a valid one', async () => {
    const token = await open({ expiredAs: 'status' });
    const response = await watch(token);
    orders = 2;
    expect((await endOf(response)).length).toBeLessThanOrEqual(2);
    const refused = await watch(token);
    expect([refused.status, (await refused.json()).code]).toEqual([401, 1002]);
  });

  it('are cut when the shop closes', async () => {
    const response = await watch(await open());
    const cut = expect(idsOf(response)).rejects.toThrow();
    await shop.close();
    await cut;
  });

  it('can only be read', async () => {
    await open();
    const response = await fetch(`${url}/orders/live`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it.each(['code', 'status'] as const)('lose no order to sse$ while tokens die, as a %s', async (expiredAs) => {
    await open({ expiredAs, now: Date.now });
    const client = createShopClient(url, () => {}, memoryStore(), fetchTransport());
    await client.signIn(DEMO_USER);
    let seen = 0;
    const events = await lastValueFrom(
      sse$<OrderDraft>(client.api, '/orders/live', { parse: 'json', reconnect: { maxDelayMs: 20 } }).pipe(
        tap(() => {
          if (++seen === 10 || seen === 30) shop.expireAccessTokens();
        }),
        take(60),
        toArray(),
      ),
    );
    const [first = 0, ...others] = events.map(({ id }) => Number(id));
    expect(others).toEqual(others.map((_, index) => first + 1 + index));
    expect(events[0]?.data).toEqual({ item: expect.any(String), quantity: expect.any(Number) });
    expect(shop.counters()).toMatchObject({ refreshes: 2, expiredResponses: 2, reuseDetected: 0 });
    client.session.destroy();
  });
});
