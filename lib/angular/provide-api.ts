import {
  DestroyRef,
  type EnvironmentProviders,
  inject,
  makeEnvironmentProviders,
  NgZone,
  PendingTasks,
} from '@angular/core';
import {
  type Api,
  type ApiOptions,
  createApi,
  createSession,
  type HttpRequest,
  type Interceptor,
  type Session,
  type SessionOptions,
} from 'renewal';
import { catchError, from, isObservable, type ObservableInput } from 'rxjs';
import { hasHost, injectPageRoot, injectPageUrl, toUrl } from './page-url';
import { API, type ApiName, injectApi, injectSession, PROVIDED_API, type ProvidedApi, SESSION } from './provided-api';
import { toApiError } from './to-api-error';
import { zonedRequests } from './zoned-requests';
import { zonedSession } from './zoned-session';

/** What {@link provideApi} can be given beside options: see {@link withSession} and {@link withName}. */
export interface ApiFeature {
  readonly session?: (http: Api) => SessionOptions;
  readonly name?: ApiName;
}

/**
 * A session that the injector makes, and destroys with itself. The options may be a function, called in an injection context with the same client without a
 * session: what `refresh` is to ask through, so that it can not wait for itself. Errors of `HttpClient` are understood too.
 * `onSessionExpired` is called in Angular's zone.
 *
 * @example
 * ```ts
 * withSession((http) => {
 *   const router = inject(Router);
 *   return {
 *     refresh: ({ refreshToken }) => http.post$<TokenGrant>('renew', { refreshToken }),
 *     onSessionExpired: () => router.navigateByUrl('/login'),
 *   };
 * });
 * ```
 */
export const withSession = (options: SessionOptions | ((http: Api) => SessionOptions)): ApiFeature => ({
  session: typeof options === 'function' ? options : () => options,
});

/** Provides the api under a name of its own, beside others: `injectApi(BILLING)`, and not as `API`. */
export const withName = (name: ApiName): ApiFeature => ({ name });

/** Lets a session take the errors of `HttpClient` for what they are, and calls back in Angular's zone. */
const inAngular = (options: SessionOptions, zone: NgZone): SessionOptions => {
  const { refresh, restore, onSessionExpired } = options;
  const fail = (error: unknown): never => {
    throw toApiError(error);
  };
  const understood = <T>(ask: () => ObservableInput<T>): ObservableInput<T> => {
    try {
      const asked = ask();
      // Nothing else comes from `HttpClient`; a native Observable is for `createSession` to take.
      return isObservable(asked) || 'then' in Object(asked) ? from(asked).pipe(catchError(fail)) : asked;
    } catch (error) {
      return fail(error);
    }
  };
  return {
    ...options,
    // What is no function is left for `createSession` to refuse.
    ...(typeof refresh === 'function' && { refresh: (tokens) => understood(() => refresh(tokens)) }),
    ...(restore && { restore: () => understood(restore) }),
    ...(onSessionExpired && { onSessionExpired: (error) => zone.run(() => onSessionExpired(error)) }),
  };
};

const makeApi = (given: ApiOptions | (() => ApiOptions), makeOptions: ApiFeature['session']): ProvidedApi => {
  const zone = inject(NgZone);
  const { session: handedIn, ...options } = typeof given === 'function' ? given() : given;
  if (handedIn && makeOptions) throw new TypeError('session: given twice');
  const page = injectPageUrl();
  // An empty one is none, and one with a scheme is not for a `<base>` to complete.
  const base = options.baseUrl === '' ? undefined : options.baseUrl;
  const isRelative = typeof base === 'string' && !/^\s*[a-z][a-z\d+.-]*:/i.test(base);
  // What is no url is left for `createApi` to refuse.
  const baseUrl = isRelative ? ((page && toUrl(base, page)) ?? base) : base;
  const root = injectPageRoot();
  // What names no host belongs to the page, also if a `<base>` leads elsewhere.
  const ownOrigins = root && !hasHost(`${base ?? ''}`) ? [root] : undefined;
  const allowedOrigins = options.allowedOrigins === undefined ? ownOrigins : options.allowedOrigins;
  /** Without a `baseUrl`, urls are relative to the page, which `createApi` does not see on a server. */
  const ofPage: Interceptor = (request, next) => next({ ...request, url: toUrl(request.url, page) ?? request.url });
  const tasks = inject(PendingTasks);
  const client = (isPrivate: (request: HttpRequest) => boolean | undefined, session?: Session): Api =>
    createApi({
      ...options,
      baseUrl,
      allowedOrigins,
      ...(session && { session }),
      interceptors: [zonedRequests(zone, tasks, isPrivate), ofPage, ...(options.interceptors ?? [])],
    });

  const own = makeOptions?.(client(() => true));
  // A store that it asks may set a timer.
  const made = own && zone.runOutsideAngular(() => createSession(inAngular(own, zone)));
  const session = made ?? handedIn;
  if (made) inject(DestroyRef).onDestroy(() => made.destroy());
  return {
    api: client(({ auth }) => auth && session && session.state.status !== 'signed-out', session),
    session: session && zonedSession(session, zone, tasks),
    allowedOrigins: allowedOrigins ?? (baseUrl === undefined ? undefined : [`${baseUrl}`]),
  };
};

/**
 * Provides a client, and with {@link withSession} a session: `injectApi()` or `API`, `injectSession()` or `SESSION`. Made when first injected, one for each
 * injector it is provided in, so on a server one for each page that is rendered. Options may be a function, called in an injection
 * context. A relative `baseUrl` is relative to the page, on a server too. Wrong options are a `TypeError` when it is first injected.
 *
 * A session in the options is used as it is, and outlives the injector.
 *
 * @example
 * ```ts
 * bootstrapApplication(App, {
 *   providers: [
 *     provideApi(
 *       { baseUrl: '/api/' },
 *       withSession((http) => ({ refresh: ({ refreshToken }) => http.post$<TokenGrant>('renew', { refreshToken }) })),
 *     ),
 *   ],
 * });
 * ```
 */
export const provideApi = (
  options: ApiOptions | (() => ApiOptions),
  ...features: readonly ApiFeature[]
): EnvironmentProviders => {
  const { session, name = PROVIDED_API }: ApiFeature = Object.assign({}, ...features);
  const own = { provide: name, useFactory: () => makeApi(options, session) };
  if (name !== PROVIDED_API) return makeEnvironmentProviders([own]);
  return makeEnvironmentProviders([
    own,
    { provide: API, useFactory: injectApi },
    { provide: SESSION, useFactory: injectSession },
  ]);
};
