// Types only: checked by `npm run types`, never run.
import { type } from 'arktype';
import type {
  AnyApiError,
  Api,
  ApiErrorCode,
  ApiEvent,
  ApiOptions,
  BearerOptions,
  Body,
  BusinessError,
  Challenge,
  EnvelopeOptions,
  ExpiryPredicate,
  FetchOptions,
  HeadersInput,
  HttpContext,
  HttpEvent,
  HttpHandler,
  HttpRequest,
  HttpResponse,
  HttpStatusError,
  Interceptor,
  KeepFreshOptions,
  NetworkError,
  OAuthRefreshOptions,
  ParamsInput,
  RefreshError,
  RefreshOptions,
  RefusalPredicate,
  RequestEvent,
  RequestOptions,
  RetryOptions,
  SchemaError,
  SchemaIssue,
  Session,
  SessionOptions,
  SessionState,
  StandardSchemaV1,
  StreamEvent,
  TokenGrant,
  TokenRejectedError,
  TokenStore,
  Tokens,
  Transport,
  WebStorageStoreOptions,
  XsrfOptions,
} from 'renewal';
import {
  ApiError,
  ajaxTransport,
  anyOf,
  bearer,
  bodyCode,
  businessCode,
  clientCredentials,
  createApi,
  createSession,
  envelope,
  fetchTransport,
  HttpContextToken,
  isApiError,
  isRefusal,
  logRequests,
  memoryStore,
  oauthGrant,
  oauthRefresh,
  retryRequests,
  statusCode,
  webStorageStore,
  xsrf,
} from 'renewal';
import type { RecordTimelineOptions } from 'renewal/devtools';
import { EMPTY, map, type Observable, type ObservableInput, of } from 'rxjs';
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import * as z from 'zod';

interface Order {
  readonly id: string;
}

export const requestsEmit = (api: Api): void => {
  for (const get of [api.get$, api.head$, api.options$, api.delete$]) {
    expectTypeOf(get<Order>('/a')).toEqualTypeOf<Observable<Order>>();
    expectTypeOf(get('/a')).toEqualTypeOf<Observable<unknown>>();
  }
  for (const post of [api.post$, api.put$, api.patch$]) {
    expectTypeOf(post<Order>('/a', { id: 1 }, { auth: false })).toEqualTypeOf<Observable<Order>>();
    expectTypeOf(post('/a')).toEqualTypeOf<Observable<unknown>>();
  }
};

export const whatIsAskedForIsInferred = (api: Api): void => {
  const typed: RequestOptions<Order> = {};
  expectTypeOf(api.extend({})).toEqualTypeOf<Api>();
  expectTypeOf(api.get$<Order>('/a', typed)).toEqualTypeOf<Observable<Order>>();
  const order$: Observable<Order> = api.get$('/a');
  expectTypeOf(order$).toEqualTypeOf<Observable<Order>>();
};

export const deletesTakeABody = (api: Api): void => {
  expectTypeOf(api.delete$<Order>('/a', { body: { ids: [1] } })).toEqualTypeOf<Observable<Order>>();
  expectTypeOf(api.delete$('/a', { body: 'text', responseType: 'blob' })).toEqualTypeOf<Observable<Blob>>();
  expectTypeOf(api.delete$('/a', { body: undefined, schema: HAND_MADE })).toEqualTypeOf<Observable<Order>>();
  // @ts-expect-error a bigint has no JSON
  api.delete$('/a', { body: 1n });
  // @ts-expect-error a request of OPTIONS has no body here
  api.options$('/a', { body: {} });
};

export const requestsTakeOptionsForFetch = (api: Api): void => {
  type OfPlatform = Pick<
    RequestInit,
    | 'cache'
    | 'credentials'
    | 'integrity'
    | 'keepalive'
    | 'mode'
    | 'priority'
    | 'redirect'
    | 'referrer'
    | 'referrerPolicy'
  >;
  expectTypeOf<OfPlatform>().toExtend<FetchOptions>();
  expectTypeOf<keyof FetchOptions>().toEqualTypeOf<keyof OfPlatform>();
  expectTypeOf<Optional<FetchOptions>>().toExtend<FetchOptions>();
  api.get$('/a', { fetch: { cache: 'no-store', keepalive: true } });
  // @ts-expect-error the method is not one of them
  api.get$('/a', { fetch: { method: 'POST' } });
  // @ts-expect-error there is no such cache mode
  api.get$('/a', { fetch: { cache: 'never' } });
};

