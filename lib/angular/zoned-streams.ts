import { isPlatformServer } from '@angular/common';
import { inject, NgZone, PLATFORM_ID } from '@angular/core';
import type { HttpContext, HttpRequest } from 'renewal';
import { NEVER, Observable } from 'rxjs';
import { OPEN_ON_SERVER } from './open-on-server';
import { captureZone, observeAcrossZones, outsideAngular } from './zone';

/** How a client of `createApi` runs the streams of `renewal/stream`. */
export interface ObserveStream {
  <T>(source$: Observable<T>, context: HttpContext | undefined): Observable<T>;
  /** The requests of streams, which are no pending tasks: a server may send the head with the first event only. */
  readonly requests: WeakSet<HttpRequest>;
}

/**
 * Returns how streams run, in an injection context: outside Angular's zone, with all reading and all timers. Each
 * subscriber is notified in its own zone. On a server, a stream is not opened unless its context says so.
 */
export const injectObserveStream = (): ObserveStream => {
  const zone = inject(NgZone);
  const isServer = isPlatformServer(inject(PLATFORM_ID));
  const observe$ = <T>(source$: Observable<T>, context: HttpContext | undefined): Observable<T> =>
    isServer && !context?.get(OPEN_ON_SERVER)
      ? NEVER
      : new Observable((subscriber) =>
          // An event may be any value, also one that looks like a response.
          observeAcrossZones(source$, outsideAngular(zone), captureZone(zone), () => false).subscribe(subscriber),
        );
  return Object.assign(observe$, { requests: new WeakSet<HttpRequest>() });
};

/** The option of `createApi` for an {@link ObserveStream}, which is for this entry only. */
export const withObserveStream = (observe$: ObserveStream): object => ({
  [Symbol.for('renewal.observe-stream')]: observe$,
});
