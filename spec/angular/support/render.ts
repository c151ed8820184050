import '@angular/compiler';
import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import {
  Component,
  type EnvironmentProviders,
  enableProdMode,
  type Provider,
  provideZonelessChangeDetection,
} from '@angular/core';
import {
  type BootstrapContext,
  bootstrapApplication,
  provideClientHydration,
  withHttpTransferCacheOptions,
} from '@angular/platform-browser';
import { provideServerRendering, renderApplication } from '@angular/platform-server';
import { sessionInterceptor } from 'renewal/angular';

// Development mode logs to the console.
enableProdMode();

export interface Rendering {
  readonly providers: readonly (Provider | EnvironmentProviders)[];
  /** Returns the lines of the page; called in the constructor of its component. */
  readonly show: () => () => readonly unknown[];
  /** The options of the transfer cache. @defaultValue those of Angular */
  readonly cache?: Parameters<typeof withHttpTransferCacheOptions>[0];
}

/** Renders a page on a server, ready for hydration. */
export const render = ({ providers, show, cache = {} }: Rendering): Promise<string> => {
  const App = Component({ selector: 'app-root', template: '@for (line of lines(); track $index) {<p>{{ line }}</p>}' })(
    class {
      readonly lines = show();
    },
  );
  return renderApplication(
    (context: BootstrapContext) =>
      bootstrapApplication(
        App,
        {
          providers: [
            provideZonelessChangeDetection(),
            provideServerRendering(),
            provideClientHydration(withHttpTransferCacheOptions(cache)),
            provideHttpClient(withFetch(), withInterceptors([sessionInterceptor()])),
            ...providers,
          ],
        },
        context,
      ),
    {
      document: '<html><head></head><body><app-root></app-root></body></html>',
      url: 'http://shop.test/',
      allowedHosts: ['shop.test'],
    },
  );
};