export const requestsTakeASignal = (api: Api, signal: AbortSignal): void => {
  expectTypeOf(api.get$<Order>('/a', { signal })).toEqualTypeOf<Observable<Order>>();
  api.post$('/a', {}, { signal, responseType: 'text' });
  api.request$('GET', '/a', { signal, reportProgress: true });
  // @ts-expect-error a controller is no signal
  api.get$('/a', { signal: new AbortController() });
};

export const wholeAnswers = (api: Api, isProgressWanted: boolean): void => {
  expectTypeOf(api.request$<Order>('GET', '/a')).toEqualTypeOf<Observable<HttpResponse<Order>>>();
  expectTypeOf(api.request$<Order>('POST', '/a', { body: {} })).toEqualTypeOf<Observable<HttpResponse<Order>>>();
  expectTypeOf(api.request$<Order>('GET', '/a', { reportProgress: true })).toEqualTypeOf<
    Observable<HttpEvent<Order>>
  >();
  expectTypeOf(api.request$('GET', '/a', { body: new Blob([]), reportProgress: true })).toEqualTypeOf<
    Observable<HttpEvent>
  >();
  // @ts-expect-error what comes out must be known when it is asked for
  api.request$('GET', '/a', { reportProgress: isProgressWanted });
};

export const theEmittedTypeFollowsResponseType = (api: Api, isText: boolean): void => {
  for (const get of [api.get$, api.head$, api.options$, api.delete$]) {
    expectTypeOf(get('/a', { responseType: 'text' })).toEqualTypeOf<Observable<string>>();
    expectTypeOf(get('/a', { responseType: 'blob', auth: false })).toEqualTypeOf<Observable<Blob>>();
    expectTypeOf(get('/a', { responseType: 'arraybuffer' })).toEqualTypeOf<Observable<ArrayBuffer>>();
    expectTypeOf(get('/a', { responseType: 'stream' })).toEqualTypeOf<Observable<ReadableStream<Uint8Array>>>();
    expectTypeOf(get<Order>('/a', { responseType: 'json' })).toEqualTypeOf<Observable<Order>>();
    expectTypeOf(get<Order>('/a', { responseType: undefined })).toEqualTypeOf<Observable<Order>>();
    expectTypeOf(get('/a', { responseType: isText ? 'text' : 'blob' })).toEqualTypeOf<Observable<string | Blob>>();
    expectTypeOf(get('/a', { responseType: isText ? 'text' : 'json' })).toEqualTypeOf<Observable<unknown>>();
    expectTypeOf(get<string>('/a', { responseType: 'text' })).toEqualTypeOf<Observable<string>>();
    expectTypeOf(get<string | null>('/a', { responseType: 'text' })).toEqualTypeOf<Observable<string | null>>();
    // @ts-expect-error a text is no order
    get<Order>('/a', { responseType: 'text' });
    // @ts-expect-error nor is a file
    get<Order>('/a', { responseType: 'blob' });
    // @ts-expect-error what is wanted is not what comes
    const order$: Observable<Order> = get('/a', { responseType: 'text' });
    expectTypeOf(order$).toEqualTypeOf<Observable<Order>>();
  }
  for (const post of [api.post$, api.put$, api.patch$]) {
    expectTypeOf(post('/a', {}, { responseType: 'text' })).toEqualTypeOf<Observable<string>>();
    expectTypeOf(post('/a', {}, { responseType: 'stream' })).toEqualTypeOf<Observable<ReadableStream<Uint8Array>>>();
    expectTypeOf(post('/a', undefined, { responseType: 'blob' })).toEqualTypeOf<Observable<Blob>>();
    expectTypeOf(post<Order>('/a', {}, { responseType: 'json' })).toEqualTypeOf<Observable<Order>>();
    // @ts-expect-error a text is no order
    post<Order>('/a', {}, { responseType: 'text' });
  }
  expectTypeOf(api.request$('GET', '/a', { responseType: 'text' })).toEqualTypeOf<Observable<HttpResponse<string>>>();
  expectTypeOf(api.request$('GET', '/a', { responseType: 'blob', reportProgress: false })).toEqualTypeOf<
    Observable<HttpResponse<Blob>>
  >();
  expectTypeOf(api.request$('PUT', '/a', { responseType: 'blob', body: {}, reportProgress: true })).toEqualTypeOf<
    Observable<HttpEvent<Blob>>
  >();
  expectTypeOf(api.request$('GET', '/a', { responseType: 'stream' })).toEqualTypeOf<
    Observable<HttpResponse<ReadableStream<Uint8Array>>>
  >();
  // @ts-expect-error a stream has no schema
  api.get$('/a', { responseType: 'stream', schema: HAND_MADE });
  // @ts-expect-error a text is no order
  api.request$<Order>('GET', '/a', { responseType: 'text' });
  // @ts-expect-error with progress neither
  api.request$<Order>('GET', '/a', { responseType: 'text', reportProgress: true });
};

