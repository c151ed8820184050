import { Component, inject } from '@angular/core';
import { apiStream } from 'renewal/angular';
import { OrderService } from '../orders/order-service';
import { toText } from '../to-text';
import type { Parcel } from './parcel';

@Component({
  selector: 'app-packing-page',
  template: `
    <h1>Packing</h1>
    <p>
      The shop reports each parcel by a stream. When the token expires, the shop cuts the stream. The stream reconnects with
      the next token, and continues after the last event.
    </p>
    <p class="buttons">
      <button type="button" id="expire" class="primary" (click)="expire()">Expire the token</button>
      <button type="button" id="reopen" (click)="parcels.reload()">Open the stream again</button>
    </p>
    @if (parcels.error(); as error) {
      <p id="error" role="alert">{{ toText(error) }}</p>
    } @else {
      <p id="packed" class="card parcel" [attr.aria-busy]="parcels.isLoading()">
        @if (parcels.value(); as event) {
          <span><strong>{{ event.data.packed }}</strong> parcels are packed.</span>
          <span>The newest one: {{ event.data.item }}</span>
        } @else {
          Waiting for the next parcel …
        }
      </p>
    }
  `,
})
export class PackingPage {
  readonly #orders = inject(OrderService);
  protected readonly toText = toText;
  protected readonly parcels = apiStream<Parcel>(() => ({ url: 'packing', parse: 'json' }));

  protected expire(): void {
    this.#orders.expire$().subscribe();
  }
}
