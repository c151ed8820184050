import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { MOCK_PLATFORM_LOCATION_CONFIG } from '@angular/common/testing';
import { memoryStore, type TokenGrant } from 'renewal';
import { httpClientTransport, injectApi, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { lastValueFrom, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { REFRESH, startServer, type TestServer } from '../support/server';
import { expire } from './support/backend';
import { BACKENDS } from './support/backends';
import { provide } from './support/testbed';

const refresh = () => of({ accessToken: 'T2' });

/** The cache bypass of an attempt: the mode of fetch and the header. */
type Sent = readonly [cache: string | undefined, header: string | null];

const WAYS = ['sessionInterceptor', 'httpClientTransport'] as const;

describe.each(WAYS)('an attempt by %s', (way) => {
  const createClient = (url: string) => {
    const bed = provide(
      provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
      provideHttpClientTesting(),
      provideApi(
        () => ({ transport: httpClientTransport(), allowedOrigins: ['http://shop.test', 'https://api.test'] }),
        withSession({ refresh, store: memoryStore({ accessToken: 'T1' }) }),
      ),
    );
    const backend = bed.inject(HttpTestingController);
    const send = () =>
      way === 'sessionInterceptor'
        ? bed.inject(HttpClient).get(url)
        : bed.runInInjectionContext(() => injectApi()).get$(url);
    send().subscribe();
    const take = () => backend.expectOne(url);
    const sent = ({ request }: ReturnType<typeof take>): Sent => [
      // Empty or undefined, depending on the version of Angular.
      request.cache || undefined,
      request.headers.get('cache-control'),
    ];
    return { take, sent };
  };

  it.each([
    ['the page', 'http://shop.test/orders', 'no-cache'],
    ['another origin, to which a header may cost a preflight', 'https://api.test/orders', null],
  ])('bypasses HTTP caches if it is a replay, to the origin of %s', (_what, url, header) => {
    const { take, sent } = createClient(url);
    const first = take();
    expect(sent(first)).toEqual([undefined, null]);
    expire(first, 'code 1002');
    expect(sent(take())).toEqual(['reload', header]);
  });
});

describe.each(BACKENDS)('a replay over %s', (backend, providers) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer('code 1002');
  });
  afterEach(() => server.close());

  it.each([
    ['sessionInterceptor', 'HttpClient'],
    ['httpClientTransport', 'api'],
  ])('by %s bypasses HTTP caches without a warning of Angular', async (_way, client) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const sent: Sent[] = [];
    const watch: HttpInterceptorFn = (request, next) => {
      if (request.url.endsWith('/orders')) {
        sent.push([request.cache || undefined, request.headers.get('cache-control')]);
      }
      return next(request);
    };
    const issued = server.issue();
    server.live.delete(issued.accessToken);
    const bed = provide(
      { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: { startUrl: `${server.origin}/app/`, appBaseHref: '/app/' } },
      provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor(), watch])),
      ...providers,
      provideApi(
        () => ({ transport: httpClientTransport() }),
        withSession((http) => ({
          store: memoryStore(issued),
          refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
        })),
      ),
    );
    const url = `${server.origin}/orders`;
    const answer$ =
      client === 'api' ? bed.runInInjectionContext(() => injectApi()).get$(url) : bed.inject(HttpClient).get(url);
    expect(await lastValueFrom(answer$)).toMatchObject({ by: 'a.access.2' });
    expect(sent).toEqual([
      [undefined, null],
      [backend === 'fetch' ? 'reload' : undefined, 'no-cache'],
    ]);
    expect(warn).not.toHaveBeenCalled();
  });
});
