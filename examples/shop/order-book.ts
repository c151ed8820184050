import type { Order, OrderDraft } from './protocol';

/** The orders of the shop, in memory. */
export interface OrderBook {
  all(): readonly Order[];
  find(id: string): Order | undefined;
  place(draft: OrderDraft, placedBy: string): Order;
}

const SEED = ['tea', 'ink', 'paper', 'brass gears', 'punched cards', 'lamp oil'];

export function createOrderBook(): OrderBook {
  const orders: Order[] = SEED.map((item, index) => ({ id: index + 1, item, quantity: 1 + index, placedBy: 'ada' }));
  return {
    all: () => orders,
    find: (id) => orders.find((order) => String(order.id) === id),
    place: ({ item, quantity }, placedBy) => {
      const order = { id: orders.length + 1, item, quantity, placedBy };
      orders.push(order);
      return order;
    },
  };
}
