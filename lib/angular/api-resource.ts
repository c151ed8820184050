import { Injector, inject, type ResourceRef, type ValueEqualityFn } from '@angular/core';
import { rxResource } from '@angular/core/rxjs-interop';
import type { RequestOptions } from 'renewal';
import { type ApiName, PROVIDED_API } from './provided-api';

/** What {@link apiResource} asks for: a url, or one with the options of a request. */
export type ApiResourceRequest<T> = string | (RequestOptions<T> & { readonly url: string | URL });

/** The options of {@link apiResource}. */
export interface ApiResourceOptions<T> {
  /** The value before there is another. @defaultValue `undefined` */
  readonly defaultValue?: NoInfer<T>;
  /** When two values are the same. @defaultValue `Object.is` */
  readonly equal?: ValueEqualityFn<T>;
  /** Which api. @defaultValue the one without `withName` */
  readonly api?: ApiName;
  /** @defaultValue the injection context that it is called in */
  readonly injector?: Injector;
}

/**
 * A resource over `api.get$`, in an injection context: asks whenever a signal that `request` reads has changed, and takes back what it had asked for before;
 * idle while `request` returns `undefined`. `value()`, `error()`, `isLoading()`, `reload()` and `destroy()` are those of Angular's resources; errors are renewal's.
 *
 * @example
 * ```ts
 * class OrderPage {
 *   readonly page = signal(1);
 *   readonly orders = apiResource<Order[]>(() => ({ url: 'orders', params: { page: this.page() } }), { defaultValue: [] });
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
  // Its overloads tell a `defaultValue` from none, which is known to the caller only.
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
