import { provideHttpClient, withFetch } from '@angular/common/http';
import { type ApplicationConfig, inject, provideZonelessChangeDetection } from '@angular/core';
import { provideClientHydration } from '@angular/platform-browser';
import { provideRouter, Router, withComponentInputBinding } from '@angular/router';
import { envelope, webStorageStore } from 'renewal';
import { provideApi, withSession } from 'renewal/angular';
import { map } from 'rxjs';
import { CLIENT_KEY, type TokenPair } from '../../../shop/protocol';
import { routes } from './app.routes';
import { toGrant } from './login/to-grant';

export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideRouter(routes, withComponentInputBinding()),
    provideClientHydration(),
    provideHttpClient(withFetch()),
    provideApi(
      { baseUrl: '/api/', interceptors: [envelope()] },
      withSession((http) => {
        const router = inject(Router);
        return {
          store: webStorageStore(),
          refresh: ({ refreshToken }) =>
            http.post$<TokenPair>('app/renewal', { authorization: CLIENT_KEY, refreshToken }).pipe(map(toGrant)),
          onExpired: () => router.navigateByUrl('/login'),
        };
      }),
    ),
  ],
};
