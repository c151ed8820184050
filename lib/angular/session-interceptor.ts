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

/** An event of ours with the one of Angular's that it was made of, which the caller gets. */
type Carrier = HttpEvent & { readonly source: AngularEvent<unknown> | HttpErrorResponse };

/** Angular's own event, or its error; all that comes was made by the handler below. */
const sourceOf = (event: HttpEvent): AngularEvent<unknown> => {
  const { source } = event as Carrier;
  if (source instanceof HttpErrorResponse) throw source;
  return source;
};

/** Of what is no answer nobody looks at more than that. */
const withSource = (source: Carrier['source'], page: string): Carrier => {
  const isResponse = source instanceof HttpErrorResponse || source.type === HttpEventType.Response;
  return { ...(isResponse ? toResponse(source, page) : { type: 'sent' }), source };
};

/**
 * Gives `HttpClient` a session: puts its token on each request, waits for a refresh where the token is dead, and sends a request again, once, when the answer
 * says that it has expired, by status or by a code such as 1002 in the body; such an answer reaches no one, but where progress is asked for, each attempt tells its own.
 * All else is as it was: the request's `HttpContext`, progress, `HttpErrorResponse`. Of what `authorize` makes of a request, url, headers, body and
 * `withCredentials` count.
 *
 * Requests by {@link withoutSession}, by JSONP, with an `Authorization` header of their own, or to other origins pass as they are. Interceptors before it see a
 * request once, those after it each attempt. Errors about the session are renewal's: `RefreshError`, `SessionExpiredError`, `SignedOutError`, `TokenRejectedError`.
 *
 * @param session - A session, or the name of an api of {@link provideApi}. @defaultValue the session of {@link provideApi}
 * @param options - Where the token may go. @defaultValue where the api of {@link provideApi} lets it go; of a session that is handed in, the origin of the page
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
  // Checked now, not with the first request.
  if (!(session instanceof InjectionToken)) bearer(session, options);

  return (request, next) => {
    // What relative urls belong to where there is no page, as in a test in Node (`invalid` resolves nowhere, RFC 2606).
    const page = injectPageUrl() ?? 'http://page.invalid/';
    const url = toHttpUrl(request.urlWithParams, page);
    // JSONP can have no headers.
    if (!url || request.method === 'JSONP' || request.context.get(WITHOUT_SESSION)) return next(request);

    const zone = inject(NgZone);
    const runInCaller = captureZone(zone);
    const runOutside = outsideAngular(zone);
    const provided: Partial<ProvidedApi> = session instanceof InjectionToken ? inject(session) : { session };
    const allowedOrigins = options.allowedOrigins ?? provided.allowedOrigins ?? [injectPageRoot() ?? page];
    const cacheBypassOf = injectCacheBypass();
    const original = toWireRequest(request, url);
    const handler: HttpHandler = (sent) =>
      // An interceptor after it finds itself where the caller is.
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
      // That it was sent is told once, however often it was.
      filter(({ type }, index) => type !== HttpEventType.Sent || !index),
    );
  };
};
