import { type HttpRequest as AngularRequest, HttpParams } from '@angular/common/http';
import { type Body, HttpContext, type HttpRequest } from 'renewal';
import { toHeaders } from './http-events';
import { toSent } from './page-url';
import type { PastCaches } from './past-caches';

/** A request of `HttpClient` as it goes to the wire: with an absolute url, and a body that is serialised once, for both attempts. */
export const toWire = (request: AngularRequest<unknown>, url: string): HttpRequest => {
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
const replayed = (request: AngularRequest<unknown>, text: string): unknown => {
  // Those after us are shown the body itself, of which dates and files, say, come to no text.
  if (`${request.serializeBody()}` === text) return request.body;
  return request.body instanceof URLSearchParams ? new URLSearchParams(text) : JSON.parse(text);
};

/**
 * The caller's request with what has been changed on its way: the very same one where nothing was.
 *
 * @param wire - What the caller's request was.
 * @param sent - What has become of that.
 * @param pastCaches - What gets it past HTTP caches.
 */
export const toAngular = (
  request: AngularRequest<unknown>,
  wire: HttpRequest,
  sent: HttpRequest,
  { headers: toPass, ...mode }: PastCaches,
): AngularRequest<unknown> => {
  if (sent === wire) return request;
  const { url, headers, body, withCredentials } = sent;
  const isRewritten = body !== wire.body;
  const changed = Object.entries(headers).filter(
    // Of a text, Angular would not know what it is.
    ([name, value]) => wire.headers[name] !== value || (isRewritten && name === 'content-type'),
  );
  return request.clone({
    setHeaders: { ...Object.fromEntries(changed), ...toPass },
    withCredentials,
    body: isRewritten || typeof body !== 'string' ? body : replayed(request, body),
    // What came by a token is not for the page; kept there, an expired answer would also be the one to the second attempt.
    transferCache: false,
    ...mode,
    ...(url !== wire.url && { url: toSent(url), params: new HttpParams() }),
  });
};