export const aSchemaSaysWhatIsMadeOfAText = (api: Api): void => {
  expectTypeOf(api.get$('/a', { responseType: 'text', schema: VALIBOT })).toEqualTypeOf<Observable<number>>();
  expectTypeOf(api.post$('/a', {}, { responseType: 'blob', schema: HAND_MADE })).toEqualTypeOf<Observable<Order>>();
  expectTypeOf(api.request$('GET', '/a', { responseType: 'text', schema: VALIBOT })).toEqualTypeOf<
    Observable<HttpResponse<number>>
  >();
};

/** As an app wraps a client. */
export const optionsAreHandedOn = <T>(api: Api, options?: RequestOptions<T>): Observable<T>[] => {
  const wide: RequestOptions = { responseType: 'blob' };
  expectTypeOf(api.get$('/a', wide)).toEqualTypeOf<Observable<unknown>>();
  return [api.get$<T>('/a', options), api.get$('/a', options), api.post$<T>('/a', {}, options)];
};

const ZOD = z.object({ id: z.string(), at: z.string().transform((at) => new Date(at)) });
const VALIBOT = v.pipe(
  v.object({ id: v.string() }),
  v.transform(({ id }) => id.length),
);
const ARKTYPE = type({ id: 'string', 'price?': 'number', kind: "'a' | 'b'" });
const HAND_MADE: StandardSchemaV1<unknown, Order> = {
  '~standard': { version: 1, vendor: 'own', validate: async () => ({ issues: [{ message: 'no' }] }) },
};

export const bodiesAreInferredFromSchemas = (api: Api): void => {
  interface Dated {
    id: string;
    at: Date;
  }
  for (const get of [api.get$, api.head$, api.options$, api.delete$]) {
    expectTypeOf(get('/a', { schema: ZOD })).toEqualTypeOf<Observable<Dated>>();
  }
  for (const post of [api.post$, api.put$, api.patch$]) {
    expectTypeOf(post('/a', {}, { schema: ZOD })).toEqualTypeOf<Observable<Dated>>();
  }
  expectTypeOf(api.get$('/a', { schema: z.array(ZOD), params: { page: 2 } })).toEqualTypeOf<Observable<Dated[]>>();
  expectTypeOf(api.get$('/a', { schema: VALIBOT })).toEqualTypeOf<Observable<number>>();
  expectTypeOf(api.get$('/a', { schema: v.nullable(VALIBOT) })).toEqualTypeOf<Observable<number | null>>();
  expectTypeOf(api.get$('/a', { schema: ARKTYPE })).toEqualTypeOf<
    Observable<{ id: string; price?: number; kind: 'a' | 'b' }>
  >();
  expectTypeOf(api.get$('/a', { schema: HAND_MADE })).toEqualTypeOf<Observable<Order>>();
  expectTypeOf(api.request$('GET', '/a', { schema: VALIBOT })).toEqualTypeOf<Observable<HttpResponse<number>>>();
  expectTypeOf(api.request$('POST', '/a', { schema: VALIBOT, body: {}, reportProgress: true })).toEqualTypeOf<
    Observable<HttpEvent<number>>
  >();
};

