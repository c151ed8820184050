import '@angular/compiler';
import { ApplicationRef, InjectionToken, Injector, signal } from '@angular/core';
import type { TestBed } from '@angular/core/testing';
import type { HttpRequest, HttpResponse, StandardSchemaV1 } from 'renewal';
import { type ApiName, apiResource, provideApi, withName } from 'renewal/angular';
import { Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { response } from '../support/virtual';
import { provide } from './support/testbed';

/** A request in flight. */
interface Out {
  readonly request: HttpRequest;
  readonly response: Subject<HttpResponse>;
  isTakenBack: boolean;
}

const createHarness = () => {
  const out: Out[] = [];
  const transport = (request: HttpRequest) =>
    new Observable<HttpResponse>((subscriber) => {
      const each: Out = { request, response: new Subject(), isTakenBack: false };
      out.push(each);
      subscriber.add(each.response.subscribe(subscriber));
      subscriber.add(() => {
        each.isTakenBack = true;
      });
    });
  const bed = provide(provideApi({ transport }));
  const newest = () => {
    const each = out.at(-1);
    if (!each) throw new Error('nothing is out');
    return each;
  };
  return { bed, out, newest, transport };
};

/** Lets Angular run its scheduled effects. */
const settle = (bed: TestBed): Promise<void> => {
  bed.tick();
  return new Promise((resolve) => setImmediate(() => resolve(bed.tick())));
};

describe('apiResource', () => {
  it('loads, and holds the response', async () => {
    const { bed, newest } = createHarness();
    const orders = bed.runInInjectionContext(() => apiResource<number[]>(() => 'orders', { defaultValue: [] }));
    expect([orders.value(), orders.isLoading()]).toEqual([[], true]);
    await settle(bed);
    expect(newest().request).toMatchObject({ method: 'GET', url: 'http://shop.test/app/orders' });
    newest().response.next(response(200, [1]));
    await settle(bed);
    expect([orders.value(), orders.isLoading(), orders.status()]).toEqual([[1], false, 'resolved']);
  });

  it('sends a new request when a signal changes, and cancels the previous one', async () => {
    const { bed, out, newest } = createHarness();
    const page = signal(1);
    const orders = bed.runInInjectionContext(() =>
      apiResource<number[]>(() => ({ url: 'orders', params: { page: page() } })),
    );
    await settle(bed);
    page.set(2);
    await settle(bed);
    expect(out.map(({ request, isTakenBack }) => [request.url.slice(-6), isTakenBack])).toEqual([
      ['page=1', true],
      ['page=2', false],
    ]);
    newest().response.next(response(200, [2]));
    await settle(bed);
    expect(orders.value()).toEqual([2]);
  });

  it('is idle while the request is undefined', async () => {
    const { bed, out } = createHarness();
    const id = signal<number | undefined>(undefined);
    const order = bed.runInInjectionContext(() => apiResource(() => (id() ? `orders/${id()}` : undefined)));
    await settle(bed);
    expect([out.length, order.status(), order.value()]).toEqual([0, 'idle', undefined]);
    id.set(7);
    await settle(bed);
    expect(out).toHaveLength(1);
  });

  it('holds an error of renewal, and reloads', async () => {
    const { bed, newest, out } = createHarness();
    const orders = bed.runInInjectionContext(() => apiResource(() => 'orders'));
    await settle(bed);
    newest().response.next(response(404));
    await settle(bed);
    expect([orders.status(), orders.error()]).toMatchObject(['error', { code: 'status', status: 404 }]);
    expect(orders.reload()).toBe(true);
    await settle(bed);
    expect([out.length, orders.status()]).toEqual([2, 'reloading']);
    newest().response.next(response(200, 'found'));
    await settle(bed);
    expect([orders.value(), orders.error()]).toEqual(['found', undefined]);
  });

  it('cancels its request when it is destroyed', async () => {
    const { bed, newest } = createHarness();
    const orders = bed.runInInjectionContext(() => apiResource(() => 'orders'));
    await settle(bed);
    orders.destroy();
    expect(newest().isTakenBack).toBe(true);
  });

  it('keeps the app unstable while it loads', async () => {
    const { bed, newest } = createHarness();
    bed.runInInjectionContext(() => apiResource(() => 'orders'));
    await settle(bed);
    let isStable = false;
    const stable = bed
      .inject(ApplicationRef)
      .whenStable()
      .then(() => {
        isStable = true;
      });
    await settle(bed);
    expect(isStable).toBe(false);
    newest().response.next(response(200));
    await stable;
  });

  it('uses the given api and injector', async () => {
    const BILLING: ApiName = new InjectionToken('billing');
    const { transport, out } = createHarness();
    const bed = provide(provideApi({ transport, baseUrl: '/billing/' }, withName(BILLING)));
    apiResource(() => 'invoices', { api: BILLING, injector: bed.inject(Injector) });
    await settle(bed);
    expect(out[0]?.request.url).toBe('http://shop.test/billing/invoices');
  });

  it('has the type and the value of the schema', async () => {
    const { bed, newest } = createHarness();
    const schema: StandardSchemaV1<unknown, Date> = {
      '~standard': { version: 1, vendor: 'spec', validate: (value) => ({ value: new Date(String(value)) }) },
    };
    const placed = bed.runInInjectionContext(() => apiResource(() => ({ url: 'placed', schema })));
    await settle(bed);
    newest().response.next(response(200, '2026-01-01'));
    await settle(bed);
    const year: number | undefined = placed.value()?.getUTCFullYear();
    expect(year).toBe(2026);
  });
});
