import { PlatformLocation } from '@angular/common';
import { DOCUMENT, inject } from '@angular/core';

/** The origin of the page in Angular's test modules while a test sets none. */
const NO_PAGE = 'http://_empty_';

/** Resolves an http(s) url; `undefined` for any other. */
export const toHttpUrl = (url: string, base?: string): string | undefined => {
  try {
    const { href } = new URL(url, base);
    return /^https?:/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
};

/** The url of the page, by Angular's own location: the document of a server does not know it. */
const hrefOf = (location: PlatformLocation): string =>
  // The test page of Angular 20 has no protocol.
  location.protocol === '' ? NO_PAGE + location.pathname : location.href;

/**
 * The folder that the page resolves relative urls against, on a server that of the rendered page; `undefined` unless it
 * is an http(s) url. A `<base>` may name another origin, which Angular's location omits.
 */
export const injectPageUrl = (): string | undefined => {
  const location = inject(PlatformLocation);
  const base = inject(DOCUMENT).querySelector('base')?.getAttribute('href') ?? location.getBaseHrefFromDOM() ?? '';
  const page = toHttpUrl(base, hrefOf(location));
  return page && toHttpUrl('.', page);
};

/** The root of the page's own origin, where its token may go. A `<base>` does not change it. */
export const injectPageRoot = (): string | undefined => toHttpUrl('/', hrefOf(inject(PlatformLocation)));

/** Whether a url names a host, so that it does not depend on the page (`invalid` never resolves, RFC 2606). */
export const hasHost = (url: string): boolean =>
  toHttpUrl(url, 'http://a.invalid') === toHttpUrl(url, 'http://b.invalid');

/** The url for `HttpClient`: relative in a test that sets no page, as the test expects it. */
export const toClientUrl = (url: string): string => (url.startsWith(`${NO_PAGE}/`) ? url.slice(NO_PAGE.length) : url);
