import { HttpBackend, HttpXhrBackend } from '@angular/common/http';
import { inject } from '@angular/core';
import type { HttpRequest } from 'renewal';
import { injectPageRoot, toHttpUrl } from './page-url';

/** How an attempt bypasses HTTP caches; empty if a cache may serve it. */
export interface CacheBypass {
  /** The mode of fetch. */
  readonly cache?: 'reload';
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Keeps a response out of Angular's transfer cache. It came by a token, so it is not for the page, and a cached expired
 * response would also be served to the replay.
 */
export const NOT_TRANSFERRED = { transferCache: false } as const;

/**
 * Returns the cache bypass of a request, in an injection context: the mode of fetch, and a header, because XHR has no
 * mode and warns of one. The header goes only to the page's own origin: elsewhere it costs a preflight request.
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