export const schemasOfTheWrongKind = (api: Api): void => {
  api.get$<Order>('/a', { schema: ZOD });
  // @ts-expect-error the schema makes something else
  api.get$<Order>('/a', { schema: VALIBOT });
  // @ts-expect-error what is wanted is not what the schema makes
  const order$: Observable<Order> = api.get$('/a', { schema: VALIBOT });
  expectTypeOf(order$).toEqualTypeOf<Observable<Order>>();
  // @ts-expect-error a function that parses is no schema
  api.get$('/a', { schema: (body: unknown) => body });
};

export const eventsNarrowByType = (event: HttpEvent<Order>): void => {
  switch (event.type) {
    case 'response':
      expectTypeOf(event).toEqualTypeOf<HttpResponse<Order>>();
      expectTypeOf(event.body).toEqualTypeOf<Order>();
      break;
    case 'upload':
    case 'download':
      expectTypeOf(event.loaded).toEqualTypeOf<number>();
      expectTypeOf(event.total).toEqualTypeOf<number | undefined>();
      break;
    case 'sent':
      expectTypeOf(event).toEqualTypeOf<{ readonly type: 'sent' }>();
      break;
    default:
      expectTypeOf(event).toBeNever();
  }
};

export const bodiesOfManyKinds = (api: Api): void => {
  const bodies: Body[] = [
    { a: 1 },
    [1],
    'text',
    0,
    false,
    null,
    new URLSearchParams(),
    new FormData(),
    new Blob([]),
    new ArrayBuffer(1),
    new Uint8Array(1),
    new ReadableStream(),
  ];
  for (const body of bodies) api.post$('/a', body);
  // @ts-expect-error a bigint has no JSON
  api.post$('/a', 1n);
  // @ts-expect-error a symbol has no JSON
  api.post$('/a', Symbol('a'));
};

export const errorsNarrowByCode = (error: unknown): void => {
  if (isApiError(error, 'status')) {
    expectTypeOf(error).toEqualTypeOf<HttpStatusError>();
    expectTypeOf(error.status).toEqualTypeOf<number>();
    expectTypeOf(error.response).toEqualTypeOf<HttpResponse>();
  }
  if (isApiError(error, 'business')) expectTypeOf(error.businessCode).toEqualTypeOf<number | string>();
  if (isApiError(error, 'refresh')) expectTypeOf(error.retryAfterMs).toEqualTypeOf<number | undefined>();
  if (isApiError(error)) expectTypeOf(error).toExtend<ApiError>();
  if (error instanceof ApiError) expectTypeOf(error.code).toEqualTypeOf<ApiErrorCode>();
  // @ts-expect-error there is no such code
  isApiError(error, 'http');
};

export const errorsSayWhatTheServerSaid = (error: unknown): void => {
  if (isApiError(error, 'status')) expectTypeOf(error.serverMessage).toEqualTypeOf<string | undefined>();
  if (isApiError(error, 'business')) expectTypeOf(error.serverMessage).toEqualTypeOf<string | undefined>();
  if (isApiError(error, 'status')) expectTypeOf(error.challenges).toEqualTypeOf<readonly Challenge[]>();
  expectTypeOf<Challenge>().toEqualTypeOf<{
    readonly scheme: string;
    readonly params: Readonly<Record<string, string>>;
  }>();
  if (isApiError(error)) expectTypeOf(error).toEqualTypeOf<AnyApiError>();
};

