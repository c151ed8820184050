import '@angular/compiler';
import { readFileSync } from 'node:fs';
import {
  HTTP_INTERCEPTORS,
  HttpClient,
  type HttpErrorResponse,
  type HttpFeature,
  type HttpFeatureKind,
  type HttpInterceptor,
  provideHttpClient,
  withInterceptors,
  withInterceptorsFromDi,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting, type TestRequest } from '@angular/common/http/testing';
import { memoryStore, type TokenGrant } from 'renewal';
import { provideApi, sessionInterceptor, withoutSession, withSession } from 'renewal/angular';
import { tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { paths } from '../support/server-client';
import { expire, renew, tokenOf } from './support/backend';
import { provide } from './support/testbed';
import { Toaster, toasts } from './support/toasts';

const UNAUTHORIZED = { status: 401, statusText: 'Unauthorized' };

/** An app with a common class interceptor, and these features of `provideHttpClient`, in this order. */
const createApp = (...features: HttpFeature<HttpFeatureKind>[]) => {
  const seen: string[] = [];
  const legacy: HttpInterceptor = {
    intercept: (request, next) =>
      next.handle(request).pipe(
        tap({
          error: ({ status, message }: HttpErrorResponse) => seen.push(status ? `${status}` : `${status} ${message}`),
        }),
      ),
  };
  const toasted = new Set<string>();
  const bed = provide(
    provideHttpClient(withNoXsrfProtection(), ...features),
    provideHttpClientTesting(),
    { provide: HTTP_INTERCEPTORS, useValue: legacy, multi: true },
    { provide: Toaster, useValue: { show: (text: string) => toasted.add(text) } },
    provideApi(
      {},
      withSession(() => ({
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        refresh: ({ refreshToken }) => http.post<TokenGrant>('/renew', { refreshToken }, { context: withoutSession() }),
      })),
    ),
  );
  const http = bed.inject(HttpClient);
  const backend = bed.inject(HttpTestingController);
  /** Sends a request to each path. The server rejects every token. */
  const storm = (count: number) => {
    const outcomes = paths(count).map((path) => outcomeOf(http.get(path)));
    const requests: TestRequest[] = paths(count).map((path) => backend.expectOne(path));
    for (const request of requests) expire(request, 'HTTP 401');
    return outcomes;
  };
  return { http, backend, seen, toasted, storm };
};

describe('the order of the features of provideHttpClient', () => {
  it('shows each 401 to class interceptors if their feature is the last', () => {
    const app = createApp(withInterceptors([sessionInterceptor()]), withInterceptorsFromDi());
    const outcome = outcomeOf(app.http.get('/orders'));
    expire(app.backend.expectOne('/orders'), 'HTTP 401');
    renew(app);
    app.backend.expectOne('/orders').flush('order');
    expect(outcome).toEqual({ values: ['order'], isComplete: true });
    expect(app.seen).toEqual(['401']);
  });

  it('shows no 401 to class interceptors if their feature is the first', () => {
    const app = createApp(withInterceptorsFromDi(), withInterceptors([sessionInterceptor()]));
    const outcome = outcomeOf(app.http.get('/orders'));
    expire(app.backend.expectOne('/orders'), 'HTTP 401');
    renew(app);
    const replay = app.backend.expectOne('/orders');
    expect(tokenOf(replay)).toBe('T2');
    replay.flush('order');
    expect(outcome).toEqual({ values: ['order'], isComplete: true });
    expect(app.seen).toEqual([]);
  });

  it('makes a legacy toast show the end of a session once for each request', () => {
    const app = createApp(withInterceptorsFromDi(), withInterceptors([sessionInterceptor()]));
    app.storm(20);
    app.backend.expectOne('/renew').flush({ error: 'invalid_grant' }, { status: 400, statusText: 'Bad' });
    // One more for the refresh by HttpClient.
    expect(app.seen.filter((text) => text === 'undefined the refresh was refused')).toHaveLength(20);
  });
});

describe('the toast interceptor of the guide', () => {
  const createToasting = () => createApp(withInterceptors([toasts, sessionInterceptor()]));

  it('equals the one in docs/angular.md', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    expect(read('../../docs/angular.md').includes(read('./support/toasts.ts'))).toBe(true);
  });

  it.each([
    ['the end of a session, by a storm of requests', { error: 'invalid_grant' }, 400, ['400: Failed']],
    [
      'a refresh that failed for now, by a storm of requests',
      null,
      503,
      ['503: Failed', 'The server cannot be reached.'],
    ],
  ])('shows no text twice for %s', (_what, body, status, texts) => {
    const app = createToasting();
    const outcomes = app.storm(20);
    app.backend.expectOne('/renew').flush(body, { status, statusText: 'Failed' });
    expect(outcomes.filter(({ error }) => error)).toHaveLength(20);
    expect([...app.toasted]).toEqual(texts);
  });

  it('shows nothing for an expired response, and the status of any other error', () => {
    const app = createToasting();
    const [outcome] = app.storm(1);
    renew(app);
    app.backend.expectOne('/orders/0').flush(null, { status: 404, statusText: 'Not Found' });
    expect(outcome?.error).toMatchObject({ status: 404 });
    expect([...app.toasted]).toEqual(['404: Not Found']);
  });

  it('shows the status of a rejected fresh token', () => {
    const app = createToasting();
    app.storm(1);
    renew(app);
    app.backend.expectOne('/orders/0').flush(null, UNAUTHORIZED);
    expect([...app.toasted]).toEqual(['401: not allowed']);
  });
});
