import { concatMap, identity, merge, Observable, of, Subject } from 'rxjs';
import { type ConnectionScope, type ConnectorParts, OBSERVE_STREAM, type ObserveStream, PARTS } from './connector';
import { isStream, serialize } from './http/body';
import { buildRequest, type RequestInput } from './http/build-request';
import type { Delete, Get, Post, SendRequest } from './http/calls';
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
import { type Emitted, Settlement } from './http/settlement';
import { createTrace, noTrace } from './http/trace';
import { createFollowSignal, reasonOf, untilAborted } from './http/until-aborted';
import { originOf, type Page, toBase, toOrigins } from './http/url';
import { validateBody } from './http/validate';
import { bearer, bindTo } from './session/bearer';
import { createWithheld } from './session/pending/withheld';
import type { Session } from './session/session';
import { coreOf } from './session/session-core';
import type { ApiEvent } from './session/state/events';
import { ajaxTransport } from './transports/ajax';

/** The options of {@link createApi}. */
export interface ApiOptions {
  /**
   * The base of relative urls. They are appended to its path, `orders` and `/orders` alike; an empty url, or a query
   * alone, keeps that path unchanged. `..` climbs, above that path too, but never to another origin. Without query and
   * hash. Absolute; in a browser it may be relative to the page.
   * @defaultValue the page, and urls are resolved like its links; in Node none
   */
  baseUrl?: string | URL | undefined;
  /** The session whose token is attached. @defaultValue none: a plain client that attaches no token */
  session?: Session | undefined;
  /** Outermost first; the session's interceptor comes after them, next to the transport. */
  interceptors?: readonly Interceptor[] | undefined;
  /** @defaultValue `ajaxTransport()` */
  transport?: Transport | undefined;
  /**
   * Default headers of each request; its own headers override them. In `extend`, `null` and `undefined` remove a
   * header.
   */
  headers?: HeadersInput | undefined;
  /**
   * Limit for one attempt on the wire, in milliseconds; waiting for a refresh does not count. 0 and `Infinity`: no
   * limit.
   * @defaultValue 0
   */
  timeoutMs?: number | undefined;
  /** Whether cookies are sent to other origins too; browsers only. @defaultValue false */
  withCredentials?: boolean | undefined;
  /**
   * The origins that the session's token may go to. A token withheld from an origin is a warning on `events$`, once for
   * each origin. In Node, a session needs this or a `baseUrl`.
   * @defaultValue the origin of `baseUrl`, or else of the page, whatever its `<base>`
   */
  allowedOrigins?: readonly string[] | undefined;
}

/**
 * A client. All requests are cold: each subscription sends one, and unsubscribing aborts it on the wire. A request
 * emits the decoded body and completes, or errors; it never throws. All errors are `ApiError`s, except those that the
 * caller's interceptors and predicates throw.
 */
export interface Api {
  get$: Get;
  head$: Get;
  options$: Get;
  /** Takes a `body` in its options, which is sent as that of {@link post$}. */
  delete$: Delete;
  /**
   * A text, `FormData`, blobs, bytes and streams are sent unchanged; `URLSearchParams` as a form; numbers, booleans,
   * arrays and plain objects as JSON. `null` and `undefined` mean no body.
   */
  post$: Post;
  /** As {@link post$}. */
  put$: Post;
  /** As {@link post$}. */
  patch$: Post;
  /** Emits the whole response and completes; with `reportProgress`, progress first. */
  request$: SendRequest;
  /**
   * A new client: headers are merged, interceptors appended, other options replaced; missing and `undefined` options
   * are kept.
   */
  extend(options: ApiOptions): Api;
  /** The events of requests and of the session, for logs and tools: hot, never errors, holds no token. */
  readonly events$: Observable<ApiEvent>;
}

