// The public declarations. `npm run api` writes this file: do not edit it.
import type { Observable, ObservableInput } from 'rxjs';

interface Agents {
  readonly http?: object | undefined;
  readonly https?: object | undefined;
}

export interface AjaxTransportOptions {
  readonly createXHR?: (() => PlatformXHR) | undefined;
  readonly agents?: Agents | undefined;
  readonly maxResponseBytes?: number | undefined;
}

export type AnyApiError = ApiErrors[ApiErrorCode];

export interface Api {
  get$: Get;
  head$: Get;
  options$: Get;
  delete$: Delete;
  post$: Post;
  put$: Post;
  patch$: Post;
  request$: SendRequest;
  extend(options: ApiOptions): Api;
  readonly events$: Observable<ApiEvent>;
}

export declare abstract class ApiError extends Error {
  abstract readonly code: ApiErrorCode;
  readonly request?: HttpRequest;
  readonly response?: HttpResponse;
  constructor(what: string, { request, response, cause }?: ErrorDetails);
}

export type ApiErrorCode = keyof ApiErrors;

interface ApiErrors {
  status: HttpStatusError;
  network: NetworkError;
  timeout: RequestTimeoutError;
  parse: ResponseParseError;
  schema: SchemaError;
  business: BusinessError;
  refresh: RefreshError;
  'session-expired': SessionExpiredError;
  'signed-out': SignedOutError;
  request: InvalidRequestError;
  'token-rejected': TokenRejectedError;
  'body-not-replayable': BodyNotReplayableError;
}

export type ApiEvent = RequestEvent | StreamEvent | RefreshEvent | SessionEvent | WarningEvent;

export interface ApiOptions {
  baseUrl?: string | URL | undefined;
  session?: Session | undefined;
  interceptors?: readonly Interceptor[] | undefined;
  transport?: Transport | undefined;
  headers?: HeadersInput | undefined;
  timeoutMs?: number | undefined;
  withCredentials?: boolean | undefined;
  allowedOrigins?: readonly string[] | undefined;
}

export interface BearerOptions {
  readonly allowedOrigins?: readonly string[] | undefined;
}

interface Bodies {
  text: string;
  blob: Blob;
  arraybuffer: ArrayBuffer;
  stream: ReadableStream<Uint8Array>;
}

export type Body =
  | object
  | string
  | number
  | boolean
  | null
  | URLSearchParams
  | FormData
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream;

export declare class BodyNotReplayableError extends ApiError {
  readonly code = 'body-not-replayable';
  get name(): string;
}

export declare class BusinessError extends ApiError {
  readonly code = 'business';
  readonly response: HttpResponse;
  readonly businessCode: number | string;
  readonly serverMessage: string | undefined;
  constructor(request: HttpRequest, response: HttpResponse, businessCode: number | string, message?: string);
  get name(): string;
}

export interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

interface CommonOptions {
  headers?: HeadersInput | undefined;
  params?: ParamsInput | undefined;
  timeoutMs?: number | undefined;
  withCredentials?: boolean | undefined;
  auth?: boolean | undefined;
  renew?: boolean | undefined;
  signal?: AbortSignal | undefined;
  fetch?: FetchOptions | undefined;
  context?: HttpContext | undefined;
}

interface Delete extends Get {
  <Type extends keyof Bodies>(url: string | URL, options: TypedOptions<Type> & WithBody): Observable<Bodies[Type]>;
  <T>(url: string | URL, options: SchemaOptions<T> & WithBody): Observable<T>;
  <T>(url: string | URL, options?: RequestOptions<T> & WithBody): Observable<T>;
}

export interface EnvelopeOptions {
  readonly successCode?: number | undefined;
  readonly code?: string | undefined;
  readonly data?: string | undefined;
  readonly message?: string | undefined;
}

interface ErrorDetails {
  readonly request?: HttpRequest | undefined;
  readonly response?: HttpResponse | undefined;
  readonly cause?: unknown;
}

