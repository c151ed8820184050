import { concatMap, lastValueFrom, tap } from 'rxjs';
import { createShopClient } from '../shop/client';
import { DEMO_USER } from '../shop/protocol';
import { createShop } from '../shop/server';
import { OrderService } from './order-service';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  const shop = createShop();
  try {
    const { api, session, signIn } = createShopClient(await shop.listen(), () => print('the session has ended'));
    await signIn(DEMO_USER);
    const service = new OrderService(api);

    shop.expireAccessTokens();
    print('the access token has expired; the service does not know');
    const placed$ = service.place$({ item: 'difference engine', quantity: 1 }).pipe(
      tap((order) => print(`placed order ${order.id}: ${order.quantity} x ${order.item}`)),
      concatMap(() => service.orders$),
    );
    const orders = await lastValueFrom(placed$);
    print(`${orders.length} orders, ${shop.counters().refreshes} refresh`);
    session.destroy();
  } finally {
    await shop.close();
  }
}

await main();
