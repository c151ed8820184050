import { isPlatformServer } from '@angular/common';
import {
  computed,
  effect,
  Injector,
  inject,
  PendingTasks,
  PLATFORM_ID,
  type ResourceRef,
  type Signal,
} from '@angular/core';
import { rxResource } from '@angular/core/rxjs-interop';
import { HttpContext } from 'renewal';
import { type ServerSentEvent, type StreamOptions, sse$ } from 'renewal/stream';
import { defaultIfEmpty, Observable, takeUntil } from 'rxjs';
import type { ApiResourceOptions } from './api-resource';
import { openOnServer } from './open-on-server';
import { PROVIDED_API } from './provided-api';

/** The request of an {@link apiStream}: a url, or the options of a stream with its url. */
export type ApiStreamRequest<T> = string | (StreamOptions<T> & { readonly url: string | URL });

/** Options of {@link apiStream}. */
export interface ApiStreamOptions<T> extends ApiResourceOptions<ServerSentEvent<T>> {
  /** Whether a server opens the stream, and waits for its first event before it sends the page. @defaultValue false */
  readonly openOnServer?: boolean;
}

/** The tasks of a resource that keeps no app from becoming stable. */
const NO_TASKS: Pick<PendingTasks, 'add'> = { add: () => () => {} };

/** The injector with {@link NO_TASKS}. It is not a child injector, which would have its own `DestroyRef`. */
const withoutTasks = (injector: Injector): Injector => ({
  // The overloads of `get` differ only in its result.
  get: (...args: Parameters<Injector['get']>) => (args[0] === PendingTasks ? NO_TASKS : injector.get(...args)) as never,
});

/** Emits when a resource becomes idle. Angular then forgets the stream of the resource, and does not abort it. */
const idle$ = (params: Signal<unknown>, injector: Injector): Observable<void> =>
  new Observable((subscriber) => {
    const watch = effect(() => params() ?? subscriber.next(), { injector, manualCleanup: true });
    return () => watch.destroy();
  });

/**
 * A resource over `sse$` of `renewal/stream`, in an injection context. Its `value()` is the newest event. Opens a
 * stream whenever a signal that `request` reads changes, and closes the previous one; the same url is not opened again.
 * Idle while `request` returns `undefined`. Loading until the first event; then resolved, also after the stream has
 * completed. `reload()` opens the stream again, and `destroy()` closes it. Errors are those of renewal, and end it.
 *
 * A stream is no pending task. A server does not open it, and renders it as loading, unless `openOnServer` is set.
 * Events that arrive together are one change of `value()`: to keep each of them, use `sse$` with `scan` and `toSignal`.
 * Streams need `provideApi({ transport: fetchTransport() })`.
 *
 * @example
 * ```ts
 * class OrderPage {
 *   readonly id = signal(1);
 *   readonly order = apiStream<Order>(() => ({ url: `orders/${this.id()}/changes`, parse: 'json' }));
 * }
 * ```
 */
export function apiStream<T = string>(
  request: () => ApiStreamRequest<T> | undefined,
  options: ApiStreamOptions<T> & { readonly defaultValue: NoInfer<ServerSentEvent<T>> },
): ResourceRef<ServerSentEvent<T>>;
export function apiStream<T = string>(
  request: () => ApiStreamRequest<T> | undefined,
  options?: ApiStreamOptions<T>,
): ResourceRef<ServerSentEvent<T> | undefined>;
export function apiStream<T = string>(
  request: () => ApiStreamRequest<T> | undefined,
  {
    api = PROVIDED_API,
    injector = inject(Injector),
    openOnServer: isOpenedOnServer = false,
    ...options
  }: ApiStreamOptions<T> = {},
): ResourceRef<ServerSentEvent<T> | undefined> {
  const client = injector.get(api).api;
  const isWaitedFor = isOpenedOnServer && isPlatformServer(injector.get(PLATFORM_ID));
  const params = computed(request);
  // The overloads of `rxResource` differ in `defaultValue`. Only the caller knows whether there is one.
  return rxResource<ServerSentEvent<T> | undefined, ApiStreamRequest<T> | undefined>({
    ...options,
    injector: isWaitedFor ? injector : withoutTasks(injector),
    params,
    stream: ({ params: current }) => {
      const { url, ...streamOptions } = typeof current === 'string' ? { url: current } : current;
      const { context } = streamOptions;
      return sse$<T>(client, url, {
        ...streamOptions,
        ...(isOpenedOnServer && { context: openOnServer(new HttpContext(context)) }),
      }).pipe(
        // Angular makes an error of a completion without a value.
        defaultIfEmpty(options.defaultValue),
        takeUntil(idle$(params, injector)),
      );
    },
  } as Parameters<typeof rxResource<ServerSentEvent<T> | undefined, ApiStreamRequest<T> | undefined>>[0]);
}
