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
import { hasHost, injectPageRoot, injectPageUrl, toHttpUrl } from './page-url';
import { API, type ApiName, injectApi, injectSession, PROVIDED_API, type ProvidedApi, SESSION } from './provided-api';
import { toApiError } from './to-api-error';
import { zonedRequests } from './zone';
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
const adaptOptions = (options: SessionOptions, zone: NgZone): SessionOptions => {
  const { refresh, restore, onSessionExpired } = options;
  const rethrow = (error: unknown): never => {
    throw toApiError(error);
  };
  const withApiErrors = <T>(call: () => ObservableInput<T>): ObservableInput<T> => {
    try {
      const result = call();
      // Nothing else comes from `HttpClient`; a native Observable is for `createSession` to take.
      return isObservable(result) || 'then' in Object(result) ? from(result).pipe(catchError(rethrow)) : result;
    } catch (error) {
      return rethrow(error);
    }
  };
  return {
    ...options,
    // What is no function is left for `createSession` to refuse.
    ...(typeof refresh === 'function' && { refresh: (tokens) => withApiErrors(() => refresh(tokens)) }),
    ...(restore && { restore: () => withApiErrors(restore) }),
    ...(onSessionExpired && { onSessionExpired: (error) => zone.run(() => onSessionExpired(error)) }),
  };
};

const createProvidedApi = (
  given: ApiOptions | (() => ApiOptions),
  toSessionOptions: ApiFeature['session'],
): ProvidedApi => {
  const zone = inject(NgZone);
  const { session: givenSession, ...options } = typeof given === 'function' ? given() : given;
  if (givenSession && toSessionOptions) throw new TypeError('session: given twice');
  const page = injectPageUrl();
  // An empty one is none, and one with a scheme is not for a `<base>` to complete.
  const base = options.baseUrl === '' ? undefined : options.baseUrl;
  const isRelative = typeof base === 'string' && !/^\s*[a-z][a-z\d+.-]*:/i.test(base);
  // What is no url is left for `createApi` to refuse.
  const baseUrl = isRelative ? ((page && toHttpUrl(base, page)) ?? base) : base;
  const root = injectPageRoot();
  // What names no host belongs to the page, also if a `<base>` leads elsewhere.
  const pageOrigins = root && !hasHost(`${base ?? ''}`) ? [root] : undefined;
  const allowedOrigins = options.allowedOrigins === undefined ? pageOrigins : options.allowedOrigins;
  /** Without a `baseUrl`, urls are relative to the page, which `createApi` does not see on a server. */
  const resolveOnPage: Interceptor = (request, next) =>
    next({ ...request, url: toHttpUrl(request.url, page) ?? request.url });
  const tasks = inject(PendingTasks);
  const createClient = (isPrivate: (request: HttpRequest) => boolean | undefined, session?: Session): Api =>
    createApi({
      ...options,
      baseUrl,
      allowedOrigins,
      ...(session && { session }),
      interceptors: [zonedRequests(zone, tasks, isPrivate), resolveOnPage, ...(options.interceptors ?? [])],
    });

  const sessionOptions = toSessionOptions?.(createClient(() => true));
  // A store that it asks may set a timer.
  const ownSession = sessionOptions && zone.runOutsideAngular(() => createSession(adaptOptions(sessionOptions, zone)));
  const session = ownSession ?? givenSession;
  if (ownSession) inject(DestroyRef).onDestroy(() => ownSession.destroy());
  return {
    api: createClient(({ auth }) => auth && session && session.state.status !== 'signed-out', session),
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
  const provider = { provide: name, useFactory: () => createProvidedApi(options, session) };
  if (name !== PROVIDED_API) return makeEnvironmentProviders([provider]);
  return makeEnvironmentProviders([
    provider,
    { provide: API, useFactory: injectApi },
    { provide: SESSION, useFactory: injectSession },
  ]);
};