export type ExpiryPredicate = (response: HttpResponse, request: HttpRequest) => boolean;

export interface FetchOptions {
  readonly cache?: 'default' | 'force-cache' | 'no-cache' | 'no-store' | 'only-if-cached' | 'reload' | undefined;
  readonly credentials?: 'include' | 'omit' | 'same-origin' | undefined;
  readonly integrity?: string | undefined;
  readonly keepalive?: boolean | undefined;
  readonly mode?: 'cors' | 'navigate' | 'no-cors' | 'same-origin' | undefined;
  readonly priority?: 'auto' | 'high' | 'low' | undefined;
  readonly redirect?: 'error' | 'follow' | 'manual' | undefined;
  readonly referrer?: string | undefined;
  readonly referrerPolicy?:
    | ''
    | 'no-referrer'
    | 'no-referrer-when-downgrade'
    | 'origin'
    | 'origin-when-cross-origin'
    | 'same-origin'
    | 'strict-origin'
    | 'strict-origin-when-cross-origin'
    | 'unsafe-url'
    | undefined;
}

export interface FetchTransportOptions {
  readonly fetch?: typeof fetch | undefined;
  readonly maxResponseBytes?: number | undefined;
}

interface Get {
  <Type extends keyof Bodies>(url: string | URL, options: TypedOptions<Type>): Observable<Bodies[Type]>;
  <T>(url: string | URL, options: SchemaOptions<T>): Observable<T>;
  <T>(url: string | URL, options?: RequestOptions<T>): Observable<T>;
}

export type HeadersInput =
  | Readonly<Record<string, string | null | undefined>>
  | Headers
  | Iterable<readonly [string, string]>;

export declare class HttpContext {
  #private;
  constructor(from?: HttpContext);
  protected [VALUES](): Values | undefined;
  set<T>(token: HttpContextToken<T>, value: T): this;
  get<T>(token: HttpContextToken<T>): T;
}

export declare class HttpContextToken<T> {
  readonly defaultValue: () => T;
  constructor(defaultValue: () => T);
}

export type HttpEvent<T = unknown> = HttpSentEvent | HttpProgressEvent | HttpResponse<T>;

export type HttpHandler = (request: HttpRequest) => Observable<HttpEvent>;

export interface HttpProgressEvent {
  readonly type: 'upload' | 'download';
  readonly loaded: number;
  readonly total?: number;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly responseType: ResponseType;
  readonly timeoutMs: number;
  readonly withCredentials: boolean;
  readonly reportProgress: boolean;
  readonly auth: boolean;
  readonly renew: boolean;
  readonly cache?: 'reload';
  readonly fetch?: FetchOptions;
  readonly context: HttpContext;
}

export interface HttpResponse<T = unknown> {
  readonly type: 'response';
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly body: T;
}

export interface HttpSentEvent {
  readonly type: 'sent';
}

export declare class HttpStatusError extends ApiError {
  readonly code = 'status';
  readonly response: HttpResponse;
  readonly status: number;
  constructor(request: HttpRequest, response: HttpResponse);
  get serverMessage(): string | undefined;
  get challenges(): readonly Challenge[];
  get name(): string;
}

export type Interceptor = (request: HttpRequest, next: HttpHandler) => Observable<HttpEvent>;

interface InterfaceObject {
  toString(): string;
}

export declare class InvalidRequestError extends ApiError {
  readonly code = 'request';
  get name(): string;
}

export interface KeepFreshOptions {
  readonly whileHidden?: boolean | undefined;
}

export interface MemoryStoreOptions {
  readonly name?: string | undefined;
}

export declare class NetworkError extends ApiError {
  readonly code = 'network';
  get name(): string;
}

export interface OAuthRefreshOptions {
  readonly url: string | URL;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly scope?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
}

export type Param = string | number | boolean | null | undefined;

