import { HttpContext, HttpContextToken } from 'renewal';

/** Whether a stream is opened on a server too. */
export const OPEN_ON_SERVER = new HttpContextToken<boolean>(() => false);

/**
 * Opens a stream of `renewal/stream` on a server too. Without it, `sse$` and `ndjson$` over an api of `provideApi` send
 * nothing there, and neither emit nor end. Rendering does not wait for a stream: add `pendingUntilEvent()` of
 * `@angular/core/rxjs-interop` for that.
 *
 * @param context - The context to extend. @defaultValue a new one
 * @example
 * ```ts
 * import { pendingUntilEvent, toSignal } from '@angular/core/rxjs-interop';
 * import { injectApi, openOnServer } from 'renewal/angular';
 * import { ndjson$ } from 'renewal/stream';
 * import { toArray } from 'rxjs';
 *
 * class OrderPage {
 *   readonly orders = toSignal(
 *     ndjson$<Order>(injectApi(), 'orders', { context: openOnServer() }).pipe(toArray(), pendingUntilEvent()),
 *   );
 * }
 * ```
 */
export const openOnServer = (context: HttpContext = new HttpContext()): HttpContext =>
  context.set(OPEN_ON_SERVER, true);
