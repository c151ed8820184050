import '@angular/compiler';
import {
  HttpClient,
  provideHttpClient,
  withFetch,
  withInterceptors,
  withNoXsrfProtection,
  withRequestsMadeViaParent,
} from '@angular/common/http';
import { createEnvironmentInjector, EnvironmentInjector } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import { httpClientTransport, injectApi, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { provide } from '../../angular/support/testbed';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'M7',
    title: 'A lazily loaded module creates a second `HttpClient` without the interceptor',
    renewal:
      'The provider of the session is the app’s; any `HttpClient` below it, with fetch or not, uses the session by `sessionInterceptor()` or through its parent.',
    threads: ['auth0/angular2-jwt#544'],
  },
  (signal) => {
    const server = withServer(signal);

    /** An app whose token the server rejects. */
    const createApp = () => {
      const issued = server.issue();
      server.live.delete(issued.accessToken);
      return provide(
        provideHttpClient(withNoXsrfProtection(), withFetch(), withInterceptors([sessionInterceptor()])),
        provideApi(
          () => ({ baseUrl: server.origin, transport: httpClientTransport() }),
          withSession((http) => ({
            store: memoryStore(issued),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
          })),
        ),
      );
    };

    it.each([
      [
        'its own interceptor',
        [provideHttpClient(withNoXsrfProtection(), withFetch(), withInterceptors([sessionInterceptor()]))],
      ],
      [
        'its own interceptor and its parent’s',
        [
          provideHttpClient(
            withNoXsrfProtection(),
            withRequestsMadeViaParent(),
            withInterceptors([sessionInterceptor()]),
          ),
        ],
      ],
      ['its parent’s', [provideHttpClient(withNoXsrfProtection(), withRequestsMadeViaParent(), withInterceptors([]))]],
      ['no client of its own', []],
    ])('gives a lazy part with %s the session of the app', async (_what, providers) => {
      const app = createApp();
      const lazy = createEnvironmentInjector(providers, app.inject(EnvironmentInjector));
      const answer$ = lazy.get(HttpClient).get<Echo>(`${server.origin}/orders`);
      expect(await lastValueFrom(answer$)).toEqual({ path: '/orders', by: 'a.access.2', nth: 2 });
      const eager$ = app.inject(HttpClient).get<Echo>(`${server.origin}/eager`);
      expect(await lastValueFrom(eager$)).toMatchObject({ by: 'a.access.2' });
      const api = app.runInInjectionContext(() => injectApi());
      expect(await lastValueFrom(api.get$<Echo>('/api'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.refreshes).toBe(1);
    });
  },
);