export type ParamsInput =
  | Readonly<Record<string, Param | readonly Param[]>>
  | URLSearchParams
  | Iterable<readonly [string, string]>
  | (object & InterfaceObject);

type PlatformStorage = typeof globalThis extends {
  Storage: {
    prototype: infer Declared;
  };
}
  ? Declared
  : StorageLike;

type PlatformXHR = typeof globalThis extends {
  XMLHttpRequest: {
    prototype: infer XHR;
  };
}
  ? XHR
  : object;

interface Post {
  <Type extends keyof Bodies>(
    url: string | URL,
    body: Body | undefined,
    options: TypedOptions<Type>,
  ): Observable<Bodies[Type]>;
  <T>(url: string | URL, body: Body | undefined, options: SchemaOptions<T>): Observable<T>;
  <T>(url: string | URL, body?: Body, options?: RequestOptions<T>): Observable<T>;
}

interface Poster {
  post$<T>(
    url: string | URL,
    body?: Body,
    options?: {
      auth?: boolean;
    },
  ): Observable<T>;
}

export declare class RefreshError extends ApiError {
  readonly code = 'refresh';
  readonly retryAfterMs?: number;
  readonly retryAtMs?: number;
  constructor(cause?: unknown, retryAfterMs?: number, retryAtMs?: number);
  get name(): string;
}

export interface RefreshEvent extends Timed {
  readonly type: 'refresh';
  readonly phase: 'started' | 'succeeded' | 'failed';
  readonly refreshId: number;
  readonly generation: number;
  readonly waiting: number;
  readonly kind?: RefreshFailure;
  readonly status?: number;
  readonly final?: boolean;
}

export type RefreshFailure = ApiErrorCode | 'malformed' | 'unknown';

export interface RefreshOptions {
  readonly rejected?: string | undefined;
  readonly force?: boolean | undefined;
}

export type RefusalPredicate = (error: unknown, isExpired: (response: HttpResponse) => boolean) => boolean;

export interface RequestEvent {
  readonly type: 'request';
  readonly phase: 'queued' | 'waiting' | 'sent' | 'token-expired' | 'resent' | 'settled' | 'cancelled';
  readonly requestId: number;
  readonly method: string;
  readonly url: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly generation?: number;
  readonly refreshId?: number | undefined;
  readonly status?: number;
  readonly error?: ApiErrorCode | 'unknown';
  readonly durationMs?: number;
}

export interface RequestOptions<T = unknown> extends CommonOptions {
  responseType?: ResponseTypeOf<T> | undefined;
  schema?: StandardSchemaV1<unknown, T> | undefined;
}

export declare class RequestTimeoutError extends ApiError {
  readonly code = 'timeout';
  get name(): string;
}

export declare class ResponseParseError extends ApiError {
  readonly code = 'parse';
  readonly response: HttpResponse;
  get name(): string;
}

export type ResponseType = 'json' | 'text' | 'blob' | 'arraybuffer' | 'stream';

type ResponseTypeOf<T> =
  | 'json'
  | {
      [Type in keyof Bodies]: Bodies[Type] extends T ? Type : never;
    }[keyof Bodies];

export interface RetryOptions {
  readonly attempts?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly statuses?: readonly number[] | undefined;
}

export declare class SchemaError extends ApiError {
  readonly code = 'schema';
  readonly response: HttpResponse;
  readonly issues: readonly SchemaIssue[];
  constructor(request: HttpRequest, response: HttpResponse, issues: readonly SchemaIssue[]);
  get name(): string;
}

export interface SchemaIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}

interface SchemaOptions<T> extends CommonOptions {
  responseType?: Exclude<ResponseType, 'stream'> | undefined;
  schema: StandardSchemaV1<unknown, T>;
}

type SchemaResult<Output> =
  | {
      readonly value: Output;
      readonly issues?: undefined;
    }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?:
          | readonly (
              | PropertyKey
              | {
                  readonly key: PropertyKey;
                }
            )[]
          | undefined;
      }[];
    };

