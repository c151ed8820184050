import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting, type TestRequest } from '@angular/common/http/testing';
import type { EnvironmentProviders, Provider } from '@angular/core';
import type { TestBed } from '@angular/core/testing';
import { memoryStore, type Session, type SessionOptions, type TokenGrant } from 'renewal';
import { injectSession, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import type { Signal } from '../../support/server';
import { provide } from './testbed';

/** `HttpClient` with a session, over Angular's testing backend. */
export interface Backend {
  readonly bed: TestBed;
  readonly http: HttpClient;
  readonly session: Session;
  readonly backend: HttpTestingController;
}

export interface BackendOptions {
  readonly session?: Partial<SessionOptions>;
  /** @defaultValue only that of the session */
  readonly interceptors?: readonly HttpInterceptorFn[];
  readonly providers?: readonly (Provider | EnvironmentProviders)[];
}

/** A session with the tokens `T1` and `R1`, which refreshes at `/renew` through the same client. */
export const createBackend = ({ session = {}, interceptors, providers = [] }: BackendOptions = {}): Backend => {
  const bed = provide(
    provideHttpClient(withNoXsrfProtection(), withInterceptors([...(interceptors ?? [sessionInterceptor()])])),
    provideHttpClientTesting(),
    provideApi(
      {},
      withSession(() => ({
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        refresh: ({ refreshToken }) => http.post<TokenGrant>('/renew', { refreshToken }),
        ...session,
      })),
    ),
    ...providers,
  );
  const http = bed.inject(HttpClient);
  return {
    bed,
    http,
    session: bed.runInInjectionContext(() => injectSession()),
    backend: bed.inject(HttpTestingController),
  };
};

/** Responds that the token has expired. */
export const expire = (request: TestRequest, signal: Signal): void => {
  if (signal === 'HTTP 401') request.flush({ error: 'expired' }, { status: 401, statusText: 'Unauthorized' });
  else request.flush({ code: 1002 });
};

/** The token of a request; empty if it has none. */
export const tokenOf = ({ request }: TestRequest): string =>
  request.headers.get('authorization')?.replace('Bearer ', '') ?? '';

/** Responds to the only refresh in flight. */
export const renew = ({ backend }: Pick<Backend, 'backend'>, accessToken = 'T2'): TestRequest => {
  const request = backend.expectOne('/renew');
  request.flush({ accessToken, refreshToken: accessToken.replace('T', 'R') });
  return request;
};
