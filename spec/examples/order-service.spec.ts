import { type ApiError, isApiError, type Session } from 'renewal';
import { firstValueFrom, forkJoin } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrderService } from '../../examples/services/order-service';
import { createShopClient } from '../../examples/shop/client';
import { DEMO_USER } from '../../examples/shop/protocol';
import { createShop, type Shop } from '../../examples/shop/server';

describe('OrderService', () => {
  let shop: Shop;
  let session: Session;
  let service: OrderService;
  let sessionsEnded: number;

  beforeEach(async () => {
    shop = createShop();
    sessionsEnded = 0;
    const client = createShopClient(await shop.listen(), () => sessionsEnded++);
    await client.signIn(DEMO_USER);
    session = client.session;
    service = new OrderService(client.api);
  });

  afterEach(async () => {
    session.destroy();
    await shop.close();
  });

  const errorOf = async (promise: Promise<unknown>): Promise<ApiError> => {
    const error = await promise.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isApiError(error)) return error;
    throw new Error(`an ApiError was expected, not ${error}`);
  };

  it('lists the orders', async () => {
    expect(await firstValueFrom(service.orders$)).toHaveLength(6);
  });

  it('sends a request for each subscription, and none before', async () => {
    expect(shop.counters().hits['/orders']).toBeUndefined();
    await firstValueFrom(service.orders$);
    await firstValueFrom(service.orders$);
    expect(shop.counters().hits['/orders']).toBe(2);
  });

  it('finds one order', async () => {
    expect(await firstValueFrom(service.order$(2))).toMatchObject({ id: 2, item: 'ink' });
  });

  it('passes on the error for an unknown order', async () => {
    expect(await errorOf(firstValueFrom(service.order$(99)))).toMatchObject({ code: 'status', status: 404 });
  });

  it('does not notice a token that expires between two calls', async () => {
    await firstValueFrom(service.orders$);
    shop.expireAccessTokens();
    expect(await firstValueFrom(service.orders$)).toHaveLength(6);
    expect(shop.counters().refreshes).toBe(1);
  });

  it('places an order once, even if its request is sent twice', async () => {
    shop.expireAccessTokens();
    const placed = await firstValueFrom(service.place$({ item: 'quill', quantity: 3 }));
    expect(placed).toEqual({ id: 7, item: 'quill', quantity: 3, placedBy: 'ada' });
    expect(shop.counters()).toMatchObject({ hits: { '/orders': 2 }, refreshes: 1 });
    expect(await firstValueFrom(service.orders$)).toHaveLength(7);
  });

  it('shares one refresh among simultaneous requests', async () => {
    shop.expireAccessTokens();
    const all = forkJoin([service.orders$, service.order$(1), service.place$({ item: 'quill', quantity: 1 })]);
    expect(await firstValueFrom(all)).toHaveLength(3);
    expect(shop.counters()).toMatchObject({ refreshes: 1, expiredResponses: 3, reuseDetected: 0 });
  });

  it('fails with refresh when the refresh has no network, and keeps the session', async () => {
    shop.expireAccessTokens();
    shop.setRenewalMode('offline');
    expect(await errorOf(firstValueFrom(service.orders$))).toMatchObject({ code: 'refresh' });
    expect(session.state).toMatchObject({ status: 'expired' });
    expect(sessionsEnded).toBe(0);
  });

  it('fails with session-expired when the refresh is refused, with one callback', async () => {
    shop.expireAccessTokens();
    shop.setRenewalMode('refused');
    const both = [errorOf(firstValueFrom(service.orders$)), errorOf(firstValueFrom(service.order$(1)))];
    expect((await Promise.all(both)).map(({ code }) => code)).toEqual(['session-expired', 'session-expired']);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    expect(sessionsEnded).toBe(1);
  });
});
