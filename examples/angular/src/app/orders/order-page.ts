import { Component, computed, inject, signal } from '@angular/core';
import { apiResource } from 'renewal/angular';
import { forkJoin } from 'rxjs';
import type { Order } from '../../../../shop/protocol';
import { OrderService } from './order-service';

const STORM = 20;
const RECEIPT_BYTES = 4 * 1024 * 1024;

@Component({
  selector: 'app-order-page',
  template: `
    <h1>Orders</h1>
    @if (orders.isLoading()) {
      <p>Loading</p>
    }
    @if (orders.error(); as error) {
      <p id="error">{{ error.message }}</p>
    } @else {
      <ul id="orders">
        @for (order of orders.value(); track order.id) {
          <li>
            {{ order.quantity }} × {{ order.item }}
            <button type="button" class="attach" (click)="attach(order)">Attach a receipt</button>
          </li>
        }
      </ul>
    }
    <p>
      <button type="button" id="place" (click)="place()">Place an order</button>
      <button type="button" id="storm" (click)="storm()">Ask many times at once</button>
    </p>
    <p id="answers">{{ answers() }}</p>
    <progress [value]="uploaded()" max="1"></progress>
    <p id="receipt">{{ receipt() }}</p>
  `,
})
export class OrderPage {
  readonly #service = inject(OrderService);
  protected readonly orders = apiResource<readonly Order[]>(() => 'orders', { defaultValue: [] });
  protected readonly answers = signal('');
  protected readonly uploaded = signal(0);
  protected readonly receipt = computed(() => (this.#bytes() ? `${this.#bytes()} bytes` : ''));
  readonly #bytes = signal(0);

  protected place(): void {
    this.#service
      .place$({ item: 'difference engine', quantity: 1 })
      .subscribe({ next: () => this.orders.reload(), error: (error) => this.#fail(error) });
  }

  protected storm(): void {
    forkJoin(Array.from({ length: STORM }, () => this.#service.orders$)).subscribe({
      next: (all) => this.answers.set(`${all.length} answers`),
      error: (error) => this.#fail(error),
    });
  }

  protected attach({ id }: Order): void {
    this.#bytes.set(0);
    this.#service.attach$(id, new Blob([new Uint8Array(RECEIPT_BYTES)])).subscribe({
      next: (event) => {
        if (event.type === 'upload') this.uploaded.set(event.loaded / (event.total ?? RECEIPT_BYTES));
        if (event.type === 'response') this.#bytes.set(event.body.bytes);
      },
      error: (error) => this.#fail(error),
    });
  }

  #fail(error: Error): void {
    this.answers.set(error.message);
  }
}
