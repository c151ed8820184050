import '@angular/compiler';
import {
  HttpClient,
  HttpErrorResponse,
  provideHttpClient,
  withFetch,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import {
  type Body,
  createApi,
  createSession,
  isApiError,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import {
  httpClientTransport,
  injectApi,
  injectSession,
  provideApi,
  sessionInterceptor,
  withoutSession,
  withSession,
} from 'renewal/angular';
import { lastValueFrom, type Observable } from 'rxjs';
import { type Issued, REFRESH, type TestServer } from '../../support/server';
import { provide } from './testbed';

/** The options of a request. */
export interface SendOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: Body;
  readonly responseType?: 'json' | 'text' | 'blob' | 'arraybuffer';
  readonly auth?: false;
}

/** One way to send requests with a session. All ways have the same outcomes. */
export interface SomeClient {
  readonly issued: Issued;
  readonly session: Session;
  /** Sends a request to a path of the server, or to a url, and emits the response. */
  send(path: string, ask?: SendOptions): Observable<unknown>;
}

type Make = (server: TestServer, issued: Issued, options: Partial<SessionOptions>) => Omit<SomeClient, 'issued'>;

const plain: Make = (server, issued, options) => {
  const http = createApi({ baseUrl: server.origin });
  const session = createSession({
    store: memoryStore(issued),
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
    ...options,
  });
  const api = http.extend({ session });
  return { session, send: (path, { method = 'GET', ...ask } = {}) => api.request$(method, path, ask) };
};

const provided =
  (makeTransport?: typeof httpClientTransport): Make =>
  (server, issued, options) => {
    const bed = provide(
      provideHttpClient(withNoXsrfProtection(), withFetch()),
      provideApi(
        () => ({ baseUrl: server.origin, ...(makeTransport && { transport: makeTransport() }) }),
        withSession((http) => ({
          store: memoryStore(issued),
          refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
          ...options,
        })),
      ),
    );
    const api = bed.runInInjectionContext(injectApi);
    return {
      session: bed.runInInjectionContext(injectSession),
      send: (path, { method = 'GET', ...ask } = {}) => api.request$(method, path, ask),
    };
  };

const intercepted: Make = (server, issued, options) => {
  const bed = provide(
    provideHttpClient(withNoXsrfProtection(), withFetch(), withInterceptors([sessionInterceptor()])),
    provideApi(
      { baseUrl: server.origin },
      withSession(() => ({
        store: memoryStore(issued),
        // As in the copied interceptor: by the same client.
        refresh: ({ refreshToken }) => http.post<TokenGrant>(server.origin + REFRESH, { refreshToken }),
        ...options,
      })),
    ),
  );
  const http = bed.inject(HttpClient);
  return {
    session: bed.runInInjectionContext(injectSession),
    send: (path, { method = 'GET', auth = true, ...ask } = {}) =>
      http.request(method, new URL(path, server.origin).href, {
        ...ask,
        observe: 'response',
        ...(!auth && { context: withoutSession() }),
      }),
  };
};

/** All ways to send a request. */
export const WAYS: readonly (readonly [name: string, make: Make])[] = [
  ['plain api', plain],
  ['the api of provideApi', provided()],
  ['httpClientTransport', provided(httpClientTransport)],
  ['sessionInterceptor', intercepted],
];

/** The outcome of a request: its response or its error, in the same form for every way. */
export type Outcome =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: string; readonly status?: number };

/** Subscribes, and resolves with the outcome. */
export const outcomeOf = (request$: Observable<unknown>): Promise<Outcome> =>
  lastValueFrom(request$).then(
    // Both types of response have these.
    (response) => ({ status: Object(response).status, body: Object(response).body }),
    (error) => {
      if (error instanceof HttpErrorResponse) return { error: 'status', status: error.status };
      if (isApiError(error, 'status')) return { error: error.code, status: error.status };
      return { error: isApiError(error) ? error.code : String(error) };
    },
  );

/** A client with a token that the server rejects. */
export const createExpiredClient = (
  make: Make,
  server: TestServer,
  options: Partial<SessionOptions> = {},
): SomeClient => {
  const issued = server.issue();
  server.live.delete(issued.accessToken);
  return { issued, ...make(server, issued, options) };
};
