import { PlatformLocation } from '@angular/common';
import { inject } from '@angular/core';

/**
 * The folder that the page resolves relative urls against, on a server the page that is being rendered; `undefined` where it is not one of http or https.
 * Angular's own location, as there is no document on a server that knows its base.
 */
export const injectPageUrl = (): string | undefined => {
  const location = inject(PlatformLocation);
  const { href } = location;
  if (!/^https?:/.test(href)) return undefined;
  return new URL('.', new URL(location.getBaseHrefFromDOM() ?? '', href)).href;
};
