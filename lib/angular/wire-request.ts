import { type HttpRequest as AngularRequest, HttpParams } from '@angular/common/http';
import { type Body, HttpContext, type HttpRequest } from 'renewal';
import { type CacheBypass, NOT_TRANSFERRED } from './cache-bypass';
import { toHeaders } from './http-events';
import { toClientUrl } from './page-url';

/** Converts a request of `HttpClient`: an absolute url, and a body that is serialised once, for both attempts. */
export const toWireRequest = (request: AngularRequest<unknown>, url: string): HttpRequest => {
  const { method, responseType, reportProgress, withCredentials } = request;
  const serialized = request.serializeBody();
  // A snapshot: the caller may change the parameters later.
  const body = serialized instanceof URLSearchParams ? `${serialized}` : serialized;
  const type = request.detectContentTypeHeader();
  return {
    method,
    url,
    headers: { ...(type && { 'content-type': type }), ...toHeaders(request.headers) },
    body: body as Body, // Angular serialises to no other type
    responseType,
    timeoutMs: 0,
    withCredentials,
    reportProgress,
    auth: true,
    renew: true,
    context: new HttpContext(),
  };
};

/** The caller's body, or a copy of its original content if the caller has changed it since. */
const replayBody = (request: AngularRequest<unknown>, text: string): unknown => {
  // Interceptors after this one get the body itself: dates and files, for example, get lost in a text.
  if (`${request.serializeBody()}` === text) return request.body;
  return request.body instanceof URLSearchParams ? new URLSearchParams(text) : JSON.parse(text);
};

/**
 * The caller's request with the changes of the session, or the same object if there are none.
 *
 * @param original - The caller's request, converted.
 * @param sent - The request that the session sends.
 */
export const withChanges = (
  request: AngularRequest<unknown>,
  original: HttpRequest,
  sent: HttpRequest,
  { headers: bypassHeaders, ...mode }: CacheBypass,
): AngularRequest<unknown> => {
  if (sent === original) return request;
  const { url, headers, body, withCredentials } = sent;
  const isRewritten = body !== original.body;
  const changed = Object.entries(headers).filter(
    // Angular does not know the content type of a text.
    ([name, value]) => original.headers[name] !== value || (isRewritten && name === 'content-type'),
  );
  return request.clone({
    setHeaders: { ...Object.fromEntries(changed), ...bypassHeaders },
    withCredentials,
    body: isRewritten || typeof body !== 'string' ? body : replayBody(request, body),
    ...NOT_TRANSFERRED,
    ...mode,
    ...(url !== original.url && { url: toClientUrl(url), params: new HttpParams() }),
  });
};