export const errorsAreAUnionByCode = (error: unknown): string | undefined => {
  if (!isApiError(error)) return undefined;
  expectTypeOf<typeof error.code>().toEqualTypeOf<ApiErrorCode>();
  expectTypeOf(error.request).toEqualTypeOf<HttpRequest | undefined>();
  switch (error.code) {
    case 'status':
      expectTypeOf(error).toEqualTypeOf<HttpStatusError>();
      return `${error.status}`;
    case 'business':
      expectTypeOf(error).toEqualTypeOf<BusinessError>();
      return `${error.businessCode}`;
    case 'refresh':
      expectTypeOf(error).toEqualTypeOf<RefreshError>();
      return `${error.retryAfterMs}`;
    case 'token-rejected':
      expectTypeOf(error).toEqualTypeOf<TokenRejectedError>();
      return `${error.response.status}`;
    case 'network':
      expectTypeOf(error).toExtend<NetworkError>();
      return undefined;
    case 'parse':
      expectTypeOf(error.response).toEqualTypeOf<HttpResponse>();
      return undefined;
    case 'schema':
      expectTypeOf(error).toEqualTypeOf<SchemaError>();
      expectTypeOf(error.issues).toEqualTypeOf<readonly SchemaIssue[]>();
      return undefined;
    case 'timeout':
    case 'session-expired':
    case 'signed-out':
    case 'request':
    case 'body-not-replayable':
      return undefined;
    default:
      expectTypeOf(error).toBeNever();
      return undefined;
  }
};

export const statesNarrowByStatus = (state: SessionState): unknown => {
  expectTypeOf(state.generation).toEqualTypeOf<number>();
  switch (state.status) {
    case 'active':
      expectTypeOf(state.tokens).toEqualTypeOf<Tokens>();
      return undefined;
    case 'expired':
      expectTypeOf(state.tokens).toEqualTypeOf<Tokens>();
      expectTypeOf(state.error).toEqualTypeOf<RefreshError | undefined>();
      return undefined;
    case 'refreshing':
      expectTypeOf(state.tokens).toEqualTypeOf<Tokens>();
      expectTypeOf(state.rejected).toEqualTypeOf<boolean>();
      return undefined;
    case 'signed-out':
      expectTypeOf(state.reason).toEqualTypeOf<'none' | 'sign-out' | 'session-expired'>();
      // @ts-expect-error a signed-out session has no tokens
      return state.tokens;
    case 'loading':
      // @ts-expect-error a session that is loading has none either
      return state.tokens;
    default:
      expectTypeOf(state).toBeNever();
      return undefined;
  }
};

export const whatSessionsGive = (session: Session, state: SessionState): void => {
  expectTypeOf(session.state).toEqualTypeOf<SessionState>();
  expectTypeOf(session.state$).toEqualTypeOf<Observable<SessionState>>();
  expectTypeOf(session.signIn).toEqualTypeOf<(grant: TokenGrant) => Promise<void>>();
  expectTypeOf(session.signOut).toEqualTypeOf<() => Promise<void>>();
  expectTypeOf(session.refresh$()).toEqualTypeOf<Observable<Tokens>>();
  expectTypeOf(session.accessToken$()).toEqualTypeOf<Observable<string>>();
  expectTypeOf(session.destroy()).toEqualTypeOf<void>();
  // @ts-expect-error only the session changes its state
  session.state = state;
};

export const refreshesOfManyKinds = (http: Api): void => {
  const refreshes: SessionOptions['refresh'][] = [
    ({ refreshToken }) => http.post$<TokenGrant>('/renew', { refreshToken }),
    () => of({ accessToken: 'a', refreshToken: undefined, expiresInMs: undefined }),
    () => Promise.resolve({ accessToken: 'a', refreshToken: 'r', expiresInMs: 1 }),
    async () => ({ accessToken: 'a' }),
    () => [{ accessToken: 'a' }],
    oauthRefresh(http, { url: '/token', clientId: 'shop', clientSecret: 's', scope: 'all' }),
  ];
  for (const refresh of refreshes) createSession({ refresh });
  const credentials = clientCredentials(http, { url: '/token', clientId: 'shop', clientSecret: 's' });
  expectTypeOf(credentials).toEqualTypeOf<Pick<SessionOptions, 'refresh' | 'restore' | 'isRefused'>>();
  createSession({ ...credentials, refreshRetries: 1 });
  createSession({ refresh: () => http.post$('/token').pipe(map((body) => oauthGrant(body))) });
  expectTypeOf(oauthGrant).toEqualTypeOf<(body: unknown) => TokenGrant>();
  // @ts-expect-error a grant has an access token
  createSession({ refresh: () => of({ token: 'a' }) });
  // @ts-expect-error a grant is not the token alone
  createSession({ refresh: () => Promise.resolve('a') });
};

