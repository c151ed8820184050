import type { Api } from 'renewal';
import type { Observable } from 'rxjs';
import type { Order, OrderDraft } from '../shop/protocol';

/** The orders of whoever is signed in: a service as an Angular app has it, minus the decorator. */
export class OrderService {
  /**
   * All orders. Cold, so each subscription asks anew. A `shareReplay` here would hand an old list to whoever subscribes
   * after `place$`, and the list of one user to the next; a screen that reads it twice shares it for as long as it is open,
   * with `share()`.
   */
  readonly orders$: Observable<readonly Order[]>;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    this.orders$ = api.get$('/orders');
  }

  order$(id: number): Observable<Order> {
    return this.#api.get$(`/orders/${id}`);
  }

  /** Places an order once for each subscription, and emits it with its number. */
  place$(draft: OrderDraft): Observable<Order> {
    return this.#api.post$('/orders', draft);
  }
}
