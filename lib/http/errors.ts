import type { HttpRequest } from './request';
import type { HttpResponse } from './response';

/** `https://host/path`: no user info, query or hash, where secrets hide. */
export const bareUrl = (url: string): string => url.replace(/[?#].*/s, '').replace(/\/\/[^/]*@/, '//');

/** Defines what `JSON.stringify` and a console leave out. */
const hide = (target: object, values: object): void => {
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(target, name, { value, configurable: true });
};

/** What an error knows beyond its message; all of it is kept out of `JSON.stringify` and of logs. */
interface Details {
  readonly request?: HttpRequest | undefined;
  readonly response?: HttpResponse | undefined;
  readonly cause?: unknown;
}

/**
 * What all errors of renewal extend. `code` is literal, so a `switch` over it narrows; `cause` is what led here.
 * Messages read `GET https://host/path: what happened`; no error shows a token.
 */
export abstract class ApiError<Code extends ApiErrorCode = ApiErrorCode> extends Error {
  readonly code: Code;
  /** The request it happened to, without headers, body and query; not enumerable. Errors of the session have none. */
  declare readonly request?: HttpRequest;

  constructor(name: string, code: Code, what: string, { request, response, cause }: Details = {}) {
    super(request ? `${request.method} ${bareUrl(request.url)}: ${what}` : what);
    this.code = code;
    hide(this, { name });
    if (cause !== undefined) hide(this, { cause });
    if (response) hide(this, { response });
    if (request) hide(this, { request: { ...request, url: bareUrl(request.url), headers: {}, body: null } });
  }
}

/** The server answered with a status of 400 or above; its parsed body is in `response`. */
export class HttpStatusError extends ApiError<'status'> {
  readonly status: number;
  declare readonly response: HttpResponse;

  constructor(request: HttpRequest, response: HttpResponse) {
    super('HttpStatusError', 'status', `status ${response.status}`, { request, response });
    this.status = response.status;
  }
}

/** No complete answer came: no connection, or it broke. */
export class NetworkError extends ApiError<'network'> {
  constructor(request: HttpRequest, cause?: unknown) {
    super('NetworkError', 'network', 'no complete answer', { request, cause });
  }
}

/** One attempt took longer on the wire than `timeoutMs`. */
export class RequestTimeoutError extends ApiError<'timeout'> {
  constructor(request: HttpRequest) {
    super('RequestTimeoutError', 'timeout', `no complete answer within ${request.timeoutMs} ms`, { request });
  }
}

/** A body that was asked for as JSON is not JSON (RFC 8259); `response` holds its text. */
export class ResponseParseError extends ApiError<'parse'> {
  declare readonly response: HttpResponse;

  constructor(request: HttpRequest, response: HttpResponse) {
    super('ResponseParseError', 'parse', `the body of status ${response.status} is not JSON`, { request, response });
  }
}

/** The answer's envelope carries a code of failure. See `envelope`. */
export class BusinessError extends ApiError<'business'> {
  readonly businessCode: number | string;
  declare readonly response: HttpResponse;

  constructor(request: HttpRequest, response: HttpResponse, businessCode: number | string, message?: string) {
    super('BusinessError', 'business', message ?? `code ${businessCode}`, { request, response });
    this.businessCode = businessCode;
  }
}

/** The refresh failed in a way that may pass; the session is kept. */
export class RefreshError extends ApiError<'refresh'> {
  /** How long the server asked to wait (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfterMs?: number;

  constructor(what: string, cause?: unknown, retryAfterMs?: number) {
    super('RefreshError', 'refresh', `the refresh failed: ${what}`, { cause });
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** The server refused the refresh token: the session has ended. `cause` is the refusal. */
export class SessionExpiredError extends ApiError<'session-expired'> {
  constructor(cause: unknown) {
    super('SessionExpiredError', 'session-expired', 'the session has expired: its refresh was refused', { cause });
  }
}

/** The session was signed out, changed hands or was destroyed while this request waited. */
export class SignedOutError extends ApiError<'signed-out'> {
  constructor() {
    super('SignedOutError', 'signed-out', 'the session has ended or changed hands');
  }
}

/** The request can't be sent: a bad url or header, or a body that can't be serialised. */
export class InvalidRequestError extends ApiError<'request'> {
  constructor(what: string, request: HttpRequest, cause?: unknown) {
    super('InvalidRequestError', 'request', what, { request, cause });
  }
}

/** The server refused a token that had just been renewed. `response` is its second answer. */
export class TokenRejectedError extends ApiError<'token-rejected'> {
  declare readonly response: HttpResponse;

  constructor(request: HttpRequest, response: HttpResponse) {
    super('TokenRejectedError', 'token-rejected', 'a fresh token was refused as well', { request, response });
  }
}

/** The token was renewed, but the body was a stream that has been used up: start over with a new one. */
export class BodyNotReplayableError extends ApiError<'body-not-replayable'> {
  constructor(request: HttpRequest) {
    super('BodyNotReplayableError', 'body-not-replayable', 'its body can be sent only once', { request });
  }
}

interface ApiErrors {
  status: HttpStatusError;
  network: NetworkError;
  timeout: RequestTimeoutError;
  parse: ResponseParseError;
  business: BusinessError;
  refresh: RefreshError;
  'session-expired': SessionExpiredError;
  'signed-out': SignedOutError;
  request: InvalidRequestError;
  'token-rejected': TokenRejectedError;
  'body-not-replayable': BodyNotReplayableError;
}

/** The literal `code` of each error class. */
export type ApiErrorCode = keyof ApiErrors;

/**
 * Whether `error` is one of renewal's, and, if a `code` is given, that one.
 *
 * @example
 * ```ts
 * catchError((error) => (isApiError(error, 'status') && error.status === 404 ? of(null) : throwError(() => error)))
 * ```
 */
export const isApiError = <Code extends ApiErrorCode = ApiErrorCode>(
  error: unknown,
  code?: Code,
): error is ApiErrors[Code] => error instanceof ApiError && (code === undefined || error.code === code);

/** How an error is named in events: by its `code`, or `'unknown'` where it is not one of renewal's. */
export const codeOf = (error: unknown): ApiErrorCode | 'unknown' => (isApiError(error) ? error.code : 'unknown');