export const storesOfManyKinds = (tokens: Tokens): void => {
  expectTypeOf(memoryStore({ accessToken: 'a' })).toEqualTypeOf<TokenStore>();
  expectTypeOf(webStorageStore({ key: 'k' })).toEqualTypeOf<TokenStore>();
  const stores: TokenStore[] = [
    { load: () => null, save: () => {}, clear: () => {} },
    { load: async () => tokens, save: async () => {}, clear: async () => {}, exclusive: (work) => work },
  ];
  for (const store of stores) createSession({ refresh: () => EMPTY, store });
  // @ts-expect-error both names are needed
  webStorageStore({ keys: { accessToken: 'a' } });
  // @ts-expect-error a store has to forget, too
  createSession({ refresh: () => EMPTY, store: { load: () => null, save: () => {} } });
  // @ts-expect-error what is kept is read only
  tokens.accessToken = 'b';
};

export const predicates = (): void => {
  expectTypeOf(anyOf(bodyCode(1002), bodyCode('E1'), statusCode(401, 419))).toEqualTypeOf<ExpiryPredicate>();
  expectTypeOf(bodyCode(1002)).toExtend<ExpiryPredicate>();
  expectTypeOf(statusCode(401)).toExtend<ExpiryPredicate>();
  expectTypeOf(bodyCode(1002, '1003')).toEqualTypeOf<(response: HttpResponse) => boolean>();
  expectTypeOf(businessCode(1003, 'E1')).toEqualTypeOf<(error: unknown) => boolean>();
  // @ts-expect-error a status is a number
  statusCode('401');
};

export const predicatesCompose = (error: unknown): void => {
  const isOffline = (failure: unknown): boolean => isApiError(failure, 'network');
  expectTypeOf(anyOf(isRefusal, businessCode(1003))).toEqualTypeOf<RefusalPredicate>();
  expectTypeOf(anyOf(businessCode(1003), isRefusal, isOffline)).toEqualTypeOf<RefusalPredicate>();
  expectTypeOf(isRefusal(error)).toEqualTypeOf<boolean>();
  expectTypeOf(isRefusal(error, statusCode(419))).toEqualTypeOf<boolean>();
  type OnSignOut = NonNullable<SessionOptions['onSignOut']>;
  expectTypeOf<OnSignOut>().toEqualTypeOf<(tokens: Tokens) => ObservableInput<unknown>>();
  expectTypeOf<NonNullable<SessionOptions['isRefused']>>().toEqualTypeOf<RefusalPredicate>();
  for (const isRefused of [
    isRefusal,
    isOffline,
    businessCode(1003),
    anyOf(isRefusal, businessCode(1003)),
    anyOf(isRefusal, (failure) => failure === 7),
  ]) {
    createSession({ refresh: () => EMPTY, isRefused });
  }
  createSession({ refresh: () => EMPTY, isRefused: (failure, isExpired) => isRefusal(failure, isExpired) });
  createSession({
    refresh: () => EMPTY,
    isExpired: anyOf(bodyCode(1002), (response, request) => response.url !== request.url),
  });
  // @ts-expect-error a predicate of responses says nothing of errors
  createSession({ refresh: () => EMPTY, isRefused: anyOf(bodyCode(1002), statusCode(401)) });
  // @ts-expect-error errors and responses do not mix
  anyOf(isRefusal, statusCode(401));
};

export const interceptorsAndTransports = (session: Session): void => {
  const tenant: Interceptor = (request, next) => next({ ...request, headers: { ...request.headers, 'x-tenant': '7' } });
  expectTypeOf(envelope()).toEqualTypeOf<Interceptor>();
  const often: RetryOptions = { attempts: 5, delayMs: 1, maxDelayMs: 2, methods: ['POST'], statuses: [500] };
  const named: XsrfOptions = { cookieName: 'csrf', headerName: 'x-csrf' };
  expectTypeOf(retryRequests(often)).toEqualTypeOf<Interceptor>();
  expectTypeOf(xsrf(named)).toEqualTypeOf<Interceptor>();
  expectTypeOf(logRequests((line) => line.toUpperCase())).toEqualTypeOf<Interceptor>();
  // @ts-expect-error a log has to be written somewhere
  logRequests();
  expectTypeOf(bearer(session, { allowedOrigins: ['https://h.test'] })).toEqualTypeOf<Interceptor>();
  expectTypeOf(ajaxTransport()).toEqualTypeOf<Transport>();
  expectTypeOf(fetchTransport({ fetch })).toEqualTypeOf<Transport>();
  expectTypeOf<Transport>().toEqualTypeOf<HttpHandler>();
  createApi({
    interceptors: [tenant, envelope()],
    transport: ajaxTransport({ createXHR: () => new XMLHttpRequest() }),
  });
  expectTypeOf<EnvelopeOptions['successCode']>().toEqualTypeOf<number | undefined>();
  // @ts-expect-error an interceptor answers with events, not with a body
  createApi({ interceptors: [() => of('body')] });
};

