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

// Angular says on the console that it is in development.
enableProdMode();

export interface Rendering {
  readonly providers: readonly (Provider | EnvironmentProviders)[];
  /** What the page shows, line by line; called in the constructor of its component. */
  readonly show: () => () => readonly unknown[];
  /** What the transfer cache keeps. @defaultValue what Angular keeps by default */
  readonly cache?: Parameters<typeof withHttpTransferCacheOptions>[0];
}

/** A page of an app as a server sends it, ready to be hydrated. */
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
