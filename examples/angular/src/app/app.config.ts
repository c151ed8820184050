import { provideHttpClient, withFetch } from '@angular/common/http';
import { type ApplicationConfig, inject, provideAppInitializer, provideZonelessChangeDetection } from '@angular/core';
import { provideClientHydration } from '@angular/platform-browser';
import { provideRouter, Router, withComponentInputBinding } from '@angular/router';
import { ajaxTransport, envelope, fetchTransport, type Transport, webStorageStore } from 'renewal';
import { injectSession, provideApi, withSession } from 'renewal/angular';
import { filter, map, pairwise } from 'rxjs';
import { CLIENT_KEY, type TokenPair } from '../../../shop/protocol';
import { routes } from './app.routes';
import { toGrant } from './login/to-grant';

const [xhr, fetching] = [ajaxTransport(), fetchTransport()];

/** Only fetch can stream a response, and only XHR reports the progress of an upload. */
const transport: Transport = (request) => (request.responseType === 'stream' ? fetching : xhr)(request);

export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideRouter(routes, withComponentInputBinding()),
    provideClientHydration(),
    provideHttpClient(withFetch()),
    provideApi(
      { baseUrl: '/api/', interceptors: [envelope()], transport },
      withSession((http) => ({
        store: webStorageStore(),
        refresh: ({ refreshToken }) =>
          http.post$<TokenPair>('app/renewal', { authorization: CLIENT_KEY, refreshToken }).pipe(map(toGrant)),
      })),
    ),
    // Navigates to the login page after the end of the session: here, in another tab, or by a refused refresh.
    provideAppInitializer(() => {
      const router = inject(Router);
      injectSession()
        .state$.pipe(
          map((state) => 'tokens' in state),
          pairwise(),
          filter(([was, is]) => was && !is),
        )
        .subscribe(() => router.navigateByUrl('/login'));
    }),
  ],
};
