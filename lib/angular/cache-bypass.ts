import { HttpBackend, HttpXhrBackend } from '@angular/common/http';
import { inject } from '@angular/core';
import type { HttpRequest } from 'renewal';
import { injectPageRoot, toHttpUrl } from './page-url';

/** What an attempt sends to get past HTTP caches: nothing where it may be served from one. */
export interface CacheBypass {
  /** For fetch. */
  readonly cache?: 'reload';
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * How an attempt that asks for it gets past HTTP caches, in an injection context: by the mode of fetch, and by a header, as XHR has no mode and warns of it.
 * The header goes to the page's own origin only, since elsewhere it costs a preflight request.
 */
export const injectCacheBypass = (): ((request: HttpRequest) => CacheBypass) => {
  const root = injectPageRoot();
  const isXhr = inject(HttpBackend) instanceof HttpXhrBackend;
  return ({ cache, url }) => {
    if (!cache) return {};
    const isPageOrigin = !!root && toHttpUrl('/', url) === root;
    return { ...(!isXhr && { cache }), ...(isPageOrigin && { headers: { 'cache-control': 'no-cache' } }) };
  };
};
