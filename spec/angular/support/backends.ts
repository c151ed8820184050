import '@angular/compiler';
import { XhrFactory } from '@angular/common';
import { FetchBackend, HttpBackend, HttpXhrBackend } from '@angular/common/http';
import type { Provider } from '@angular/core';
import { xhrFactory } from '#xhr';

const create = xhrFactory();

/** The XHR for Node, which has its headers as an object; Angular asks for them as lines. */
const build = (): XMLHttpRequest => {
  const xhr: XMLHttpRequest & { readonly responseHeaders?: Record<string, string> } = create();
  const lines = () => Object.entries(xhr.responseHeaders ?? {}).map((header) => header.join(': '));
  return Object.assign(xhr, { getAllResponseHeaders: () => lines().join('\r\n') });
};

/** By what `HttpClient` sends, on every version of Angular; the name of the feature for XHR is Angular 22's. Stands after `provideHttpClient()`. */
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
