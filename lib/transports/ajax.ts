import { Observable, throwError } from 'rxjs';
import { AjaxError, type AjaxResponse, ajax } from 'rxjs/ajax';
import { canStream, xhrFactory } from '#xhr';
import { copyOf, isOneShot, tagOf } from '../http/body';
import { InvalidRequestError, NetworkError } from '../http/errors';
import { jsonText } from '../http/json-text';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { scopeOf } from '../http/trace';
import type { Agents } from './agents';
import { headersOf, isEmpty, whyNot } from './answer';

/** The options of {@link ajaxTransport}. */
export interface AjaxTransportOptions {
  /**
   * Makes the `XMLHttpRequest` of one attempt. One of your own is not trusted with a `ReadableStream`.
   * @defaultValue the browser's own; in Node one that stands on xhr2
   */
  readonly createXHR?: () => XMLHttpRequest;
  /**
   * What connections are made by, in Node; browsers have no agents and ignore them.
   * @defaultValue `globalAgent` of `node:http` and `node:https`, which keep connections alive
   */
  readonly agents?: Agents;
}

/** What the XHR for Node has besides: its headers, parsed, and why the connection failed. A browser's has neither. */
type PlatformXHR = XMLHttpRequest & { readonly responseHeaders?: Record<string, string>; readonly cause?: unknown };

const toHeaders = (lines: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(lines.matchAll(/^([^:\s]+): ?(.*)$/gm), ([, name = '', value = '']) => [name.toLowerCase(), value]),
  );

/** Adds what keeps an HTTP cache from answering, if that needs no CORS preflight: to the page's own origin. */
const withoutCache = ({ url, cache }: HttpRequest, headers: HttpRequest['headers']): HttpRequest['headers'] => {
  const page = globalThis.location as Location | undefined; // missing in Node
  const isOfPage = cache && page && new URL(url, page.href).origin === page.origin;
  return isOfPage ? { 'cache-control': 'no-cache', ...headers } : headers;
};

/** Whether it is a form or a stream by its name only: rxjs/ajax would send it as `{}`. */
const isForeign = (body: unknown): boolean =>
  !!body && /FormData|Stream/.test(tagOf(body)) && !(body instanceof FormData || body instanceof ReadableStream);

/** The answer that an `XMLHttpRequest` has loaded. */
const toResponse = (xhr: PlatformXHR, request: HttpRequest): HttpResponse => {
  const { status, statusText, responseURL: url, response } = xhr;
  const headers = xhr.responseHeaders ?? toHeaders(xhr.getAllResponseHeaders());
  const body = request.responseType === 'json' ? jsonText(response ?? '') : response;
  return { type: 'response', status, statusText, headers, url, body: isEmpty(request, status) ? null : body };
};

/** What an event of `rxjs/ajax` says; of the newest answer, the whole. */
const toEvent = (
  { type, xhr, loaded, total, originalEvent }: AjaxResponse<unknown>,
  request: HttpRequest,
): HttpEvent => {
  if (type === 'download_load') return toResponse(xhr, request);
  return {
    type: type.startsWith('u') ? 'upload' : 'download',
    loaded,
    ...(originalEvent.lengthComputable && { total }),
  };
};

/**
 * The answer with a status of 400 or above, which `rxjs/ajax` makes an error of; otherwise throws. Its own errors never get out: they print the headers, the
 * token among them, and what it refuses to send.
 */
const recovered = (error: unknown, request: HttpRequest): HttpResponse => {
  if (!(error instanceof AjaxError)) {
    const why = error instanceof ReferenceError ? 'no XMLHttpRequest here' : whyNot(request);
    throw new InvalidRequestError(why, { request });
  }
  const xhr: PlatformXHR = error.xhr;
  if (xhr.status < 400) throw new NetworkError('no complete answer', { request, cause: xhr.cause });
  return toResponse(xhr, request);
};

/**
 * Sends through `rxjs/ajax`, that is through `XMLHttpRequest`: the browser's own; in Node one that stands on xhr2 and sends streams, too.
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for what XHR can't send. Throws a `TypeError` for what is no agent.
 */
export const ajaxTransport = ({ createXHR, agents }: AjaxTransportOptions = {}): Transport => {
  const create = createXHR ?? xhrFactory(agents);
  const streams = canStream && !createXHR;

  return (request) => {
    const { method, url, body, responseType, withCredentials, reportProgress } = request;
    const headers = withoutCache(request, headersOf(request));
    const refusal = isForeign(body)
      ? 'no form or stream of this platform'
      : isOneShot(body) && !streams && 'XMLHttpRequest sends no stream';
    if (refusal) return throwError(() => new InvalidRequestError(refusal, { request }));
    const source$ = ajax({
      method,
      url,
      // rxjs/ajax takes an empty text for no body.
      headers: body === '' ? { 'content-type': 'text/plain;charset=UTF-8', ...headers } : headers,
      // Of a view, rxjs/ajax would send the whole buffer, and whatever else is in it; of shared memory, nothing.
      body: body instanceof ArrayBuffer ? body : (copyOf(request) ?? body),
      responseType: responseType === 'json' ? 'text' : responseType,
      // Adds no `x-requested-with`, which would cost a preflight request.
      crossDomain: true,
      createXHR: create,
      ...(withCredentials && { withCredentials }),
      ...(reportProgress && { includeDownloadProgress: true, includeUploadProgress: true }),
    });
    return new Observable((caller) => {
      if (reportProgress) caller.next({ type: 'sent' });
      // Who unsubscribes there is heard of here only later.
      if (scopeOf(request).caller.closed) return;
      const answer = source$.subscribe({
        next: (shown) => {
          let event: HttpEvent;
          try {
            event = toEvent(shown, request);
          } catch (error) {
            caller.error(error);
            return;
          }
          caller.next(event);
        },
        error: (error) => {
          let response: HttpResponse;
          try {
            response = recovered(error, request);
          } catch (final) {
            caller.error(final);
            return;
          }
          caller.next(response);
          caller.complete();
        },
        complete: () => caller.complete(),
      });
      caller.add(answer);
    });
  };
};
