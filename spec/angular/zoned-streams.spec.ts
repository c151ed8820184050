import 'zone.js';
import '@angular/compiler';
import { ApplicationRef, NgZone, PLATFORM_ID } from '@angular/core';
import { fetchTransport, type HttpContext, type HttpResponse } from 'renewal';
import { API, openOnServer, provideApi } from 'renewal/angular';
import { sse$ } from 'renewal/stream';
import { concat, defer, filter, firstValueFrom, ignoreElements, type Observable, of, Subject, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createConnector } from '../../lib/connector';
import { startHttpServer } from '../support/http-server';
import { response } from '../support/virtual';
import { provide, provideZoned } from './support/testbed';
import { recordZones } from './support/zones';

const BROWSER = { provide: PLATFORM_ID, useValue: 'browser' };

/** Lets the promises of Angular settle. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const createHarness = ({ platform = 'browser', isZoned = true } = {}) => {
  const heads: Subject<HttpResponse>[] = [];
  const transport = () =>
    defer(() => {
      const head = new Subject<HttpResponse>();
      heads.push(head);
      return head;
    });
  const provideIn = isZoned ? provideZoned : provide;
  const bed = provideIn({ ...BROWSER, useValue: platform }, provideApi({ transport }));
  const api = bed.inject(API);
  /** A stream of `renewal/stream`, which has its own connector for each subscription. */
  const stream$ = <T>(source$: Observable<T>, context?: HttpContext): Observable<T> =>
    defer(() => createConnector(api).observe$(source$, context));
  /** A stream that sends one request, and then emits as `events$` does. */
  const connected$ = <T>(events$: Observable<T>, context?: HttpContext): Observable<unknown> =>
    defer(() => {
      const connector = createConnector(api);
      return connector.observe$(concat(connector.connect$('GET', 'feed', {}), events$), context);
    });
  return { bed, api, heads, stream$, connected$, zone: bed.inject(NgZone) };
};

describe('a stream over the api of provideApi, in a browser', () => {
  it('works outside of Angular’s zone, and notifies in the zone of its subscriber', async () => {
    const { stream$, zone } = createHarness();
    const works: boolean[] = [];
    const source$ = defer(() => {
      works.push(NgZone.isInAngularZone());
      return concat(
        timer(1),
        defer(() => {
          works.push(NgZone.isInAngularZone());
          return of('last');
        }),
      );
    });
    const inside = zone.run(() => recordZones(stream$(source$)));
    const outside = zone.runOutsideAngular(() => recordZones(stream$(source$)));
    await Promise.all([inside.over, outside.over]);
    expect(works).toEqual([false, false, false, false]);
    expect(inside.isInside).toEqual([true, true, true]);
    expect(outside.isInside).toEqual([false, false, false]);
  });

  it('delivers an error in the zone of its subscriber', async () => {
    const { stream$, zone } = createHarness();
    const source$ = new Subject<never>();
    const log = zone.run(() => recordZones(stream$(source$)));
    zone.runOutsideAngular(() => source$.error(new Error('cut')));
    await log.over;
    expect(log.isInside).toEqual([true]);
  });

  it('goes on after an event that looks like a response', () => {
    const { stream$ } = createHarness();
    const seen: unknown[] = [];
    stream$(of({ type: 'response' }, { type: 'end' })).subscribe({
      next: ({ type }) => seen.push(type),
      complete: () => seen.push('complete'),
    });
    expect(seen).toEqual(['response', 'end', 'complete']);
  });

  it('runs one check for an event, and none for a timer of its work', async () => {
    const { stream$, zone } = createHarness();
    const events$ = new Subject<void>();
    const timer$ = timer(1).pipe(ignoreElements());
    let checks = 0;
    const worked = new Promise<void>((resolve) => {
      const work$ = concat(
        timer$,
        timer$,
        defer(() => {
          resolve();
          return events$;
        }),
      );
      zone.run(() => stream$(work$).subscribe());
    });
    zone.onMicrotaskEmpty.subscribe(() => checks++);
    await worked;
    expect(checks).toBe(0);
    zone.runOutsideAngular(() => events$.next());
    expect(checks).toBe(1);
  });

  it.each([
    ['with zone.js', true],
    ['without zone.js', false],
  ])('keeps no app from becoming stable, at any time: %s', async (_name, isZoned) => {
    const { bed, api, heads, connected$, zone } = createHarness({ isZoned });
    const app = bed.inject(ApplicationRef);
    const states: boolean[] = [];
    const look = async () => {
      await settle();
      zone.runOutsideAngular(() => app.isStable.subscribe((isStable) => states.push(isStable)).unsubscribe());
    };
    const subscription = zone.run(() => connected$(timer(60_000)).subscribe());
    // Connecting, and open.
    await look();
    zone.runOutsideAngular(() => heads[0]?.next(response(200)));
    zone.runOutsideAngular(() => heads[0]?.complete());
    await look();
    expect(states).toEqual([true, true]);
    subscription.unsubscribe();
    // A plain request is a pending task.
    zone.run(() => api.get$('orders').subscribe());
    await look();
    expect(states).toEqual([true, true, false]);
  });
});

