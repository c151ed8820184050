import { type Api, isApiError } from 'renewal';
import { type ServerSentEvent, sse$ } from 'renewal/stream';
import { fromEvent, Subscription, scan } from 'rxjs';
import type { OrderDraft } from '../protocol';
import { pageElement, setText } from './page-element';
import { LIVE_END_TEXTS, liveCountTextOf, liveOrderTextOf } from './texts';

/** The orders that a stream has brought so far. */
export interface LiveOrders {
  readonly newest: OrderDraft;
  readonly firstId: number;
  readonly lastId: number;
  readonly count: number;
}

export interface LiveView {
  readonly isOpen: boolean;
}

/**
 * Opens and closes the stream of live orders with its button, and shows the newest order.
 *
 * @param onToggle - Called when the user has opened or closed it.
 */
export function showLiveOrders(api: Api, onToggle: (isOpen: boolean) => void): LiveView {
  const button = pageElement('watch', HTMLButtonElement);
  const [order, count] = [pageElement('live-order', HTMLElement), pageElement('live-count', HTMLElement)];
  let stream: Subscription | undefined;

  const show = (first: string, second: string): void => {
    button.ariaPressed = `${stream !== undefined}`;
    setText(order, first);
    setText(count, second);
  };
  const close = (reason: string): void => {
    stream?.unsubscribe();
    stream = undefined;
    show('Closed.', reason);
  };
  const open = (): void => {
    stream = new Subscription();
    show('Opening …', '');
    stream.add(
      sse$<OrderDraft>(api, '/orders/live', { parse: 'json' })
        .pipe(scan(addOrder, undefined))
        .subscribe({
          next: (orders) => orders && show(liveOrderTextOf(orders), liveCountTextOf(orders)),
          error: (error: unknown) => close(endTextOf(error)),
        }),
    );
  };

  fromEvent(button, 'click').subscribe(() => {
    if (stream) close(count.textContent ?? '');
    else open();
    onToggle(stream !== undefined);
  });
  return {
    get isOpen() {
      return stream !== undefined;
    },
  };
}

function addOrder(orders: LiveOrders | undefined, { data, id }: ServerSentEvent<OrderDraft>): LiveOrders {
  const lastId = Number(id);
  const { firstId = lastId, count = 0 } = orders ?? {};
  return { newest: data, firstId, lastId, count: count + 1 };
}

function endTextOf(error: unknown): string {
  return (isApiError(error) && LIVE_END_TEXTS[error.code]) || 'The stream failed.';
}
