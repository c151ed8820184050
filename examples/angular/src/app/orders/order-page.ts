import { Component, inject, signal } from '@angular/core';
import { apiResource } from 'renewal/angular';
import { forkJoin } from 'rxjs';
import type { Order } from '../../../../shop/protocol';
import { toText } from '../to-text';
import { OrderService } from './order-service';

const STORM = 20;
const MEGABYTE = 2 ** 20;

@Component({
  selector: 'app-order-page',
  template: `
    <h1>Orders</h1>
    <p class="buttons">
      <button type="button" id="place" class="primary" (click)="place()">Place an order</button>
      <button type="button" id="expire" (click)="expire()">Expire the token</button>
      <button type="button" id="storm" (click)="storm()">Send {{ many }} requests at once</button>
    </p>
    @if (orders.error(); as error) {
      <p role="alert">{{ toText(error) }}</p>
    } @else {
      <ul id="orders" class="card" [attr.aria-busy]="orders.isLoading()">
        @for (order of orders.value(); track order.id) {
          <li>
            <span>{{ order.quantity }} × {{ order.item }}</span>
            <button type="button" class="attach" (click)="attach(order)">
              Attach a receipt<span class="hidden"> to {{ order.item }}</span>
            </button>
          </li>
        } @empty {
          <li>{{ orders.isLoading() ? 'Loading …' : 'There are no orders yet.' }}</li>
        }
      </ul>
    }
    @if (uploaded() !== undefined) {
      <progress aria-label="Upload of the receipt" max="1" [value]="uploaded()"></progress>
    }
    <p id="status-text" role="status">{{ statusText() }}</p>
    <p id="error" role="alert">{{ error() }}</p>
  `,
})
export class OrderPage {
  readonly #service = inject(OrderService);
  protected readonly many = STORM;
  protected readonly toText = toText;
  protected readonly orders = apiResource<readonly Order[]>(() => 'orders', { defaultValue: [] });
  protected readonly statusText = signal('');
  protected readonly error = signal('');
  /** The fraction of a receipt that has been sent; `undefined` without an upload. */
  protected readonly uploaded = signal<number | undefined>(undefined);

  protected place(): void {
    this.#service
      .place$({ item: 'difference engine', quantity: 1 })
      .subscribe({ next: () => this.orders.reload(), error: this.#fail });
  }

  protected expire(): void {
    this.#service.expire$().subscribe({ next: () => this.#showStatus('The token has expired.'), error: this.#fail });
  }

  protected storm(): void {
    forkJoin(Array.from({ length: STORM }, () => this.#service.orders$)).subscribe({
      next: (all) => this.#showStatus(`${all.length} responses`),
      error: this.#fail,
    });
  }

  protected attach({ id }: Order): void {
    this.#showStatus('');
    this.uploaded.set(0);
    this.#service.attach$(id, new Blob([new Uint8Array(4 * MEGABYTE)])).subscribe({
      next: (event) => {
        if (event.type === 'upload') this.uploaded.set(event.loaded / (event.total ?? 4 * MEGABYTE));
        if (event.type === 'response') this.#showStatus(`The shop received ${event.body.bytes / MEGABYTE} MB.`);
      },
      error: this.#fail,
    });
  }

  #showStatus(text: string): void {
    this.statusText.set(text);
    this.error.set('');
    this.uploaded.set(undefined);
  }

  readonly #fail = (error: unknown): void => {
    this.#showStatus('');
    this.error.set(toText(error));
  };
}