describe.each([
  ['with zone.js', true],
  ['without zone.js', false],
])('an event stream of a server, in an app %s', (_name, isZoned) => {
  it('leaves the app stable while it is open, and while it waits to reconnect', async () => {
    const server = await startHttpServer();
    const close = new Subject<void>();
    server.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 60000\ndata: 1\n\n');
      close.subscribe(() => response.end());
    };
    const provideIn = isZoned ? provideZoned : provide;
    const bed = provideIn(BROWSER, provideApi({ baseUrl: server.origin, transport: fetchTransport() }));
    const [api, zone, app] = [bed.inject(API), bed.inject(NgZone), bed.inject(ApplicationRef)];
    const zones: boolean[] = [];
    const happens = (phase: string) =>
      zone.runOutsideAngular(() =>
        firstValueFrom(api.events$.pipe(filter((event) => event.type === 'stream' && event.phase === phase))),
      );
    const waits = happens('reconnecting');
    const delivered = happens('events');
    const subscription = zone.run(() => sse$(api, 'feed').subscribe(() => zones.push(NgZone.isInAngularZone())));
    await delivered;
    await settle();
    expect(zone.hasPendingMacrotasks).toBe(false);
    await app.whenStable();
    zone.runOutsideAngular(() => close.next());
    await waits;
    await settle();
    expect(zone.hasPendingMacrotasks).toBe(false);
    await app.whenStable();
    subscription.unsubscribe();
    expect(zones).toEqual([isZoned]);
    await server.close();
  });
});

describe('a stream over the api of provideApi, on a server', () => {
  it.each([
    ['provideApi', (harness: ReturnType<typeof createHarness>) => harness.api],
    ['extend', (harness: ReturnType<typeof createHarness>) => harness.api.extend({ headers: { 'x-app': 'shop' } })],
  ])('sends nothing, and neither emits nor ends: %s', (_name, apiOf) => {
    const harness = createHarness({ platform: 'server' });
    const connector = createConnector(apiOf(harness));
    const notify = vi.fn();
    connector
      .observe$(connector.connect$('GET', 'feed', {}), undefined)
      .subscribe({ next: notify, error: notify, complete: notify });
    expect(harness.heads).toEqual([]);
    expect(notify).not.toHaveBeenCalled();
  });

  it('is opened there by openOnServer()', () => {
    const { heads, connected$ } = createHarness({ platform: 'server' });
    connected$(of('event'), openOnServer()).subscribe();
    expect(heads).toHaveLength(1);
  });

  it('leaves other requests as they are', () => {
    const { api, heads } = createHarness({ platform: 'server' });
    const bodies: unknown[] = [];
    api.get$('orders').subscribe((body) => bodies.push(body));
    api.get$('file', { responseType: 'stream' }).subscribe({ error: () => {} });
    createConnector(api)
      .connect$('GET', 'fetched', {})
      .subscribe({ error: () => {} });
    expect(heads).toHaveLength(3);
    heads[0]?.next(response(200, 'all'));
    expect(bodies).toEqual(['all']);
  });
});