/** The page that the code runs in; none in Node. */
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
 * Creates a client. Throws a `TypeError` that names the wrong option.
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
    'a url, or allowedOrigins: without either, there is no origin for the token',
  );

  const events = new Subject<ApiEvent>();
  const withhold = createWithheld(events);
  let requestCount = 0;
  let streamCount = 0;
  const followSignal = createFollowSignal();
  const sendWithDeadline = withDeadline(transport);
  const attempt: HttpHandler = (request) =>
    new Observable((subscriber) => {
      const { trace, caller, perAttempt, newest } = internalsOf(request);
      // Re-entrancy: a hook or a listener of an event may have cancelled the request.
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
    emitted: Emitted = 'response',
    body?: Body,
    scope?: ConnectionScope,
  ): Observable<T> =>
    new Observable((caller) => {
      const { request, origin } = buildRequest(method, path, input, baseUrl, defaults, body);
      const { schema, signal } = input;
      if (signal?.aborted) {
        caller.error(reasonOf(signal));
        return;
      }
      const { url } = request;
      const trace = events.observed ? createTrace(events, ++requestCount, request) : noTrace;
      const settlement = new Settlement(request, trace, caller, emitted);
      setInternals(request, {
        allowedOrigins,
        trace,
        caller,
        originOf: (asked) => (asked === url ? origin : originOf(asked)),
        withhold,
        newest: settlement,
        perAttempt: identity,
        session: core,
        binding: core && request.auth ? (scope?.binding ?? bindTo(core, scope?.carried)) : undefined,
        onToken: scope?.onToken,
        carried: scope?.carried,
      });
      scope?.onRequest(request);
      const work = signal ? untilAborted(signal, caller, followSignal) : caller;
      trace('queued');
      let response$ = handler(request);
      if (request.responseType === 'stream') {
        response$ = response$.pipe(
          concatMap((event) => {
            const { stream } = settlement;
            if (!stream || event?.type !== 'response') return of(event);
            if (!isStream(event.body)) {
              // An interceptor has made another body of it: nobody else would close the connection.
              stream.cancel();
              return of(event);
            }
            const isError = event.status >= 400 && emitted !== 'connection-any';
            return isError ? stream.read$(event) : of(stream.deliver(event, signal, followSignal));
          }),
        );
        work.add(() => settlement.stream?.cancel());
      }
      work.add((schema ? response$.pipe(validateBody(schema, request)) : response$).subscribe(settlement));
      // Re-entrancy: emitted after the subscription is closed, as a listener may end the request otherwise.
      if (trace !== noTrace) work.add(() => settlement.isSettled || trace('cancelled'));
    });

  const bodyless =
    (method: string): Get =>
    (url: string | URL, input?: RequestInput) =>
      send(method, url, input, 'body');
  const bodied =
    (method: string): Post =>
    (url: string | URL, body?: Body, input?: RequestInput) =>
      send(method, url, input, 'body', body);

  const api: Api & { readonly [PARTS]: ConnectorParts } = {
    get$: bodyless('GET'),
    head$: bodyless('HEAD'),
    options$: bodyless('OPTIONS'),
    delete$: bodyless('DELETE'),
    post$: bodied('POST'),
    put$: bodied('PUT'),
    patch$: bodied('PATCH'),
    // The overloads only distinguish the events with and without progress.
    request$: ((method: string, url: string | URL, input?: RequestInput) => send(method, url, input)) as SendRequest,
    extend: (more) =>
      createApi({
        ...options,
        ...omitUndefined(checkApiOptions(more)),
        headers: mergeHeaders(headers, more.headers),
        interceptors: [...interceptors, ...(more.interceptors ?? [])],
      }),
    events$: new Observable((subscriber) => events$.subscribe(subscriber)),
    [PARTS]: {
      send$: (method, url, input, scope) =>
        send(method, url, input, scope.isAnyStatus ? 'connection-any' : 'connection', undefined, scope),
      bind: () => core && bindTo(core),
      followSignal,
      events,
      nextStreamId: () => ++streamCount,
      observe$: (options as { [OBSERVE_STREAM]?: ObserveStream })[OBSERVE_STREAM],
    },
  };
  return api;
};
