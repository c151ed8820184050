import {
  type HttpEvent as AngularEvent,
  HttpErrorResponse,
  HttpEventType,
  type HttpInterceptorFn,
} from '@angular/common/http';
import { InjectionToken, inject, NgZone } from '@angular/core';
import { type BearerOptions, bearer, type HttpEvent, type HttpHandler, type Session } from 'renewal';
import { catchError, defer, filter, map, of } from 'rxjs';
import { injectCacheBypass } from './cache-bypass';
import { isErrorResponse, toResponse } from './http-events';
import { injectPageRoot, injectPageUrl, toHttpUrl } from './page-url';
import { type ApiName, PROVIDED_API, type ProvidedApi, requireSession } from './provided-api';
import { toWireRequest, withChanges } from './wire-request';
import { WITHOUT_SESSION } from './without-session';
import { captureZone, observeAcrossZones, outsideAngular } from './zone';

/** An event of renewal with its source: the event of Angular, which the caller gets. */
type SourcedEvent = HttpEvent & { readonly source: AngularEvent<unknown> | HttpErrorResponse };

/** The event of Angular; throws if it is an error. Every event has a source: the handler below adds it. */
const sourceOf = (event: HttpEvent): AngularEvent<unknown> => {
  const { source } = event as SourcedEvent;
  if (source instanceof HttpErrorResponse) throw source;
  return source;
};

/** Adds the source. Events other than responses are not converted: the session does not read them. */
const withSource = (source: SourcedEvent['source'], page: string): SourcedEvent => {
  const isResponse = source instanceof HttpErrorResponse || source.type === HttpEventType.Response;
  return { ...(isResponse ? toResponse(source, page) : { type: 'sent' }), source };
};

/**
 * Gives `HttpClient` a session. Sets its token on each request, waits for a refresh if the token has expired, and
 * replays a request once if the response says that the token has expired: by status, or by a code such as 1002 in the
 * body. The caller does not get that response. With `reportProgress`, the caller gets the progress of each attempt. All
 * else is unchanged: the request's `HttpContext`, progress, `HttpErrorResponse`. `authorize` may change the url,
 * headers, body and `withCredentials` of a request; its other changes are ignored.
 *
 * Requests by {@link withoutSession}, by JSONP, with their own `Authorization` header, or to other origins pass
 * unchanged. Interceptors before it see a request once, those after it each attempt. Errors about the session are those
 * of renewal: `RefreshError`, `SessionExpiredError`, `SignedOutError`, `TokenRejectedError`.
 *
 * @param session - A session, or the name of an api. @defaultValue the session of {@link provideApi}
 * @param options - The origins that may get the token. @defaultValue those of the api of {@link provideApi}; for a
 * session in the first parameter, the origin of the page
 *
 * @example
 * ```ts
 * provideHttpClient(withInterceptors([sessionInterceptor()]));
 * ```
 */
export const sessionInterceptor = (
  session: Session | ApiName = PROVIDED_API,
  options: BearerOptions = {},
): HttpInterceptorFn => {
  // Validates the arguments at creation, not at the first request.
  if (!(session instanceof InjectionToken)) bearer(session, options);

  return (request, next) => {
    // The base of relative urls if there is no page, as in a test in Node (`invalid` never resolves, RFC 2606).
    const page = injectPageUrl() ?? 'http://page.invalid/';
    const url = toHttpUrl(request.urlWithParams, page);
    // JSONP cannot have headers.
    if (!url || request.method === 'JSONP' || request.context.get(WITHOUT_SESSION)) return next(request);

    const zone = inject(NgZone);
    const runInCaller = captureZone(zone);
    const runOutside = outsideAngular(zone);
    const provided: Partial<ProvidedApi> = session instanceof InjectionToken ? inject(session) : { session };
    const allowedOrigins = options.allowedOrigins ?? provided.allowedOrigins ?? [injectPageRoot() ?? page];
    const cacheBypassOf = injectCacheBypass();
    const original = toWireRequest(request, url);
    const handler: HttpHandler = (sent) =>
      // Interceptors after this one run in the zone of the caller.
      observeAcrossZones(
        defer(() => next(withChanges(request, original, sent, cacheBypassOf(sent)))),
        runInCaller,
        runOutside,
      ).pipe(
        catchError((error) => {
          if (isErrorResponse(error)) return of(error);
          throw error;
        }),
        map((source) => withSource(source, page)),
      );
    return observeAcrossZones(
      bearer(requireSession(provided), { allowedOrigins })(original, handler),
      runOutside,
      runInCaller,
    ).pipe(
      map(sourceOf),
      // Emits `Sent` once, also for two attempts.
      filter(({ type }, index) => type !== HttpEventType.Sent || !index),
    );
  };
};
