import { Injectable } from '@angular/core';
import type { HttpEvent } from 'renewal';
import { injectApi } from 'renewal/angular';
import type { Observable } from 'rxjs';
import type { Order, OrderDraft } from '../../../../shop/protocol';

/** The response of the shop to a receipt. */
export interface Receipt {
  readonly bytes: number;
}

/** The orders of the signed-in user. */
@Injectable({ providedIn: 'root' })
export class OrderService {
  readonly #api = injectApi();

  /** All orders. Cold: each subscription sends a request. */
  readonly orders$: Observable<readonly Order[]> = this.#api.get$('orders');

  order$(id: number): Observable<Order> {
    return this.#api.get$(`orders/${id}`);
  }

  place$(draft: OrderDraft): Observable<Order> {
    return this.#api.post$('orders', draft);
  }

  /** Emits the progress, which restarts if the token expires during the upload, and then the response of the shop. */
  attach$(id: number, receipt: Blob): Observable<HttpEvent<Receipt>> {
    return this.#api.request$('POST', `orders/${id}/receipt`, { body: receipt, reportProgress: true });
  }

  /** Makes the shop expire all access tokens. This route is not part of the api and needs no session. */
  expire$(): Observable<null> {
    return this.#api.post$('../shop/expire', null, { auth: false });
  }
}
