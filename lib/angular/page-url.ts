import { PlatformLocation } from '@angular/common';
import { DOCUMENT, inject } from '@angular/core';

/** The origin of the page that the locations of Angular's test modules make up while a test names none. */
const NO_PAGE = 'http://_empty_';

/** The url of http or https that this is, if it is one. */
export const toHttpUrl = (url: string, base?: string): string | undefined => {
  try {
    const { href } = new URL(url, base);
    return /^https?:/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
};

/** Where the page is. Angular's own location, as the document of a server does not know that. */
const hrefOf = (location: PlatformLocation): string =>
  // Angular 20 makes up a page without a protocol.
  location.protocol === '' ? NO_PAGE + location.pathname : location.href;

/**
 * The folder that the page resolves relative urls against, on a server the page that is being rendered; `undefined` where it is not one of http or https.
 * A `<base>` may name another origin, which Angular's location leaves out.
 */
export const injectPageUrl = (): string | undefined => {
  const location = inject(PlatformLocation);
  const base = inject(DOCUMENT).querySelector('base')?.getAttribute('href') ?? location.getBaseHrefFromDOM() ?? '';
  const page = toHttpUrl(base, hrefOf(location));
  return page && toHttpUrl('.', page);
};

/** The root of the page's own origin, where its token may go, whatever a `<base>` says. */
export const injectPageRoot = (): string | undefined => toHttpUrl('/', hrefOf(inject(PlatformLocation)));

/** Whether a url has a host of its own, so that it is the same one whatever page it is resolved against (`invalid` resolves nowhere, RFC 2606). */
export const hasHost = (url: string): boolean =>
  toHttpUrl(url, 'http://a.invalid') === toHttpUrl(url, 'http://b.invalid');

/** A url as `HttpClient` gets it: relative again in a test that names no page, as the test expects it. */
export const toClientUrl = (url: string): string => (url.startsWith(`${NO_PAGE}/`) ? url.slice(NO_PAGE.length) : url);
