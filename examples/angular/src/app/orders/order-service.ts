import { Injectable } from '@angular/core';
import type { HttpEvent } from 'renewal';
import { injectApi } from 'renewal/angular';
import type { Observable } from 'rxjs';
import type { Order, OrderDraft } from '../../../../shop/protocol';

/** What the shop says of a receipt that it has been given. */
export interface Receipt {
  readonly bytes: number;
}

/** The orders of whoever is signed in. */
@Injectable({ providedIn: 'root' })
export class OrderService {
  readonly #api = injectApi();

  /** All orders. Cold, so each subscription asks anew. */
  readonly orders$: Observable<readonly Order[]> = this.#api.get$('orders');

  order$(id: number): Observable<Order> {
    return this.#api.get$(`orders/${id}`);
  }

  place$(draft: OrderDraft): Observable<Order> {
    return this.#api.post$('orders', draft);
  }

  /** Progress first, which begins anew where the token dies meanwhile; the shop's answer last. */
  attach$(id: number, receipt: Blob): Observable<HttpEvent<Receipt>> {
    return this.#api.request$('POST', `orders/${id}/receipt`, { body: receipt, reportProgress: true });
  }

  /** Has the shop take no access token of now any more. Not of the api, and not for the session. */
  expire$(): Observable<null> {
    return this.#api.post$('../shop/expire', null, { auth: false });
  }
}
