import { type HttpRequest as AngularRequest, HttpParams } from '@angular/common/http';
import { type Body, HttpContext, type HttpRequest } from 'renewal';
import { toHeaders } from './http-events';

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

/** The body of the caller with the bytes of then, of the same kind as those who come after us have read it. */
const replayed = (original: unknown, text: Body): unknown => {
  if (typeof text !== 'string' || typeof original === 'string' || original instanceof HttpParams) return original;
  return original instanceof URLSearchParams ? new URLSearchParams(text) : JSON.parse(text);
};

/**
 * The caller's request with what has been changed on its way: the very same one where nothing was.
 *
 * @param wire - What the caller's request was.
 * @param sent - What has become of that.
 * @param isNow - Whether the caller has had no time to change the body.
 */
export const toAngular = (
  request: AngularRequest<unknown>,
  wire: HttpRequest,
  sent: HttpRequest,
  isNow: boolean,
): AngularRequest<unknown> => {
  const changed = Object.entries(sent.headers).filter(([name, value]) => wire.headers[name] !== value);
  const isMoved = sent.url !== wire.url;
  const body = sent.body !== wire.body ? sent.body : isNow ? request.body : replayed(request.body, wire.body);
  if (!changed.length && !isMoved && body === request.body) return request;
  return request.clone({
    setHeaders: Object.fromEntries(changed),
    body,
    // What came by a token is not for the page; kept there, an expired answer would also be the one to the second attempt.
    transferCache: false,
    ...(isMoved && { url: sent.url, params: new HttpParams() }),
  });
};
