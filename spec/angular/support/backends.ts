import '@angular/compiler';
import { XhrFactory } from '@angular/common';
import { FetchBackend, HttpBackend, HttpXhrBackend } from '@angular/common/http';
import type { Provider } from '@angular/core';
import { xhrFactory } from '#xhr';

const create = xhrFactory();

/** The XHR for Node. It has headers as an object, and Angular reads them as lines. */
const build = (): XMLHttpRequest => {
  const xhr: XMLHttpRequest & { readonly responseHeaders?: Record<string, string> } = create();
  const lines = () => Object.entries(xhr.responseHeaders ?? {}).map((header) => header.join(': '));
  return Object.assign(xhr, { getAllResponseHeaders: () => lines().join('\r\n') });
};

/**
 * The backends of `HttpClient` on every version of Angular. Only Angular 22 has `withXhr()`. They follow
 * `provideHttpClient()`.
 */
export const BACKENDS: readonly (readonly [name: 'fetch' | 'XHR', providers: readonly Provider[]])[] = [
  ['fetch', [FetchBackend, { provide: HttpBackend, useExisting: FetchBackend }]],
  [
    'XHR',
    [
      { provide: XhrFactory, useValue: { build } },
      { provide: HttpBackend, useExisting: HttpXhrBackend },
    ],
  ],
];