interface SendRequest {
  <Type extends keyof Bodies>(
    method: string,
    url: string | URL,
    options: TypedOptions<Type> & WithProgress,
  ): Observable<HttpEvent<Bodies[Type]>>;
  <Type extends keyof Bodies>(
    method: string,
    url: string | URL,
    options: TypedOptions<Type> & WithoutProgress,
  ): Observable<HttpResponse<Bodies[Type]>>;
  <T>(method: string, url: string | URL, options: SchemaOptions<T> & WithProgress): Observable<HttpEvent<T>>;
  <T>(method: string, url: string | URL, options: SchemaOptions<T> & WithoutProgress): Observable<HttpResponse<T>>;
  <T>(method: string, url: string | URL, options: RequestOptions<T> & WithProgress): Observable<HttpEvent<T>>;
  <T>(method: string, url: string | URL, options?: RequestOptions<T> & WithoutProgress): Observable<HttpResponse<T>>;
}

export interface Session {
  readonly state: SessionState;
  readonly state$: Observable<SessionState>;
  signIn(grant: TokenGrant): Promise<void>;
  update(grant: TokenGrant): Promise<void>;
  signOut(): Promise<void>;
  refresh$(options?: RefreshOptions): Observable<Tokens>;
  accessToken$(): Observable<string>;
  keepFresh$(options?: KeepFreshOptions): Observable<Tokens>;
  destroy(): void;
}

export interface SessionEvent extends Timed {
  readonly type: 'session';
  readonly phase: 'signed-in' | 'signed-out' | 'session-expired' | 'updated' | 'adopted';
  readonly generation: number;
}

export declare class SessionExpiredError extends ApiError {
  readonly code = 'session-expired';
  get name(): string;
}

export interface SessionOptions {
  refresh: (tokens: Tokens) => ObservableInput<TokenGrant>;
  store?: TokenStore | undefined;
  restore?: (() => ObservableInput<TokenGrant>) | undefined;
  isExpired?: ExpiryPredicate | undefined;
  isRefused?: RefusalPredicate | undefined;
  authorize?: ((request: HttpRequest, tokens: Tokens) => HttpRequest | ObservableInput<HttpRequest>) | undefined;
  refreshTimeoutMs?: number | undefined;
  refreshRetries?: number | undefined;
  refreshAheadMs?: number | undefined;
  releaseConcurrency?: number | undefined;
  onSessionExpired?: ((error: SessionExpiredError) => void) | undefined;
  onSignOut?: ((tokens: Tokens) => ObservableInput<unknown>) | undefined;
}

export type SessionState = {
  readonly generation: number;
} & (
  | {
      readonly status: 'loading';
    }
  | {
      readonly status: 'signed-out';
      readonly reason: 'none' | 'sign-out' | 'session-expired';
    }
  | {
      readonly status: 'active';
      readonly tokens: Tokens;
    }
  | {
      readonly status: 'expired';
      readonly tokens: Tokens;
      readonly error?: RefreshError;
      readonly retryAtMs?: number;
    }
  | {
      readonly status: 'refreshing';
      readonly tokens: Tokens;
      readonly rejected: boolean;
    }
);

export declare class SignedOutError extends ApiError {
  readonly code = 'signed-out';
  get name(): string;
}

export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | PromiseLike<SchemaResult<Output>>;
    readonly types?:
      | {
          readonly input: Input;
          readonly output: Output;
        }
      | undefined;
  };
}

interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface StreamEvent {
  readonly type: 'stream';
  readonly phase: 'opened' | 'events' | 'reconnecting' | 'ended';
  readonly streamId: number;
  readonly method: string;
  readonly url: string;
  readonly connection: number;
  readonly events: number;
  readonly atMs: number;
  readonly delayMs?: number;
  readonly error?: ApiErrorCode | 'unknown';
}

