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
import { injectObserveStream, withObserveStream } from './zoned-streams';

/** A feature of {@link provideApi}: see {@link withSession} and {@link withName}. */
export interface ApiFeature {
  readonly session?: (http: Api) => SessionOptions;
  readonly name?: ApiName;
}

/**
 * A session that the injector creates, and destroys with itself. The options may be a function, called in an injection
 * context with the same client without a session: `refresh` sends through it, so that it cannot wait for itself.
 * Errors of `HttpClient` are converted for the session. `onSessionExpired` is called in Angular's zone.
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

/** Provides the api under a name, beside others: `injectApi(BILLING)`, and not as `API`. */
export const withName = (name: ApiName): ApiFeature => ({ name });

/** Converts errors of `HttpClient` for the session, and calls `onSessionExpired` in Angular's zone. */
const adaptOptions = (options: SessionOptions, zone: NgZone): SessionOptions => {
  const { refresh, restore, onSessionExpired } = options;
  const rethrow = (error: unknown): never => {
    throw toApiError(error);
  };
  const withApiErrors = <T>(call: () => ObservableInput<T>): ObservableInput<T> => {
    try {
      const result = call();
      // `HttpClient` leads to no other type. `createSession` converts a native Observable.
      return isObservable(result) || 'then' in Object(result) ? from(result).pipe(catchError(rethrow)) : result;
    } catch (error) {
      return rethrow(error);
    }
  };
  return {
    ...options,
    // `createSession` refuses an option that is not a function.
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
  if (givenSession && toSessionOptions) throw new TypeError('session: pass it once, in options or by withSession()');
  const page = injectPageUrl();
  // An empty url counts as none. A `<base>` does not complete a url with a scheme.
  const base = options.baseUrl === '' ? undefined : options.baseUrl;
  const isRelative = typeof base === 'string' && !/^\s*[a-z][a-z\d+.-]*:/i.test(base);
  // `createApi` refuses an invalid url.
  const baseUrl = isRelative ? ((page && toHttpUrl(base, page)) ?? base) : base;
  const root = injectPageRoot();
  // A url without a host belongs to the page, even if a `<base>` names another origin.
  const pageOrigins = root && !hasHost(`${base ?? ''}`) ? [root] : undefined;
  const allowedOrigins = options.allowedOrigins === undefined ? pageOrigins : options.allowedOrigins;
  /** Without a `baseUrl`, urls are relative to the page, which `createApi` does not know on a server. */
  const resolveOnPage: Interceptor = (request, next) =>
    next({ ...request, url: toHttpUrl(request.url, page) ?? request.url });
  const tasks = inject(PendingTasks);
  const observeStream = injectObserveStream();
  const createClient = (isPrivate: (request: HttpRequest) => boolean | undefined, session?: Session): Api =>
    createApi({
      ...options,
      baseUrl,
      allowedOrigins,
      ...(session && { session }),
      ...withObserveStream(observeStream),
      interceptors: [
        zonedRequests(zone, tasks, isPrivate, observeStream.requests),
        resolveOnPage,
        ...(options.interceptors ?? []),
      ],
    });

  const sessionOptions = toSessionOptions?.(createClient(() => true));
  // A store may set a timer when it is read.
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
 * Provides a client, and with {@link withSession} a session: `injectApi()` or `API`, `injectSession()` or `SESSION`.
 * Both are created when first injected, once for each injector that provides them: on a server, once for each rendered
 * page. Options may be a function, called in an injection context. A relative `baseUrl` is relative to the page, on a
 * server too. Wrong options are a `TypeError` at the first injection.
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
