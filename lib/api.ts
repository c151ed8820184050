import { from, map, merge, NEVER, Observable, Subject } from 'rxjs';
import { anew } from './http/anew';
import { serialize } from './http/body';
import { buildRequest } from './http/build-request';
import { conform } from './http/conform';
import type { HttpContext } from './http/context';
import { mergeHeaders } from './http/headers';
import { parseResponse } from './http/json-text';
import { defined, durationMs } from './http/options';
import { compose, withDeadline } from './http/pipeline';
import type { Body, HttpHandler, Interceptor, ResponseType, Transport } from './http/request';
import type { HttpEvent, HttpResponse } from './http/response';
import type { StandardSchemaV1 } from './http/schema';
import { Settlement } from './http/settlement';
import { addScope, createTrace, type RequestEvent, scopeOf, silent } from './http/trace';
import { originOf, type Params, toBaseUrl, toOrigins } from './http/url';
import { bearer, claim } from './session/bearer';
import type { ApiEvent } from './session/events';
import { coreOf, type Session } from './session/session';
import { ajaxTransport } from './transports/ajax';

/** The options of {@link createApi}. */
export interface ApiOptions {
  /**
   * What relative urls are resolved against (RFC 3986 section 5), its path taken as a folder: `orders` lies in it, `/orders` at
   * the root of its host. Absolute, but in a browser it may itself be relative to the page. @defaultValue the page; in Node none
   */
  baseUrl?: string;
  /** Whose token requests carry. @defaultValue none: a plain client that attaches no token */
  session?: Session;
  /** Outermost first; the session's own comes after them, next to the transport. */
  interceptors?: readonly Interceptor[];
  /** @defaultValue `ajaxTransport()` */
  transport?: Transport;
  /** Sent with every request, unless it names its own. */
  headers?: Record<string, string>;
  /** How long one attempt may take on the wire, in milliseconds, waiting for a refresh excluded; 0 and `Infinity`: no limit. @defaultValue 0 */
  timeoutMs?: number;
  /** Whether cookies go to other origins too; browsers only. @defaultValue false */
  withCredentials?: boolean;
  /** Where the session's token may go. @defaultValue the origin of `baseUrl`; of the page, if there is none */
  allowedOrigins?: readonly string[];
}

/** The options of one request. */
export interface RequestOptions<T = unknown> {
  /** Win over the client's; `undefined` takes one of those away. */
  headers?: Record<string, string | undefined>;
  /** Added to the query: an array repeats its name, `null` and `undefined` are left out. */
  params?: Params;
  /** @defaultValue `'json'` */
  responseType?: ResponseType;
  /** As in {@link ApiOptions}. */
  timeoutMs?: number;
  /** As in {@link ApiOptions}. */
  withCredentials?: boolean;
  /** `false`: no token, no refresh: login, sign-up, public pages. @defaultValue true */
  auth?: boolean;
  /**
   * Validates the body of an answer below 400, `null` where there is none, after all interceptors; what the schema makes of it is emitted, and
   * `T` inferred. A mismatch is a `SchemaError`. Any library of https://standardschema.dev, synchronous or not. @defaultValue none
   */
  schema?: StandardSchemaV1<unknown, T>;
  /** Typed values for interceptors; copied for each request. */
  context?: HttpContext;
}

type Get = <T>(url: string, options?: RequestOptions<T>) => Observable<T>;
type Post = <T>(url: string, body?: Body, options?: RequestOptions<T>) => Observable<T>;

/**
 * A client. All its requests are cold: each subscription sends one, and unsubscribing aborts it on the wire. They emit the
 * decoded body and complete, or error, never throw; all errors are `ApiError`s, but for what an interceptor or predicate of
 * the caller's throws.
 */
export interface Api {
  get$: Get;
  head$: Get;
  options$: Get;
  delete$: Get;
  /**
   * A text is sent as it is; `URLSearchParams` as a form; `FormData`, blobs and bytes as they are; numbers, booleans, arrays and plain
   * objects as JSON; `null` and `undefined` mean no body.
   */
  post$: Post;
  /** As {@link post$}. */
  put$: Post;
  /** As {@link post$}. */
  patch$: Post;
  /** Emits the whole answer and completes; with `reportProgress`, progress first. */
  request$<T>(
    method: string,
    url: string,
    options: RequestOptions<T> & { body?: Body; reportProgress: true },
  ): Observable<HttpEvent<T>>;
  request$<T>(method: string, url: string, options?: RequestOptions<T> & { body?: Body }): Observable<HttpResponse<T>>;
  /** A new client: headers merge, interceptors append, the rest replaces; what is left out or `undefined` stays. */
  extend(options: ApiOptions): Api;
  /** What happens to requests and to the session, for logs and tools: hot, never errors, holds no token. */
  readonly events$: Observable<ApiEvent>;
}