export const requestsAreReadOnly = (request: HttpRequest): void => {
  // @ts-expect-error an interceptor hands on a changed copy
  request.url = '/b';
  // @ts-expect-error of the headers as well
  request.headers.a = 'b';
};

export const contexts = (context: HttpContext): void => {
  const LIST = new HttpContextToken<string[]>(() => []);
  expectTypeOf(context.get(LIST)).toEqualTypeOf<string[]>();
  expectTypeOf(context.set(LIST, ['a'])).toEqualTypeOf<HttpContext>();
  // @ts-expect-error a value is of its token's type
  context.set(LIST, [1]);
};

export const whatHappens = (event: ApiEvent): void => {
  if (event.type === 'request') {
    expectTypeOf(event).toEqualTypeOf<RequestEvent>();
    expectTypeOf(event.error).toEqualTypeOf<ApiErrorCode | 'unknown' | undefined>();
  }
  if (event.type === 'stream') {
    expectTypeOf(event).toEqualTypeOf<StreamEvent>();
    expectTypeOf(event.phase).toEqualTypeOf<'opened' | 'events' | 'reconnecting' | 'ended'>();
  }
  if (event.type === 'refresh') expectTypeOf(event.phase).toEqualTypeOf<'started' | 'succeeded' | 'failed'>();
  if (event.type === 'warning') expectTypeOf(event.message).toEqualTypeOf<string>();
  expectTypeOf(event.type).toEqualTypeOf<'request' | 'stream' | 'refresh' | 'session' | 'warning'>();
};

export const urls = (api: Api): void => {
  expectTypeOf(api.get$<Order>(new URL('https://h.test'))).toEqualTypeOf<Observable<Order>>();
  expectTypeOf(api.get$(new URL('https://h.test'), { responseType: 'text' })).toEqualTypeOf<Observable<string>>();
  api.post$(new URL('https://h.test'), {});
  api.request$('GET', new URL('https://h.test'), { reportProgress: true });
  createApi({ baseUrl: new URL('https://h.test') });
};

export const headers = (api: Api, given: Headers): void => {
  const inputs: HeadersInput[] = [
    { a: '1', b: null, c: undefined },
    given,
    new Map([['a', '1']]),
    [['a', '1']],
    Object.entries({ a: '1' }),
  ];
  for (const each of inputs) api.extend({ headers: each }).get$('/a', { headers: each });
  // @ts-expect-error a text is no headers
  api.get$('/a', { headers: 'a: 1' });
  // @ts-expect-error an object is no value
  api.get$('/a', { headers: { a: {} } });
};

export const paramsOfAnInterface = (api: Api): void => {
  interface Filter {
    page: number;
    tags?: readonly string[];
    open?: boolean | null;
  }
  const filter: Filter = { page: 1 };
  const inputs: ParamsInput[] = [filter, new Map([['a', '1']]), [['a', '1']], new URLSearchParams(), { a: [1, null] }];
  for (const each of inputs) api.get$('/a', { params: each });
  api.get$<Order>('/a', { params: filter });
  api.get$('/a', { params: filter, schema: HAND_MADE });
  api.get$('/a', { params: filter, responseType: 'text' });
  api.request$('GET', '/a', { params: filter, reportProgress: true });
  // @ts-expect-error a text is no params
  api.get$('/a', { params: 'a=1' });
  // @ts-expect-error a nested object has no place in a query
  api.get$<Order>('/a', { params: { a: { b: 1 } } });
};

