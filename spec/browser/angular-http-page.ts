import '@angular/compiler';
import {
  FetchBackend,
  HttpBackend,
  HttpClient,
  HttpXhrBackend,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { provideZonelessChangeDetection } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { type HttpResponse, memoryStore, type TokenGrant } from 'renewal';
import { lastValueFrom, type Observable } from 'rxjs';
import { API, httpClientTransport, provideApi, sessionInterceptor, withSession } from '../../lib/angular';

/** One request of an app, with a session that has the token `T1`. */
export interface Order {
  readonly backend: 'fetch' | 'XHR';
  readonly way: 'sessionInterceptor' | 'httpClientTransport';
  readonly url: string;
  /** The `<base>` of the page. */
  readonly base?: string;
  /** The path of the login page that the server redirects to. */
  readonly login?: string;
}

/** The body or the name of the error, and the bodies that `isExpired` got. */
export interface Outcome {
  readonly body: unknown;
  readonly shown: readonly unknown[];
}

declare global {
  var askBy: (order: Order) => Promise<Outcome>;
}

globalThis.askBy = async ({ backend, way, url, base, login }) => {
  const element = document.head.appendChild(document.createElement('base'));
  if (base) element.href = base;
  const shown: unknown[] = [];
  const isExpired = (response: HttpResponse): boolean => {
    shown.push(response.body);
    return login ? response.url.endsWith(login) : Object(response.body).code === 1002;
  };
  const app = await createApplication({
    providers: [
      provideZonelessChangeDetection(),
      provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
      FetchBackend,
      { provide: HttpBackend, useExisting: backend === 'XHR' ? HttpXhrBackend : FetchBackend },
      provideApi(
        () => ({ transport: httpClientTransport() }),
        withSession((http) => ({
          store: memoryStore({ accessToken: 'T1' }),
          refresh: () => http.post$<TokenGrant>('/renew'),
          isExpired,
        })),
      ),
    ],
  });
  const ask: Observable<unknown> =
    way === 'sessionInterceptor' ? app.injector.get(HttpClient).get(url) : app.injector.get(API).get$(url);
  const body = await lastValueFrom(ask).catch((error) => error.name);
  app.destroy();
  element.remove();
  return { body, shown };
};
