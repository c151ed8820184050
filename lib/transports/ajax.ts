import { catchError, map, type Observable, of, startWith } from 'rxjs';
import { AjaxError, ajax } from 'rxjs/ajax';
import { createXHR as createPlatformXHR } from '#xhr';
import { copyOf } from '../http/body';
import { InvalidRequestError, isApiError, NetworkError } from '../http/errors';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { toAnswer, whyNot } from './answer';

/** The options of {@link ajaxTransport}. */
export interface AjaxTransportOptions {
  /** Makes the `XMLHttpRequest` of one attempt. @defaultValue the browser's own; in Node xhr2's */
  readonly createXHR?: () => XMLHttpRequest;
}

const toHeaders = (lines: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(lines.matchAll(/^([^:\s]+): ?(.*)$/gm), ([, name = '', value = '']) => [name.toLowerCase(), value]),
  );

/** The answer that an `XMLHttpRequest` has loaded. */
const toResponse = (xhr: XMLHttpRequest, request: HttpRequest): HttpResponse => {
  const { status, statusText, responseURL: url, response: body } = xhr;
  return toAnswer(request, { status, statusText, headers: toHeaders(xhr.getAllResponseHeaders()), url, body });
};

/** What `rxjs/ajax` errors with never gets out: it prints the headers, the token among them, and what it refuses to send. */
const recover = (error: unknown, request: HttpRequest): Observable<HttpEvent> => {
  if (isApiError(error)) throw error;
  if (!(error instanceof AjaxError)) {
    const why = error instanceof ReferenceError ? 'there is no XMLHttpRequest here' : whyNot(request);
    throw new InvalidRequestError(why, { request });
  }
  // The XHR for Node keeps why the connection failed; a browser never tells.
  const xhr: XMLHttpRequest & { cause?: unknown } = error.xhr;
  if (xhr.status < 400) throw new NetworkError('no complete answer', { request, cause: xhr.cause });
  return of(toResponse(xhr, request));
};

/**
 * Sends through `rxjs/ajax`, that is through `XMLHttpRequest`: the browser's own, in Node xhr2's.
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for what XHR can't send.
 */
export const ajaxTransport =
  ({ createXHR = createPlatformXHR }: AjaxTransportOptions = {}): Transport =>
  (request) => {
    const { method, url, headers, body, responseType, withCredentials, reportProgress } = request;
    const answer$ = ajax({
      method,
      url,
      headers,
      // Of a view, rxjs/ajax would send the whole buffer, and whatever else is in it; of shared memory, nothing.
      body: body instanceof ArrayBuffer ? body : (copyOf(body) ?? body),
      responseType: responseType === 'json' ? 'text' : responseType,
      withCredentials,
      // Adds no `x-requested-with`, which would cost a preflight request.
      crossDomain: true,
      createXHR,
      includeDownloadProgress: reportProgress,
      includeUploadProgress: reportProgress,
    }).pipe(
      map(({ type, xhr, loaded, total, originalEvent: { lengthComputable } }): HttpEvent => {
        if (type === 'download_load') return toResponse(xhr, request);
        return { type: type.startsWith('u') ? 'upload' : 'download', loaded, ...(lengthComputable && { total }) };
      }),
      catchError((error) => recover(error, request)),
    );
    return reportProgress ? answer$.pipe(startWith<HttpEvent>({ type: 'sent' })) : answer$;
  };