interface Timed {
  readonly atMs: number;
}

export interface TokenGrant {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly expiresInMs?: number | undefined;
  readonly extras?: Readonly<Record<string, unknown>> | undefined;
}

export declare class TokenRejectedError extends ApiError {
  readonly code = 'token-rejected';
  readonly response: HttpResponse;
  get name(): string;
}

export interface TokenStore {
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  save(tokens: Tokens): void | PromiseLike<void>;
  clear(): void | PromiseLike<void>;
  readonly changes$?: Observable<Tokens | null> | undefined;
  version?: (() => unknown) | undefined;
  exclusive?: (<T>(work: Observable<T>) => Observable<T>) | undefined;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresAtMs?: number;
  readonly sessionId: string;
  readonly revision?: number;
  readonly extras?: Readonly<Record<string, unknown>>;
}

export type Transport = HttpHandler;

interface TypedOptions<Type extends keyof Bodies> extends CommonOptions {
  responseType: Type;
  schema?: undefined;
}

declare const VALUES: unique symbol;

type Values = Map<HttpContextToken<unknown>, unknown>;

export interface WarningEvent extends Timed {
  readonly type: 'warning';
  readonly message: string;
}

export interface WebStorageStoreOptions {
  readonly storage?: (() => PlatformStorage) | undefined;
  readonly key?: string | undefined;
  readonly keys?:
    | {
        readonly accessToken: string;
        readonly refreshToken: string;
      }
    | undefined;
  readonly lockTimeoutMs?: number | undefined;
}

interface WithBody {
  body?: Body | undefined;
}

interface WithProgress extends WithBody {
  reportProgress: true;
}

interface WithoutProgress extends WithBody {
  reportProgress?: false | undefined;
}

export interface XsrfOptions {
  readonly cookieName?: string | undefined;
  readonly headerName?: string | undefined;
}

export declare const ajaxTransport: (options?: AjaxTransportOptions) => Transport;

export declare function anyOf(...predicates: ExpiryPredicate[]): ExpiryPredicate;

export declare function anyOf(...predicates: RefusalPredicate[]): RefusalPredicate;

export declare const bearer: (session: Session, options?: BearerOptions) => Interceptor;

export declare const bodyCode: (...codes: (number | string)[]) => (response: HttpResponse) => boolean;

export declare const businessCode: (...codes: (number | string)[]) => (error: unknown) => boolean;

export declare const clientCredentials: (
  http: Poster,
  options: OAuthRefreshOptions,
) => Pick<SessionOptions, 'refresh' | 'restore' | 'isRefused'>;

export declare const createApi: (options?: ApiOptions) => Api;

export declare const createSession: (options: SessionOptions) => Session;

export declare const envelope: (options?: EnvelopeOptions) => Interceptor;

export declare const fetchTransport: (options?: FetchTransportOptions) => Transport;

export declare const isApiError: <Code extends ApiErrorCode = ApiErrorCode>(
  error: unknown,
  code?: Code,
) => error is ApiErrors[Code];

export declare const isRefusal: (error: unknown, isExpired?: (response: HttpResponse) => boolean) => boolean;

export declare const logRequests: (write: (line: string) => void) => Interceptor;

export declare const memoryStore: (initial?: TokenGrant, options?: MemoryStoreOptions) => TokenStore;

export declare const oauthGrant: (body: unknown) => TokenGrant;

export declare const oauthRefresh: (
  http: Poster,
  options: OAuthRefreshOptions,
) => (tokens: Tokens) => Observable<TokenGrant>;

export declare const retryRequests: (options?: RetryOptions) => Interceptor;

export declare const statusCode: (...codes: number[]) => (response: HttpResponse) => boolean;

export declare const toFetch: (api: Api) => typeof fetch;

export declare const webStorageStore: (options?: WebStorageStoreOptions) => TokenStore;

export declare const xsrf: (options?: XsrfOptions) => Interceptor;

export {};