type AnyOptions = RequestOptions & { body?: Body; reportProgress?: boolean };

/** The url that a page resolves relative urls against; none in Node. */
const pageUrl = (): string | undefined => {
  const url = globalThis.document?.baseURI ?? globalThis.location?.href;
  // A page from a file or a blob is nothing to resolve against.
  return /^https?:/.test(url) ? url : undefined;
};

/**
 * Makes a client. Throws a `TypeError` that names the option which is wrong.
 *
 * @example
 * ```ts
 * const api = createApi({ baseUrl: 'https://shop.example', session });
 * api.get$<Order[]>('/orders').subscribe(show);
 * ```
 */
export const createApi = (options: ApiOptions = {}): Api => {
  const { session, interceptors = [], transport = ajaxTransport(), withCredentials = false } = options;
  const baseUrl = toBaseUrl(options.baseUrl, pageUrl());
  const headers = mergeHeaders(options.headers ?? {});
  const defaults = { headers, timeoutMs: durationMs('timeoutMs', options.timeoutMs), withCredentials };
  if (typeof transport !== 'function') throw new TypeError('transport: not a function');
  const allowedOrigins = options.allowedOrigins ? toOrigins(options.allowedOrigins) : [originOf(baseUrl ?? '')];

  const events = new Subject<RequestEvent>();
  let requests = 0;
  const onTime = withDeadline(transport);
  const attempt: HttpHandler = (request) => {
    const { trace, caller } = scopeOf(request);
    // Whoever is called on the way, a hook or one who listens to events, may have cancelled it.
    if (caller.closed) return NEVER;
    const wire = serialize(anew(request));
    trace('attempt');
    return caller.closed ? NEVER : from(onTime(wire)).pipe(map(parseResponse));
  };
  const handler = compose(session ? [...interceptors, bearer(session)] : interceptors, attempt);

  const events$ = session ? merge(events, coreOf(session).events$) : events;

  const send = <T>(method: string, url: string, input: AnyOptions = {}, isBodyOnly = false): Observable<T> =>
    new Observable((caller) => {
      const { request, origin } = buildRequest(method, url, input, baseUrl, defaults);
      const trace = events.observed ? createTrace(events, ++requests, request) : silent;
      const { url: own } = request;
      const known = (asked: string) => (asked === own ? origin : originOf(asked));
      addScope(request, { allowedOrigins, trace, caller, originOf: known });
      if (session) claim(request, session);
      const settlement = new Settlement(request, trace, caller, isBodyOnly);
      trace('queued');
      const answer$ = handler(request);
      const { schema } = input;
      caller.add((schema ? answer$.pipe(conform(schema, request)) : answer$).subscribe(settlement));
      // Told once it has let go: who hears of it may do what would have ended it otherwise.
      if (trace !== silent) caller.add(() => settlement.isSettled || trace('cancelled'));
    });

  // The caller says what is in the body.
  const body$ = <T>(method: string, url: string, input?: AnyOptions): Observable<T> => send(method, url, input, true);

  const bodyless =
    (method: string): Get =>
    (url, input) =>
      body$(method, url, input);
  const bodied =
    (method: string): Post =>
    (url, body, input) =>
      body$(method, url, { ...input, ...(body !== undefined && { body }) });

  return {
    get$: bodyless('GET'),
    head$: bodyless('HEAD'),
    options$: bodyless('OPTIONS'),
    delete$: bodyless('DELETE'),
    post$: bodied('POST'),
    put$: bodied('PUT'),
    patch$: bodied('PATCH'),
    // The overloads only say which events come with and without progress.
    request$: ((method: string, url: string, input?: AnyOptions) => send(method, url, input)) as Api['request$'],
    extend: (more) =>
      createApi({
        ...options,
        ...defined(more),
        headers: mergeHeaders(headers, more.headers ?? {}),
        interceptors: [...interceptors, ...(more.interceptors ?? [])],
      }),
    events$: new Observable((subscriber) => events$.subscribe(subscriber)),
  };
};
