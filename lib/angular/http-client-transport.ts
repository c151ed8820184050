import { HttpRequest as AngularRequest, HttpClient, type HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { inject, NgZone } from '@angular/core';
import { type HttpEvent, type HttpRequest, type HttpResponse, InvalidRequestError, type Transport } from 'renewal';
import { catchError, defer, filter, map, of } from 'rxjs';
import { type CacheBypass, injectCacheBypass } from './cache-bypass';
import { isErrorResponse, toEvent, toResponse, unparsedText } from './http-events';
import { toClientUrl } from './page-url';

import { toApiError } from './to-api-error';
import { withoutSession } from './without-session';
import { CALLER_ZONE, IS_PRIVATE, observeAcrossZones, outsideAngular } from './zone';

/** Whether `HttpClient` would make JSON of its internals: what is no text by now is a form, a blob or bytes, of whatever make. */
const isPolyfilled = (body: unknown): boolean => {
  const { FormData, Blob } = globalThis;
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return false;
  const isBuffer = /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(body));
  return !isBuffer && ![FormData, Blob].some((type) => type && body instanceof type);
};

/** The body as `HttpClient` takes it, which would make JSON of a view. Throws an `InvalidRequestError` for a stream. */
const toClientBody = (request: HttpRequest): unknown => {
  const { body } = request;
  if (body && 'getReader' in Object(body))
    throw new InvalidRequestError('HttpClient can not send a stream', { request });
  if (isPolyfilled(body))
    throw new InvalidRequestError(
      'HttpClient does not take this body: expected a form, blob or buffer of this platform',
      {
        request,
      },
    );
  if (!ArrayBuffer.isView(body)) return body;
  const { buffer, byteOffset, byteLength } = body;
  // A copy, as the memory may be shared, which can not be sent.
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
};

const toClientRequest = (request: HttpRequest, { headers, ...mode }: CacheBypass): AngularRequest<unknown> =>
  new AngularRequest(request.method, toClientUrl(request.url), toClientBody(request), {
    responseType: request.responseType,
    withCredentials: request.withCredentials,
    reportProgress: request.reportProgress,
    ...mode,
    headers: new HttpHeaders({ ...request.headers, ...headers }),
    context: withoutSession(),
    // What came by a token is not for the page; kept there, an expired answer would also be the one to the second attempt.
    ...((request.context.get(IS_PRIVATE) || 'authorization' in request.headers) && { transferCache: false }),
  });

/** The response that `HttpClient` makes an error of; nothing for an interceptor's own error. A text that is not JSON goes to the client, which has it judged first. */
const toErrorResponse = (error: HttpErrorResponse, request: HttpRequest): HttpResponse | undefined => {
  const response = toResponse(error, request.url);
  const text = unparsedText(error);
  if (text !== undefined) return { ...response, body: { [Symbol.for('renewal.json-text')]: text } };
  return error.status >= 300 ? response : undefined;
};

/**
 * Sends through `HttpClient`, so that Angular's interceptors, `withFetch()`, the transfer cache, the testing backend and pending tasks apply. Call it in an
 * injection context, such as the options of `provideApi`. Bodies reach Angular's interceptors as they go to the wire: objects as JSON.
 * `sessionInterceptor` lets its requests pass; all other interceptors see each attempt, and the refresh.
 *
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for a stream, or a form or blob of another platform; what an interceptor throws stays what it is.
 *
 * @example
 * ```ts
 * provideApi(() => ({ baseUrl: '/api/', transport: httpClientTransport() }));
 * ```
 */
export const httpClientTransport = (): Transport => {
  const http = inject(HttpClient);
  const runOutside = outsideAngular(inject(NgZone));
  const cacheBypassOf = injectCacheBypass();
  return (request) => {
    const { reportProgress, context } = request;
    // Angular's interceptors are to find themselves where the request was made.
    return observeAcrossZones(
      defer(() => http.request(toClientRequest(request, cacheBypassOf(request)))),
      context.get(CALLER_ZONE) ?? runOutside,
      runOutside,
    ).pipe(
      map((event) => toEvent(event, request.url)),
      filter((event): event is HttpEvent => event?.type === 'response' || (!!event && reportProgress)),
      catchError((error) => {
        const response = isErrorResponse(error) && toErrorResponse(error, request);
        if (response) return of(response);
        throw toApiError(error, request);
      }),
    );
  };
};
