import { Injector, inject, type ResourceRef, type ValueEqualityFn } from '@angular/core';
import { rxResource } from '@angular/core/rxjs-interop';
import type { RequestOptions } from 'renewal';
import { type ApiName, PROVIDED_API } from './provided-api';

/** The request of an {@link apiResource}: a url, or the options of a request with its url. */
export type ApiResourceRequest<T> = string | (RequestOptions<T> & { readonly url: string | URL });

/** Options of {@link apiResource}. */
export interface ApiResourceOptions<T> {
  /** The value until the first response. @defaultValue `undefined` */
  readonly defaultValue?: NoInfer<T>;
  /** Whether two values are equal. @defaultValue `Object.is` */
  readonly equal?: ValueEqualityFn<T>;
  /** The name of the api. @defaultValue the api without `withName` */
  readonly api?: ApiName;
  /** The injector of the resource. @defaultValue that of the current injection context */
  readonly injector?: Injector;
}

/**
 * A resource over `api.get$`, in an injection context. Sends a request whenever a signal that `request` reads changes,
 * and cancels the previous one. Idle while `request` returns `undefined`. `value()`, `error()`, `isLoading()`,
 * `reload()` and `destroy()` are those of Angular's resources. Errors are those of renewal.
 *
 * @example
 * ```ts
 * class OrderPage {
 *   readonly page = signal(1);
 *   readonly orders = apiResource<Order[]>(() => ({ url: 'orders', params: { page: this.page() } }), {
 *     defaultValue: [],
 *   });
 * }
 * ```
 */
export function apiResource<T>(
  request: () => ApiResourceRequest<T> | undefined,
  options: ApiResourceOptions<T> & { readonly defaultValue: NoInfer<T> },
): ResourceRef<T>;
export function apiResource<T>(
  request: () => ApiResourceRequest<T> | undefined,
  options?: ApiResourceOptions<T>,
): ResourceRef<T | undefined>;
export function apiResource<T>(
  request: () => ApiResourceRequest<T> | undefined,
  { api = PROVIDED_API, injector = inject(Injector), ...options }: ApiResourceOptions<T> = {},
): ResourceRef<T | undefined> {
  const client = injector.get(api).api;
  // The overloads of `rxResource` differ in `defaultValue`. Only the caller knows whether there is one.
  return rxResource<T, ApiResourceRequest<T> | undefined>({
    ...options,
    injector,
    params: request,
    stream: ({ params }) => {
      const { url, ...requestOptions } = typeof params === 'string' ? { url: params } : params;
      return client.get$<T>(url, requestOptions);
    },
  } as Parameters<typeof rxResource<T, ApiResourceRequest<T> | undefined>>[0]);
}
