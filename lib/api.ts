import { identity, merge, Observable, Subject } from 'rxjs';
import { serialize } from './http/body';
import { buildRequest, type RequestInput } from './http/build-request';
import type { Get, Post, SendRequest } from './http/calls';
import { type HeadersInput, mergeHeaders } from './http/headers';
import { internalsOf, setInternals } from './http/internals';
import { Parser } from './http/json-text';
import {
  check,
  checkBoolean,
  checkFunction,
  checkFunctions,
  checkMs,
  checkOptions,
  omitUndefined,
} from './http/options';
import { compose, withDeadline } from './http/pipeline';
import type { Body, HttpHandler, Interceptor, Transport } from './http/request';
import { Settlement } from './http/settlement';
import { createTrace, noTrace } from './http/trace';
import { originOf, type Page, toBase, toOrigins } from './http/url';
import { validateBody } from './http/validate';
import { bearer, claim } from './session/bearer';
import type { ApiEvent } from './session/events';
import { coreOf, type Session } from './session/session';
import { createWithheld } from './session/withheld';
import { ajaxTransport } from './transports/ajax';

/** The options of {@link createApi}. */
export interface ApiOptions {
  /**
   * Relative urls are appended to its path, `orders` and `/orders` alike; one that is empty or only a query keeps that path as it is. `..` climbs, above
   * that path too, but never to another origin. Has no query and no hash. Absolute, but in a browser it may itself be relative to the
   * page. @defaultValue the page, which urls are relative to as its links are; in Node none
   */
  baseUrl?: string | URL | undefined;
  /** Whose token requests carry. @defaultValue none: a plain client that attaches no token */
  session?: Session | undefined;
  /** Outermost first; the session's own comes after them, next to the transport. */
  interceptors?: readonly Interceptor[] | undefined;
  /** @defaultValue `ajaxTransport()` */
  transport?: Transport | undefined;
  /** Sent with every request, unless it names its own; `null` and `undefined` in `extend` take one away. */
  headers?: HeadersInput | undefined;
  /** How long one attempt may take on the wire, in milliseconds, waiting for a refresh excluded; 0 and `Infinity`: no limit. @defaultValue 0 */
  timeoutMs?: number | undefined;
  /** Whether cookies go to other origins too; browsers only. @defaultValue false */
  withCredentials?: boolean | undefined;
  /**
   * Where the session's token may go; a token that is withheld from an origin is a warning on `events$`, once. In Node, a session needs this or a
   * `baseUrl`. @defaultValue the origin of `baseUrl`; of the page, whatever its `<base>` says, if there is none
   */
  allowedOrigins?: readonly string[] | undefined;
}

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
  request$: SendRequest;
  /** A new client: headers merge, interceptors append, the rest replaces; what is left out or `undefined` stays. */
  extend(options: ApiOptions): Api;
  /** What happens to requests and to the session, for logs and tools: hot, never errors, holds no token. */
  readonly events$: Observable<ApiEvent>;
}

/** The page that this runs in; none in Node. */
const findPage = (): Page | undefined => {
  const href = globalThis.location?.href;
  return href === undefined ? undefined : { href, baseHref: globalThis.document?.baseURI ?? href };
};

const checkApiOptions = (options: ApiOptions): ApiOptions =>
  checkOptions(options, {
    interceptors: checkFunctions,
    transport: checkFunction,
    withCredentials: checkBoolean,
    timeoutMs: checkMs,
  });

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
  const {
    session,
    interceptors = [],
    transport = ajaxTransport(),
    withCredentials = false,
    timeoutMs = 0,
  } = checkApiOptions(options);
  const core = session === undefined ? undefined : coreOf(session);
  const baseUrl = toBase(options.baseUrl, findPage());
  const headers = mergeHeaders({}, options.headers);
  const defaults = { headers, timeoutMs, withCredentials };
  const allowedOrigins = options.allowedOrigins === undefined ? [baseUrl?.origin] : toOrigins(options.allowedOrigins);
  check(
    !session || options.allowedOrigins !== undefined || baseUrl?.origin !== undefined,
    'baseUrl',
    'a url, or allowedOrigins: without either, there is no origin that the token may go to',
  );

  const events = new Subject<ApiEvent>();
  const withhold = createWithheld(events);
  let requestCount = 0;
  const sendWithDeadline = withDeadline(transport);
  const attempt: HttpHandler = (request) =>
    new Observable((subscriber) => {
      const { trace, caller, perAttempt, newest } = internalsOf(request);
      // Whoever is called on the way, a hook or one who listens to events, may have cancelled it.
      if (caller.closed) return;
      const wire = serialize(perAttempt(request));
      trace('attempt');
      if (!caller.closed) sendWithDeadline(wire).subscribe(new Parser(subscriber, newest));
    });
  const handler = compose(session ? [...interceptors, bearer(session)] : interceptors, attempt);

  const events$ = core ? merge(events, core.events$) : events;

  const send = <T>(
    method: string,
    path: string | URL,
    input: RequestInput = {},
    isBodyOnly = false,
    body?: Body,
  ): Observable<T> =>
    new Observable((caller) => {
      const { request, origin } = buildRequest(method, path, input, baseUrl, defaults, body);
      const { url } = request;
      const trace = events.observed ? createTrace(events, ++requestCount, request) : noTrace;
      const settlement = new Settlement(request, trace, caller, isBodyOnly);
      setInternals(request, {
        allowedOrigins,
        trace,
        caller,
        originOf: (asked) => (asked === url ? origin : originOf(asked)),
        withhold,
        newest: settlement,
        perAttempt: identity,
        session: core,
        binding: core && request.auth ? claim(core) : undefined,
      });
      trace('queued');
      const response$ = handler(request);
      const { schema } = input;
      caller.add((schema ? response$.pipe(validateBody(schema, request)) : response$).subscribe(settlement));
      // Told once it has let go: who hears of it may do what would have ended it otherwise.
      if (trace !== noTrace) caller.add(() => settlement.isSettled || trace('cancelled'));
    });

  const bodyless =
    (method: string): Get =>
    (url: string | URL, input?: RequestInput) =>
      send(method, url, input, true);
  const bodied =
    (method: string): Post =>
    (url: string | URL, body?: Body, input?: RequestInput) =>
      send(method, url, input, true, body);

  return {
    get$: bodyless('GET'),
    head$: bodyless('HEAD'),
    options$: bodyless('OPTIONS'),
    delete$: bodyless('DELETE'),
    post$: bodied('POST'),
    put$: bodied('PUT'),
    patch$: bodied('PATCH'),
    // The overloads only say which events come with and without progress.
    request$: ((method: string, url: string | URL, input?: RequestInput) => send(method, url, input)) as SendRequest,
    extend: (more) =>
      createApi({
        ...options,
        ...omitUndefined(checkApiOptions(more)),
        headers: mergeHeaders(headers, more.headers),
        interceptors: [...interceptors, ...(more.interceptors ?? [])],
      }),
    events$: new Observable((subscriber) => events$.subscribe(subscriber)),
  };
};
