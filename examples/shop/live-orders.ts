import type { OrderDraft } from './protocol';

/** What a stream of live orders needs of the shop. */
export interface LiveOrdersOptions {
  /** The time between two orders. */
  readonly intervalMs: number;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

export interface LiveOrders {
  /**
   * An event stream of the orders after one, or from now on. It ends at the next order for which `isAllowed` is false.
   *
   * @param lastEventId - The header of a client that has seen some.
   */
  after(lastEventId: string | undefined, isAllowed: () => boolean): AsyncGenerator<string>;
}

const ITEMS = ['tea', 'ink', 'paper', 'brass gears', 'punched cards', 'lamp oil'];

/** How many missed orders a client gets. */
const MAX_MISSED = 100;

const RETRY_MS = 400;

/** Orders that arrive by the clock, whether a client watches or not: a client that reconnects has missed some. */
export function createLiveOrders({ intervalMs, now, pause }: LiveOrdersOptions): LiveOrders {
  const openedAtMs = now();
  const arrived = (): number => Math.floor((now() - openedAtMs) / intervalMs);

  return {
    after: async function* (lastEventId = '', isAllowed) {
      let last = arrived();
      // An id that is too high is of an earlier run of the shop.
      if (/^\d{1,15}$/.test(lastEventId)) last = Math.max(Math.min(Number(lastEventId), last), last - MAX_MISSED);
      yield `retry: ${RETRY_MS}\n\n`;
      while (isAllowed()) {
        for (const newest = arrived(); last < newest; last++) yield eventOf(last + 1);
        await pause(intervalMs - ((now() - openedAtMs) % intervalMs));
      }
    },
  };
}

function eventOf(id: number): string {
  const order: OrderDraft = { item: ITEMS[id % ITEMS.length] ?? 'tea', quantity: 1 + ((id * 7) % 5) };
  return `id: ${id}\ndata: ${JSON.stringify(order)}\n\n`;
}