/**
 * What is optional may be passed as `undefined`, also under `exactOptionalPropertyTypes`; fails to compile for a member
 * that may not.
 */
type Optional<T> = { [Key in keyof T as object extends Pick<T, Key> ? Key : never]-?: undefined };

export const undefinedIsTheSameAsLeftOut = (api: Api, session: Session, url: string | undefined): void => {
  createApi({ baseUrl: url });
  expectTypeOf<Optional<ApiOptions>>().toExtend<ApiOptions>();
  expectTypeOf<Optional<RequestOptions<Order>>>().toExtend<RequestOptions<Order>>();
  expectTypeOf<Optional<SessionOptions>>().toExtend<Omit<SessionOptions, 'refresh'>>();
  expectTypeOf<Optional<BearerOptions>>().toExtend<BearerOptions>();
  expectTypeOf<Optional<OAuthRefreshOptions>>().toExtend<Omit<OAuthRefreshOptions, 'url' | 'clientId'>>();
  expectTypeOf<Optional<WebStorageStoreOptions>>().toExtend<WebStorageStoreOptions>();
  expectTypeOf<Optional<EnvelopeOptions>>().toExtend<EnvelopeOptions>();
  expectTypeOf<Optional<RetryOptions>>().toExtend<RetryOptions>();
  expectTypeOf<Optional<XsrfOptions>>().toExtend<XsrfOptions>();
  expectTypeOf<Optional<KeepFreshOptions>>().toExtend<KeepFreshOptions>();
  expectTypeOf<Optional<RefreshOptions>>().toExtend<RefreshOptions>();
  expectTypeOf<Optional<RecordTimelineOptions>>().toExtend<RecordTimelineOptions>();
  expectTypeOf<Optional<TokenStore>>().toExtend<Pick<TokenStore, 'changes$' | 'exclusive'>>();
  expectTypeOf<Optional<TokenGrant>>().toExtend<Omit<TokenGrant, 'accessToken'>>();
  api.request$('GET', '/a', { body: undefined, reportProgress: undefined });
  api.post$('/a', undefined, undefined);
  session.keepFresh$({ whileHidden: undefined });
  session.refresh$({ rejected: undefined, force: undefined });
};

export const sessions = (api: Api, session: Session): void => {
  expectTypeOf(session.update({ accessToken: 'T2', extras: { user: 'ann' } })).toEqualTypeOf<Promise<void>>();
  expectTypeOf<Tokens['extras']>().toEqualTypeOf<Readonly<Record<string, unknown>> | undefined>();
  expectTypeOf<Extract<SessionState, { status: 'expired' }>['retryAtMs']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<RefreshError['retryAtMs']>().toEqualTypeOf<number | undefined>();
  api.get$('/poll', { renew: false });
  // @ts-expect-error a poll that must not renew says so by a boolean
  api.get$('/poll', { renew: 'no' });
  const sign = async (request: HttpRequest): Promise<HttpRequest> => request;
  expectTypeOf(sign).toExtend<NonNullable<SessionOptions['authorize']>>();
};

export const params = (api: Api): void => {
  api.get$('/a', { params: { a: 1, b: 'x', c: true, d: null, e: undefined, f: [1, 'x', false] } });
  api.get$('/a', { params: new URLSearchParams() });
  // @ts-expect-error an object has no place in a query
  api.get$('/a', { params: { a: {} } });
  // @ts-expect-error nor has a date
  api.get$('/a', { params: { a: new Date() } });
};

export const wrongOptions = (api: Api): void => {
  // @ts-expect-error refresh is required
  createSession({});
  // @ts-expect-error a duration is a number
  createApi({ timeoutMs: '5' });
  // @ts-expect-error origins come in a list
  createApi({ allowedOrigins: 'https://h.test' });
  // @ts-expect-error there is no such option
  createApi({ baseURL: 'https://h.test' });
  // @ts-expect-error there is no such option
  api.get$('/a', { retries: 3 });
  // @ts-expect-error a GET has no body
  api.get$('/a', { body: {} });
  // @ts-expect-error progress is for request$
  api.get$('/a', { reportProgress: true });
  // @ts-expect-error there is no such type
  api.get$('/a', { responseType: 'document' });
};
