import type { Api } from 'renewal';
import type { Observable } from 'rxjs';
import type { Order, OrderDraft } from '../shop/protocol';

/** The orders of the signed-in user: a service as in an Angular app, without the decorator. */
export class OrderService {
  /**
   * All orders. Cold: each subscription sends a request. Do not add `shareReplay`: a subscriber after `place$` would
   * get an old list, and the next user the list of the last one. A screen that reads it twice shares it with `share()`.
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
