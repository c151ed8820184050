import { type Challenge, parseChallenges } from './challenges';
import type { HttpRequest } from './request';
import type { HttpResponse } from './response';
import type { SchemaIssue } from './schema';

/** `https://host/path`: without user info, query and hash, which may hold secrets. */
export const redactUrl = (url: string): string => {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return url.replace(/[?#].*/s, '').replace(/^.*@/s, '');
  }
};

/** The details of an error beside its message. */
export interface ErrorDetails {
  readonly request?: HttpRequest | undefined;
  readonly response?: HttpResponse | undefined;
  readonly cause?: unknown;
}

/**
 * Marks the errors of each copy of this package: a page may load two, and a process one for `import` and one for
 * `require`.
 */
const BRAND = Symbol.for('renewal.error');

/** The fields of a server's message, the most telling first; some are of RFC 9457 and of RFC 6749 section 5.2. */
const MESSAGE_FIELDS = ['message', 'msg', 'detail', 'title', 'error_description'];

/** A longer text is a stack, a page or a dump, and does not fit a toast. */
const MAX_MESSAGE_LENGTH = 500;

const isMessage = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_MESSAGE_LENGTH && text.trim() !== '';

/** The server's message in a body. */
const serverMessageOf = (body: unknown): string | undefined =>
  MESSAGE_FIELDS.map((name) => Object(body)[name]).find(isMessage);

/** The request as an error shows it. Field by field: interceptors and this package add more to it, tokens too. */
const redactRequest = (request: HttpRequest): HttpRequest => {
  const { method, url, responseType, timeoutMs, withCredentials, reportProgress, auth, renew, context } = request;
  return {
    method,
    url: redactUrl(url),
    headers: {},
    body: null,
    responseType,
    timeoutMs,
    withCredentials,
    reportProgress,
    auth,
    renew,
    context,
  };
};

/**
 * The base class of all errors of renewal; `cause` is the original error. Messages read `GET https://host/path: what
 * happened`. No error shows a token.
 *
 * `error instanceof ApiError` does not narrow `error.code`, and misses the errors of another copy of this package. Use
 * {@link isApiError}: it narrows to {@link AnyApiError}, so that a `switch` over `code` narrows to a class.
 */
export abstract class ApiError extends Error {
  abstract readonly code: ApiErrorCode;
  /** The failed request, without headers, body and query; not enumerable. Errors of the session have none. */
  declare readonly request?: HttpRequest;
  /** The response that the error is about, if there is one; not enumerable. */
  declare readonly response?: HttpResponse;

  constructor(what: string, { request, response, cause }: ErrorDetails = {}) {
    const redacted = request && redactRequest(request);
    super(redacted ? `${redacted.method} ${redacted.url}: ${what}` : what, cause ? { cause } : {});
    // Not enumerable: `JSON.stringify` and consoles omit them.
    Object.defineProperties(this, {
      [BRAND]: { value: true },
      request: { value: redacted },
      response: { value: response },
    });
  }
}

/** The server answered with a status of 400 or above; its parsed body is in `response`. */
export class HttpStatusError extends ApiError {
  readonly code = 'status';
  declare readonly response: HttpResponse;
  readonly status: number;

  constructor(request: HttpRequest, response: HttpResponse) {
    super(`status ${response.status}`, { request, response });
    this.status = response.status;
  }

  /**
   * The server's message, for toasts: `message`, `msg`, `detail`, `title` or `error_description` of a JSON body, up to
   * 500 characters; `undefined` if there is none.
   */
  get serverMessage(): string | undefined {
    return serverMessageOf(this.response.body);
  }

  /**
   * The demands of the server, such as a login or more scope: the parsed `www-authenticate` (RFC 9110 section 11.6.1);
   * empty if there is none. Malformed parts are left out.
   */
  get challenges(): readonly Challenge[] {
    return parseChallenges(this.response.headers['www-authenticate']);
  }

  override get name() {
    return 'HttpStatusError';
  }
}

/** No complete response came: no connection, it broke, or it was larger than `maxResponseBytes`. */
export class NetworkError extends ApiError {
  readonly code = 'network';

  override get name() {
    return 'NetworkError';
  }
}

/** One attempt took longer on the wire than `timeoutMs`. */
export class RequestTimeoutError extends ApiError {
  readonly code = 'timeout';

  override get name() {
    return 'RequestTimeoutError';
  }
}

/** JSON was requested, but the body is not JSON (RFC 8259); `response` holds the first 200 characters of its text. */
export class ResponseParseError extends ApiError {
  readonly code = 'parse';
  declare readonly response: HttpResponse;

  override get name() {
    return 'ResponseParseError';
  }
}

/** A key that a message may show. A longer or unusual key may be a value. */
const PLAIN_KEY = /^[\w$-]{1,32}$/;

/**
 * The body does not match the `schema` of the request. The message has the path of the first issue and quotes no value;
 * a key that may be a value is shown as `…`.
 */
export class SchemaError extends ApiError {
  readonly code = 'schema';
  declare readonly response: HttpResponse;
  /** All issues; not enumerable, because messages of a schema may quote the body. */
  declare readonly issues: readonly SchemaIssue[];

  constructor(request: HttpRequest, response: HttpResponse, issues: readonly SchemaIssue[]) {
    const path = issues[0]?.path.map((key) => (PLAIN_KEY.test(String(key)) ? key : '…')).join('.');
    super(`its body does not match the schema${path ? ` at ${path}` : ''}`, { request, response });
    Object.defineProperty(this, 'issues', { value: issues });
  }

  override get name() {
    return 'SchemaError';
  }
}

/** The envelope of the response has an error code. See `envelope`. */
export class BusinessError extends ApiError {
  readonly code = 'business';
  declare readonly response: HttpResponse;
  readonly businessCode: number | string;

  /**
   * The server's message, for toasts: of the envelope, or else as in {@link HttpStatusError}; `undefined` if there is
   * none.
   */
  declare readonly serverMessage: string | undefined;

  /** @param message - The server's message, if there is one. */
  constructor(request: HttpRequest, response: HttpResponse, businessCode: number | string, message?: string) {
    super(message ?? `code ${businessCode}`, { request, response });
    this.businessCode = businessCode;
    // Not enumerable, as `response`.
    Object.defineProperty(this, 'serverMessage', {
      get: () => (isMessage(message) ? message : serverMessageOf(response.body)),
    });
  }

  override get name() {
    return 'BusinessError';
  }
}

/** The refresh failed for a transient reason; the session is kept. */
export class RefreshError extends ApiError {
  readonly code = 'refresh';
  /** The delay that the server requested (`Retry-After`, RFC 9110 section 10.2.3), in milliseconds; at most an hour. */
  declare readonly retryAfterMs?: number;
  /** When the cool-down ends, in milliseconds since the epoch. A request that needs a refresh fails until then. */
  declare readonly retryAtMs?: number;

  constructor(cause?: unknown, retryAfterMs?: number, retryAtMs?: number) {
    super(`the refresh ${cause ? 'failed' : 'took too long'}`, { cause });
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
    if (retryAtMs !== undefined) this.retryAtMs = retryAtMs;
  }

  override get name() {
    return 'RefreshError';
  }
}

/** The server refused the refresh token: the session has ended. `cause` is the refusal. */
export class SessionExpiredError extends ApiError {
  readonly code = 'session-expired';

  override get name() {
    return 'SessionExpiredError';
  }
}

/** The session was signed out, changed hands or was destroyed while this request waited. */
export class SignedOutError extends ApiError {
  readonly code = 'signed-out';

  override get name() {
    return 'SignedOutError';
  }
}

/** The request cannot be sent: a bad url or header, or a body that cannot be serialised. */
export class InvalidRequestError extends ApiError {
  readonly code = 'request';

  override get name() {
    return 'InvalidRequestError';
  }
}

/** The server rejected a token that had just been refreshed. `response` is the response to the replay. */
export class TokenRejectedError extends ApiError {
  readonly code = 'token-rejected';
  declare readonly response: HttpResponse;

  override get name() {
    return 'TokenRejectedError';
  }
}

/** The token was refreshed, but the body is a stream that has been read: start over with a new stream. */
export class BodyNotReplayableError extends ApiError {
  readonly code = 'body-not-replayable';

  override get name() {
    return 'BodyNotReplayableError';
  }
}

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

/** The literal `code` of each error class. */
export type ApiErrorCode = keyof ApiErrors;

/** Any error of renewal: a `switch` over its `code` narrows to the class. */
export type AnyApiError = ApiErrors[ApiErrorCode];

/**
 * Whether `error` is an error of renewal, of this copy of the package or another, and has this `code`, if one is given.
 *
 * @example
 * ```ts
 * catchError((error) => (isApiError(error, 'status') && error.status === 404 ? of(null) : throwError(() => error)))
 * ```
 */
export const isApiError = <Code extends ApiErrorCode = ApiErrorCode>(
  error: unknown,
  code?: Code,
): error is ApiErrors[Code] => Object(error)[BRAND] === true && (!code || Object(error).code === code);

/** The `code` of an error for events; `'unknown'` if it is not an error of renewal. */
export const codeOf = (error: unknown): ApiErrorCode | 'unknown' => (isApiError(error) ? error.code : 'unknown');
