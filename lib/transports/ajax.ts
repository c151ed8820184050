import { catchError, filter, map, type Observable, of, startWith } from 'rxjs';
import { AjaxError, type AjaxResponse, ajax } from 'rxjs/ajax';
import { createXHR as createPlatformXHR } from '#xhr';
import { parseJson } from '../http/body';
import { InvalidRequestError, isApiError, NetworkError, ResponseParseError } from '../http/errors';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent, HttpProgressEvent, HttpResponse } from '../http/response';

/** The options of {@link ajaxTransport}. */
export interface AjaxTransportOptions {
  /** Makes the `XMLHttpRequest` of one attempt. @defaultValue the browser's own; in Node xhr2's */
  readonly createXHR?: () => XMLHttpRequest;
}

/** A view of a larger buffer is sent as that view: `rxjs/ajax` would send the whole buffer, and whatever else is in it. */
const exactBytes = (body: unknown): unknown =>
  ArrayBuffer.isView(body) ? body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) : body;

const parseHeaders = (lines: string): Record<string, string> =>
  Object.fromEntries(
    lines
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const colonAt = line.indexOf(':');
        return [line.slice(0, colonAt).toLowerCase(), line.slice(colonAt + 1).trim()];
      }),
  );

/** The answer that an `XMLHttpRequest` has loaded. JSON is parsed here, as XHR itself makes `null` of what is not JSON. */
const toResponse = (xhr: XMLHttpRequest, request: HttpRequest): HttpResponse => {
  const { status, statusText, responseURL: url } = xhr;
  const headers = parseHeaders(xhr.getAllResponseHeaders());
  const response = { type: 'response', status, statusText, headers, url, body: xhr.response } as const;
  if (request.responseType !== 'json') return response;
  const body = response.body ? parseJson(response.body) : null;
  if (body !== undefined) return { ...response, body };
  if (status < 400) throw new ResponseParseError(request, response);
  return response;
};

const toProgress = ({
  type,
  originalEvent: { loaded, total, lengthComputable },
}: AjaxResponse<unknown>): HttpProgressEvent => ({
  type: type.startsWith('upload') ? 'upload' : 'download',
  loaded,
  ...(lengthComputable && { total }),
});

/** What `rxjs/ajax` errors with never gets out: it prints the headers, the token among them, and what it refuses to send. */
const recover = (error: unknown, request: HttpRequest): Observable<HttpEvent> => {
  if (isApiError(error)) throw error;
  if (!(error instanceof AjaxError)) throw new InvalidRequestError('this transport can not send it', request);
  if (error.xhr.status >= 400) return of(toResponse(error.xhr, request));
  // The XHR for Node keeps why the connection failed; a browser never tells.
  throw new NetworkError(request, (error.xhr as { cause?: unknown }).cause);
};

/**
 * Sends through `rxjs/ajax`, that is through `XMLHttpRequest`: the browser's own, in Node xhr2's.
 * Errors with `NetworkError`, `ResponseParseError`, or `InvalidRequestError` for what XHR can't send.
 */
export const ajaxTransport =
  ({ createXHR = createPlatformXHR }: AjaxTransportOptions = {}): Transport =>
  (request) => {
    const { method, url, headers, responseType, withCredentials, reportProgress } = request;
    const answer$ = ajax({
      method,
      url,
      headers,
      body: exactBytes(request.body),
      responseType: responseType === 'json' ? 'text' : responseType,
      withCredentials,
      // Adds no `x-requested-with`, which would cost a preflight request.
      crossDomain: true,
      createXHR,
      includeDownloadProgress: reportProgress,
      includeUploadProgress: reportProgress,
    }).pipe(
      filter(({ type }) => !type.endsWith('loadstart') && type !== 'upload_load'),
      map((event): HttpEvent => (event.type === 'download_load' ? toResponse(event.xhr, request) : toProgress(event))),
      catchError((error) => recover(error, request)),
    );
    return reportProgress ? answer$.pipe(startWith<HttpEvent>({ type: 'sent' })) : answer$;
  };
