export { type Api, type ApiOptions, createApi } from './api';
export { createSession } from './create-session';
export type { Challenge } from './http/challenges';
export { HttpContext, HttpContextToken } from './http/context';
export {
  type AnyApiError,
  ApiError,
  type ApiErrorCode,
  BodyNotReplayableError,
  BusinessError,
  HttpStatusError,
  InvalidRequestError,
  isApiError,
  NetworkError,
  RefreshError,
  RequestTimeoutError,
  ResponseParseError,
  SchemaError,
  SessionExpiredError,
  SignedOutError,
  TokenRejectedError,
} from './http/errors';
export type { FetchOptions } from './http/fetch-options';
export type { HeadersInput } from './http/headers';
export type { Body, HttpHandler, HttpRequest, Interceptor, ResponseType, Transport } from './http/request';
export type { RequestOptions } from './http/request-options';
export type { HttpEvent, HttpProgressEvent, HttpResponse, HttpSentEvent } from './http/response';
export type { SchemaIssue, StandardSchemaV1 } from './http/schema';
export type { RequestEvent, StreamEvent } from './http/trace';
export type { Param, ParamsInput } from './http/url';
export { type EnvelopeOptions, envelope } from './interceptors/envelope';
export { logRequests } from './interceptors/log';
export { type RetryOptions, retryRequests } from './interceptors/retry';
export { type XsrfOptions, xsrf } from './interceptors/xsrf';
export { type BearerOptions, bearer } from './session/bearer';
export { clientCredentials } from './session/client-credentials';
export type { SessionOptions } from './session/options';
export { anyOf, bodyCode, type ExpiryPredicate, type RefusalPredicate, statusCode } from './session/refresh/expiry';
export { oauthGrant } from './session/refresh/oauth-grant';
export { oauthRefresh } from './session/refresh/oauth-refresh';
export { businessCode, isRefusal } from './session/refresh/refusal';
export type { OAuthRefreshOptions } from './session/refresh/token-endpoint';
export type { KeepFreshOptions, RefreshOptions, Session } from './session/session';
export type { ApiEvent, RefreshEvent, RefreshFailure, SessionEvent, WarningEvent } from './session/state/events';
export type { TokenGrant } from './session/state/grants';
export type { SessionState, Tokens } from './session/state/session-state';
export type { TokenStore } from './session/store/token-store';
export { type MemoryStoreOptions, memoryStore } from './stores/memory';
export { type WebStorageStoreOptions, webStorageStore } from './stores/web-storage';
export { toFetch } from './to-fetch';
export { type AjaxTransportOptions, ajaxTransport } from './transports/ajax';
export { type FetchTransportOptions, fetchTransport } from './transports/fetch';
