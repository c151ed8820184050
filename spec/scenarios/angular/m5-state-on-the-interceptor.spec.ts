import '@angular/compiler';
import { HttpClient, provideHttpClient, withInterceptors, withNoXsrfProtection } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { createEnvironmentInjector, EnvironmentInjector } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import { httpClientTransport, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { expect, it } from 'vitest';
import { expire, tokenOf } from '../../angular/support/backend';
import { provide } from '../../angular/support/testbed';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

failureMode(
  {
    id: 'M5',
    title: 'State on the interceptor: the next request overwrites the previous one’s field',
    renewal:
      'The interceptor is a stateless function: the data of a request belong to its subscription, and the session to the injector.',
  },
  (signal) => {
    /** Two apps, side by side as in a server, that share all module-level state. */
    const createApps = () => {
      const interceptor = sessionInterceptor();
      const root = provide().inject(EnvironmentInjector);
      return ['ada', 'bob'].map((user) => {
        const injector = createEnvironmentInjector(
          [
            provideHttpClient(withNoXsrfProtection(), withInterceptors([interceptor])),
            provideHttpClientTesting(),
            provideApi(
              () => ({ transport: httpClientTransport() }),
              withSession((http) => ({
                store: memoryStore({ accessToken: `${user}.1`, refreshToken: user }),
                refresh: ({ refreshToken }) => http.post$<TokenGrant>('/renew', { refreshToken }),
              })),
            ),
          ],
          root,
        );
        return { user, http: injector.get(HttpClient), backend: injector.get(HttpTestingController) };
      });
    };

    it('keeps the sessions of two injectors apart', () => {
      const apps = createApps();
      const outcomes = apps.map(({ http }) => outcomeOf(http.get('/me')));
      for (const { user, backend } of apps) {
        const request = backend.expectOne('/me');
        expect(tokenOf(request)).toBe(`${user}.1`);
        expire(request, signal);
      }
      for (const { user, backend } of apps) {
        const refresh = backend.expectOne('http://shop.test/renew');
        expect(refresh.request.body).toBe(JSON.stringify({ refreshToken: user }));
        refresh.flush({ accessToken: `${user}.2` });
      }
      for (const { user, backend } of apps) {
        const request = backend.expectOne('/me');
        expect(tokenOf(request)).toBe(`${user}.2`);
        request.flush(user);
      }
      expect(outcomes.map(({ values }) => values)).toEqual([['ada'], ['bob']]);
    });

    it('replays each of many requests unchanged', () => {
      const [app] = createApps();
      if (!app) throw new Error('no app');
      const names = ['a', 'b', 'c'];
      const outcomes = names.map((name) => outcomeOf(app.http.post(`/${name}`, { name })));
      for (const name of names) expire(app.backend.expectOne(`/${name}`), signal);
      app.backend.expectOne('http://shop.test/renew').flush({ accessToken: 'ada.2' });
      for (const name of names) {
        const { request } = app.backend.expectOne(`/${name}`);
        expect(request.body).toEqual({ name });
      }
      expect(outcomes).toEqual(names.map(() => ({ values: [] })));
    });
  },
);
