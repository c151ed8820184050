import { type HttpRequest as AngularRequest, HttpParams } from '@angular/common/http';
import { type Body, HttpContext, type HttpRequest } from 'renewal';
import type { CacheBypass } from './cache-bypass';
import { toHeaders } from './http-events';
import { toClientUrl } from './page-url';

/** A request of `HttpClient` as it goes to the wire: with an absolute url, and a body that is serialised once, for both attempts. */
export const toWireRequest = (request: AngularRequest<unknown>, url: string): HttpRequest => {
  const { method, responseType, reportProgress, withCredentials } = request;
  const serialized = request.serializeBody();
  // It can be changed later; it is sent as the text that it is now.
  const body = serialized instanceof URLSearchParams ? `${serialized}` : serialized;
  const type = request.detectContentTypeHeader();
  return {
    method,
    url,
    headers: { ...(type && { 'content-type': type }), ...toHeaders(request.headers) },
    body: body as Body, // all that Angular serialises to
    responseType,
    timeoutMs: 0,
    withCredentials,
    reportProgress,
    auth: true,
    context: new HttpContext(),
  };
};

/** The caller's body, or where that has been changed meanwhile, one of its kind that holds what it was. */
const replayBody = (request: AngularRequest<unknown>, text: string): unknown => {
  // Those after us are shown the body itself, of which dates and files, say, come to no text.
  if (`${request.serializeBody()}` === text) return request.body;
  return request.body instanceof URLSearchParams ? new URLSearchParams(text) : JSON.parse(text);
};

/**
 * The caller's request with what has been changed on its way: the very same one where nothing was.
 *
 * @param original - What the caller's request was.
 * @param sent - What has become of that.
 * @param pastCaches - What gets it past HTTP caches.
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
    // Of a text, Angular would not know what it is.
    ([name, value]) => original.headers[name] !== value || (isRewritten && name === 'content-type'),
  );
  return request.clone({
    setHeaders: { ...Object.fromEntries(changed), ...bypassHeaders },
    withCredentials,
    body: isRewritten || typeof body !== 'string' ? body : replayBody(request, body),
    // What came by a token is not for the page; kept there, an expired answer would also be the one to the second attempt.
    transferCache: false,
    ...mode,
    ...(url !== original.url && { url: toClientUrl(url), params: new HttpParams() }),
  });
};
