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

/** What a request may ask for. */
export interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly body?: Body;
  readonly responseType?: 'json' | 'text' | 'blob' | 'arraybuffer';
  readonly auth?: false;
}

/** One way to send requests with a session: what holds of one holds of all. */
export interface SomeClient {
  readonly issued: Issued;
  readonly session: Session;
  /** Emits the body. A path of the server, or a url. */
  ask(path: string, ask?: Ask): Observable<unknown>;
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
  return { session, ask: (path, { method = 'GET', ...ask } = {}) => api.request$(method, path, ask) };
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
      ask: (path, { method = 'GET', ...ask } = {}) => api.request$(method, path, ask),
    };
  };

const intercepted: Make = (server, issued, options) => {
  const bed = provide(
    provideHttpClient(withNoXsrfProtection(), withFetch(), withInterceptors([sessionInterceptor()])),
    provideApi(
      { baseUrl: server.origin },
      withSession(() => ({
        store: memoryStore(issued),
        // The way of the copied interceptor: by the client that it stands in.
        refresh: ({ refreshToken }) => http.post<TokenGrant>(server.origin + REFRESH, { refreshToken }),
        ...options,
      })),
    ),
  );
  const http = bed.inject(HttpClient);
  return {
    session: bed.runInInjectionContext(injectSession),
    ask: (path, { method = 'GET', auth = true, ...ask } = {}) =>
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

/** What has become of a request: what it answered, or by what it failed, in the same words for every way. */
export type Fate =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: string; readonly status?: number };

/** Subscribes, and tells in the same words what comes of it. */
export const fateOf = (request$: Observable<unknown>): Promise<Fate> =>
  lastValueFrom(request$).then(
    // Both kinds of answer have these.
    (answer) => ({ status: Object(answer).status, body: Object(answer).body }),
    (error) => {
      if (error instanceof HttpErrorResponse) return { error: 'status', status: error.status };
      if (isApiError(error, 'status')) return { error: error.code, status: error.status };
      return { error: isApiError(error) ? error.code : String(error) };
    },
  );

/** A client of the server whose token is dead there. */
export const createDeadClient = (make: Make, server: TestServer, options: Partial<SessionOptions> = {}): SomeClient => {
  const issued = server.issue();
  server.live.delete(issued.accessToken);
  return { issued, ...make(server, issued, options) };
};
