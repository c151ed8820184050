import { type HttpRequest as AngularRequest, HttpParams } from '@angular/common/http';
import { type Body, HttpContext, type HttpRequest } from 'renewal';
import { toHeaders } from './http-events';

/** A request of `HttpClient` as it goes to the wire: with an absolute url, and a body that is serialised once, for both attempts. */
export const toWire = (request: AngularRequest<unknown>, url: string): HttpRequest => {
  const { method, responseType, reportProgress, withCredentials } = request;
  // By `instanceof`, as it can be changed later; it is sent as the text that it is now.
  const isForm = request.body instanceof URLSearchParams;
  const body = isForm ? `${request.body}` : request.serializeBody();
  const type = isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : request.detectContentTypeHeader();
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

/** The body for an attempt that leaves later: of the same kind that the caller gave, as those who come after us read it, with the bytes of then. */
const replayed = (original: unknown, sent: unknown): unknown => {
  if (typeof sent !== 'string' || typeof original === 'string' || original instanceof HttpParams) return sent;
  return original instanceof URLSearchParams ? new URLSearchParams(sent) : JSON.parse(sent);
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
  let { headers } = request;
  for (const [name, value] of Object.entries(sent.headers)) {
    if (wire.headers[name] !== value) headers = headers.set(name, value);
  }
  for (const name of Object.keys(wire.headers)) if (!(name in sent.headers)) headers = headers.delete(name);
  const isSameBody = request.body === null || (isNow && (sent.body === wire.body || wire.body instanceof ArrayBuffer));
  const changes = {
    ...(headers !== request.headers && { headers }),
    ...(sent.url !== wire.url && { url: sent.url, params: new HttpParams() }),
    ...(!isSameBody && { body: replayed(request.body, sent.body) }),
  };
  return Object.keys(changes).length ? request.clone(changes) : request;
};
