import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { type HttpResponse, isApiError, memoryStore, type SessionOptions, type TokenGrant } from 'renewal';
import { httpClientTransport, injectApi, provideApi, sessionInterceptor, withSession } from 'renewal/angular';
import { catchError, lastValueFrom, type Observable, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REFRESH, type Reply, startServer, type TestServer } from '../support/server';
import { BACKENDS } from './support/backends';
import { provide } from './support/testbed';

const LOGIN_PAGE = `<!doctype html><title>Sign in</title>${'<p>Please sign in.</p>'.repeat(50)}`;
const TO_LOGIN: Reply = { status: 302, headers: { location: '/login' } };

type ResponseType = 'json' | 'text' | 'blob' | 'arraybuffer';
type Ask = (path: string, responseType?: ResponseType) => Observable<unknown>;

interface Client {
  readonly send: Ask;
  /** The errors of Angular, in the order of the backend. */
  readonly thrown: unknown[];
}

describe.each(BACKENDS)('a response over %s', (backend, providers) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer();
    server.replies.set('/login', { type: 'text/html', body: LOGIN_PAGE });
    server.replies.set('/orders', TO_LOGIN);
  });
  afterEach(() => server.close());

  const createClient = (way: string, options: Partial<SessionOptions>): Client => {
    const thrown: unknown[] = [];
    const watch: HttpInterceptorFn = (request, next) =>
      next(request).pipe(
        catchError((error) => {
          thrown.push(error);
          return throwError(() => error);
        }),
      );
    const bed = provide(
      provideHttpClient(withNoXsrfProtection(), withInterceptors([sessionInterceptor(), watch])),
      ...providers,
      provideApi(
        () => ({ baseUrl: server.origin, transport: httpClientTransport() }),
        withSession((http) => ({
          store: memoryStore(server.issue()),
          refresh: ({ refreshToken }) => {
            // From now on the server accepts the token.
            server.replies.delete('/orders');
            return http.post$<TokenGrant>(REFRESH, { refreshToken });
          },
          ...options,
        })),
      ),
    );
    const api = bed.runInInjectionContext(() => injectApi());
    const http = bed.inject(HttpClient);
    const byClient: Ask = (path, responseType = 'json') =>
      // Each overload of it names one type.
      http.get(server.origin + path, { responseType: responseType as 'json' });
    const byApi: Ask = (path, responseType = 'json') => api.get$(path, { responseType });
    return { send: way === 'sessionInterceptor' ? byClient : byApi, thrown };
  };

  describe.each(['sessionInterceptor', 'httpClientTransport'])('by %s', (way) => {
    it('is expired if the predicate matches a login page instead of JSON', async () => {
      const { send: ask } = createClient(way, { isExpired: ({ url }) => url.endsWith('/login') });
      expect(await lastValueFrom(ask('/orders'))).toEqual({ path: '/orders', by: 'a.access.2', nth: 2 });
      expect([server.refreshes, server.hitsOf('/login').length]).toEqual([1, 1]);
    });

    it('is passed to the predicate, with a text that is not JSON as the body', async () => {
      const shown: HttpResponse[] = [];
      const { send: ask } = createClient(way, {
        isExpired: (response) => {
          shown.push(response);
          return false;
        },
      });
      await expect(lastValueFrom(ask('/orders'))).rejects.toBeDefined();
      expect(shown).toMatchObject([
        {
          status: 200,
          url: `${server.origin}/login`,
          headers: { 'content-type': 'text/html' },
          // Angular's fetch keeps no text that it failed to parse, only the error of the parser.
          body: backend === 'XHR' ? LOGIN_PAGE : expect.stringContaining('SyntaxError'),
        },
      ]);
    });

    it.each(['json', 'text', 'blob', 'arraybuffer'] as const)(
      'is judged as %s by its JSON, even without a JSON content type',
      async (responseType) => {
        server.replies.set('/orders', { type: 'text/plain', body: '{"code":1002}' });
        const { send: ask } = createClient(way, {});
        const body = await lastValueFrom(ask('/orders', responseType));
        const json = responseType === 'json' ? body : JSON.parse(await new Response(body as BodyInit).text());
        expect(json).toMatchObject({ by: 'a.access.2', nth: 2 });
        expect(server.refreshes).toBe(1);
      },
    );
  });

  it('is the same error of HttpClient for the caller if it has not expired', async () => {
    const { send: ask, thrown } = createClient('sessionInterceptor', {});
    const error = await lastValueFrom(ask('/orders')).catch((reason: unknown) => reason);
    expect(thrown).toEqual([error]);
    expect(thrown[0]).toBe(error);
    expect(error).toMatchObject({ name: 'HttpErrorResponse', status: 200, url: `${server.origin}/login` });
    expect(server.refreshes).toBe(0);
  });

  it('is a ResponseParseError by httpClientTransport if it has not expired', async () => {
    const { send: ask } = createClient('httpClientTransport', {});
    const error = await lastValueFrom(ask('/orders')).catch((reason: unknown) => reason);
    expect(isApiError(error, 'parse')).toBe(true);
    expect(error).toMatchObject({
      response: {
        status: 200,
        body: backend === 'XHR' ? LOGIN_PAGE.slice(0, 200) : expect.stringContaining('SyntaxError'),
      },
    });
    expect(server.refreshes).toBe(0);
  });
});
