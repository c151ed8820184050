import { HttpRequest as AngularRequest, HttpClient, type HttpErrorResponse, HttpHeaders } from '@angular/common/http';
import { inject, NgZone } from '@angular/core';
import { type HttpEvent, type HttpRequest, type HttpResponse, InvalidRequestError, type Transport } from 'renewal';
import { catchError, defer, filter, map, of } from 'rxjs';
import { type CacheBypass, injectCacheBypass, NOT_TRANSFERRED } from './cache-bypass';
import { isErrorResponse, toEvent, toResponse, unparsedText } from './http-events';
import { toClientUrl } from './page-url';

import { toApiError } from './to-api-error';
import { withoutSession } from './without-session';
import { CALLER_ZONE, IS_PRIVATE, observeAcrossZones, outsideAngular } from './zone';

/**
 * Whether `HttpClient` would serialise the internals of a body as JSON: those of a polyfill's form, blob or buffer. By
 * now any body that is no text is one of these.
 */
const isPolyfilled = (body: unknown): boolean => {
  const { FormData, Blob } = globalThis;
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return false;
  const isBuffer = /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(body));
  return !isBuffer && ![FormData, Blob].some((type) => type && body instanceof type);
};

/**
 * Converts a body for `HttpClient`, which would serialise a view as JSON. Throws an `InvalidRequestError` for a stream.
 */
const toClientBody = (request: HttpRequest): unknown => {
  const { body } = request;
  if (body && 'getReader' in Object(body))
    throw new InvalidRequestError('HttpClient cannot send a stream', { request });
  if (isPolyfilled(body))
    throw new InvalidRequestError(
      'HttpClient cannot send this body: expected a form, blob or buffer of this platform',
      {
        request,
      },
    );
  if (!ArrayBuffer.isView(body)) return body;
  const { buffer, byteOffset, byteLength } = body;
  // A copy, because shared memory cannot be sent.
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
};

const toClientRequest = (request: HttpRequest, { headers, ...mode }: CacheBypass): AngularRequest<unknown> => {
  const { responseType } = request;
  if (responseType === 'stream')
    throw new InvalidRequestError('responseType: expected fetchTransport() for a stream', { request });
  return new AngularRequest(request.method, toClientUrl(request.url), toClientBody(request), {
    responseType,
    withCredentials: request.withCredentials,
    reportProgress: request.reportProgress,
    ...mode,
    headers: new HttpHeaders({ ...request.headers, ...headers }),
    context: withoutSession(),
    ...((request.context.get(IS_PRIVATE) || 'authorization' in request.headers) && NOT_TRANSFERRED),
  });
};

/**
 * The response in an error of `HttpClient`; `undefined` for an error of an interceptor. A text that is not JSON stays a
 * text, so that `isExpired` judges it before the client refuses it.
 */
const toErrorResponse = (error: HttpErrorResponse, request: HttpRequest): HttpResponse | undefined => {
  const response = toResponse(error, request.url);
  const text = unparsedText(error);
  if (text !== undefined) return { ...response, body: { [Symbol.for('renewal.json-text')]: text } };
  return error.status >= 300 ? response : undefined;
};

/**
 * Sends through `HttpClient`, so that Angular's interceptors, `withFetch()`, the transfer cache, the testing backend
 * and pending tasks apply. Call it in an injection context, such as the options of `provideApi`. Angular's interceptors
 * get each body as it goes to the wire: an object as JSON. `sessionInterceptor` ignores these requests. All other
 * interceptors see each attempt, and the refresh.
 *
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for a stream, in either
 * direction, and for a form or blob of another platform. An error of an interceptor is passed on unchanged.
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
    // Angular's interceptors run in the zone of the caller.
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
