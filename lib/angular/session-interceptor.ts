import {
  type HttpEvent as AngularEvent,
  HttpResponse as AngularResponse,
  HttpErrorResponse,
  HttpEventType,
  type HttpInterceptorFn,
} from '@angular/common/http';
import { InjectionToken, inject, NgZone } from '@angular/core';
import { type BearerOptions, bearer, type HttpEvent, type HttpHandler, type Session } from 'renewal';
import { catchError, filter, map, Observable, of, throwError } from 'rxjs';
import { isAnswer, toEvent, toResponse } from './http-events';
import { injectPageUrl } from './page-url';
import { type ApiToken, PROVIDED_API, type ProvidedApi, sessionOf } from './provided-api';
import { toAngular, toWire } from './wire-request';
import { WITHOUT_SESSION } from './without-session';
import { across, backHere, outside } from './zone';

/** An event of ours with the one of Angular's that it was made of, which the caller gets. */
type Carrier = HttpEvent & { readonly source: AngularEvent<unknown> | HttpErrorResponse };

/** What relative urls belong to where there is no page, as in a test in Node (`invalid` resolves nowhere, RFC 2606). */
const NO_PAGE = 'http://page.invalid/';

/** The url of http or https that this is, if it is one. */
const toUrl = (url: string, page: string): string | undefined => {
  try {
    const { href } = new URL(url, page);
    return /^https?:/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
};

/** Hands out Angular's own events and errors; that a request was sent is told once, however often it was. */
const unpack = () => {
  let isSent = false;
  return (source$: Observable<HttpEvent>): Observable<AngularEvent<unknown>> =>
    source$.pipe(
      map((event) => {
        const { source } = event as Carrier; // all that comes was made by the handler below
        if (source instanceof HttpErrorResponse) throw source;
        return source;
      }),
      filter(({ type }) => {
        const isAgain = isSent && type === HttpEventType.Sent;
        isSent ||= type === HttpEventType.Sent;
        return !isAgain;
      }),
    );
};

/**
 * Gives `HttpClient` a session: puts its token on each request, waits for a refresh where the token is dead, and sends a request again, once, when the answer
 * says that it has expired, by status or by a code such as 1002 in the body; such an answer reaches no one.
 * All else is as it was: the request's `HttpContext`, progress, `HttpErrorResponse`.
 *
 * Requests by {@link withoutSession}, with an `Authorization` header of their own, or to other origins pass as they are. Interceptors before it see a request
 * once, those after it each attempt. Errors about the session are renewal's: `RefreshError`, `SessionExpiredError`, `SignedOutError`, `TokenRejectedError`.
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
  session: Session | ApiToken = PROVIDED_API,
  options: BearerOptions = {},
): HttpInterceptorFn => {
  // Checked now, not with the first request.
  if (!(session instanceof InjectionToken)) bearer(session, options);

  return (request, next) => {
    const page = injectPageUrl() ?? NO_PAGE;
    const url = toUrl(request.urlWithParams, page);
    if (!url || request.context.get(WITHOUT_SESSION)) return next(request);

    const zone = inject(NgZone);
    const back = backHere(zone);
    const leave = outside(zone);
    const provided: Partial<ProvidedApi> = session instanceof InjectionToken ? inject(session) : { session };
    const allowedOrigins = options.allowedOrigins ?? provided.allowedOrigins ?? [page];
    const attach = bearer(sessionOf(provided), { allowedOrigins });

    const wire = toWire(request, url);
    let isNow = true;
    const handler: HttpHandler = (sent) =>
      across(next(toAngular(request, wire, sent, isNow)), back, leave).pipe(
        map((source): Carrier => ({ ...(toEvent(source, page) ?? { type: 'sent' }), source })),
        catchError((error) =>
          error instanceof HttpErrorResponse && isAnswer(error)
            ? of({ ...toResponse(error, page), source: error } satisfies Carrier)
            : throwError(() => error),
        ),
      );
    const events$ = new Observable<HttpEvent>((subscriber) => {
      isNow = true;
      const subscription = attach(wire, handler).subscribe(subscriber);
      isNow = false;
      return subscription;
    });
    return across(unpack()(events$), leave, back, (event) => event instanceof AngularResponse);
  };
};
