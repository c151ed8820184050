import { PlatformLocation } from '@angular/common';
import { inject } from '@angular/core';

/** The url of http or https that this is, if it is one. */
export const toUrl = (url: string, base?: string): string | undefined => {
  try {
    const { href } = new URL(url, base);
    return /^https?:/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The folder that the page resolves relative urls against, on a server the page that is being rendered; `undefined` where it is not one of http or https.
 * Angular's own location, as the document of a server does not know its base.
 */
export const injectPageUrl = (): string | undefined => {
  const location = inject(PlatformLocation);
  const page = toUrl(location.getBaseHrefFromDOM() ?? '', location.href);
  return page && toUrl('.', page);
};
