import { Observable } from 'rxjs';
import { AjaxError, type AjaxResponse, ajax } from 'rxjs/ajax';
import { canStream, xhrFactory } from '#xhr';
import { copyMutableBody, kindOf } from '../http/body';
import { InvalidRequestError } from '../http/errors';
import { internalsOf } from '../http/internals';
import { jsonText } from '../http/json-text';
import { checkFunction, checkOptions } from '../http/options';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { headersToSend } from './accept';
import { isAcceptedByXHR } from './accepted-bodies';
import type { Agents } from './agents';
import { checkMaxBytes, DEFAULT_MAX_BYTES, toNetworkError, tooLarge } from './incomplete-response';
import type { PlatformXHR } from './platform-xhr';
import { hasNoContent } from './response-body';
import { isUnsendable, toInvalidRequest } from './unsendable';

/** The options of {@link ajaxTransport}. */
export interface AjaxTransportOptions {
  /**
   * Creates the `XMLHttpRequest` of one attempt. A custom one cannot send a `ReadableStream`.
   * @defaultValue the browser's own; in Node one based on xhr2
   */
  readonly createXHR?: (() => PlatformXHR) | undefined;
  /**
   * The agents that make connections, in Node; browsers ignore them.
   * @defaultValue `globalAgent` of `node:http` and `node:https`, which keep connections alive
   */
  readonly agents?: Agents | undefined;
  /**
   * Maximum number of bytes in the body of a response, decoded. A larger body is a `NetworkError` that names the limit.
   * `Infinity`: no limit.
   * @defaultValue 512 MiB
   */
  readonly maxResponseBytes?: number | undefined;
}

/** The XHR for Node also has the parsed headers and the cause of a failed connection; a browser's has neither. */
type AnyXHR = XMLHttpRequest & { readonly responseHeaders?: Record<string, string>; readonly cause?: unknown };

const toHeaders = (lines: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(lines.matchAll(/^([^:\s]+): ?(.*)$/gm), ([, name = '', value = '']) => [name.toLowerCase(), value]),
  );

/**
 * Has the XHR send `body` whatever rxjs/ajax passes: it would send a form, blob or stream that it does not know as
 * JSON.
 */
const withBody = (xhr: XMLHttpRequest, body: unknown): XMLHttpRequest => {
  xhr.send = xhr.send.bind(xhr, body as Blob); // only a body that the XHR accepts comes here
  return xhr;
};

/**
 * Adds `cache-control`, which bypasses the HTTP cache, on the page's own origin: elsewhere it would cost a CORS
 * preflight.
 */
const withoutCache = ({ url, cache }: HttpRequest, headers: HttpRequest['headers']): HttpRequest['headers'] => {
  if (!cache) return headers;
  const page = globalThis.location as Location | undefined; // missing in Node
  const isOfPage = page && new URL(url, page.href).origin === page.origin;
  return isOfPage ? { 'cache-control': 'no-cache', ...headers } : headers;
};

/** The response that an `XMLHttpRequest` has loaded. */
const toResponse = (xhr: AnyXHR, request: HttpRequest): HttpResponse => {
  const { status, statusText, responseURL: url, response } = xhr;
  const headers = xhr.responseHeaders ?? toHeaders(xhr.getAllResponseHeaders());
  // A custom XHR may have parsed the body.
  const body = request.responseType === 'json' && Object(response) !== response ? jsonText(response ?? '') : response;
  return { type: 'response', status, statusText, headers, url, body: hasNoContent(request, status) ? null : body };
};

/** The event for one of `rxjs/ajax`: progress, or the complete response. */
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
 * The response with a status of 400 or above, for which `rxjs/ajax` errors; throws for any other error. An error of
 * `rxjs/ajax` is never passed on: it prints the headers, the token included, and the body.
 */
const toErrorResponse = (error: unknown, request: HttpRequest): HttpResponse => {
  if (!(error instanceof AjaxError)) throw toInvalidRequest(error, request);
  const xhr: AnyXHR = error.xhr;
  if (isUnsendable(xhr.cause)) throw toInvalidRequest(xhr.cause, request);
  if (xhr.status < 400) throw toNetworkError(request, xhr.cause);
  return toResponse(xhr, request);
};

/**
 * Sends through `rxjs/ajax`, and so through `XMLHttpRequest`: the browser's own; in Node one that is based on xhr2 and
 * sends streams too.
 *
 * In Node, a redirect to another origin takes no body along, which may hold a refresh token or a password. A redirect
 * that would (307, 308, or of another method than POST) is a `NetworkError`. Browsers follow it with the body.
 *
 * Errors with `NetworkError`, or with `InvalidRequestError` if XHR cannot send the request. A text that is not JSON is
 * no error here. Throws a `TypeError` that names the wrong option.
 */
export const ajaxTransport = (options: AjaxTransportOptions = {}): Transport => {
  const checks = { createXHR: checkFunction, maxResponseBytes: checkMaxBytes };
  const { createXHR, agents, maxResponseBytes: maxBytes = DEFAULT_MAX_BYTES } = checkOptions(options, checks);
  const create = createXHR ?? xhrFactory(agents, maxBytes);
  // The XHR for Node reads forms and blobs of any realm, sends streams, and limits the bytes that it receives.
  const isNodeXHR = canStream && !createXHR;

  return (request) => {
    const { method, url, body, responseType, withCredentials, reportProgress } = request;
    const headers = withoutCache(request, headersToSend(request));
    const kind = kindOf(body);
    const isOpaque = !!kind && /form|blob|stream/.test(kind);
    return new Observable((caller) => {
      if (responseType === 'stream')
        throw new InvalidRequestError('responseType: expected fetchTransport() for a stream', { request });
      if (isOpaque && !isNodeXHR && (kind === 'stream' || !isAcceptedByXHR(Object(body))))
        throw new InvalidRequestError(
          `XMLHttpRequest cannot send this ${kind}: expected a form or blob of this platform`,
          { request },
        );
      if (reportProgress) caller.next({ type: 'sent' });
      // Re-entrancy: the caller may have unsubscribed in the event above; this subscriber is closed only later.
      if (internalsOf(request).caller.closed) return;
      const makeXHR = (): XMLHttpRequest => {
        const xhr = create();
        if (!isNodeXHR)
          xhr.addEventListener('progress', ({ loaded }) => {
            if (loaded > maxBytes) caller.error(toNetworkError(request, tooLarge(maxBytes)));
          });
        return isOpaque ? withBody(xhr, body) : xhr;
      };
      const source$ = ajax({
        method,
        url,
        // rxjs/ajax treats an empty text as no body.
        headers: body === '' ? { 'content-type': 'text/plain;charset=UTF-8', ...headers } : headers,
        // rxjs/ajax would send the whole buffer of a view, and nothing of shared memory.
        body: isOpaque ? undefined : body instanceof ArrayBuffer ? body : (copyMutableBody(request) ?? body),
        responseType: responseType === 'json' ? 'text' : responseType,
        // Omits `x-requested-with`, which would cost a preflight request.
        crossDomain: true,
        createXHR: makeXHR,
        withCredentials,
        includeDownloadProgress: reportProgress,
        includeUploadProgress: reportProgress,
      });
      /** Emits the event that `read` returns. Its error goes to the caller: rxjs would throw it from a timer. */
      const emit = <T>(read: (from: T, request: HttpRequest) => HttpEvent, from: T): void => {
        let event: HttpEvent;
        try {
          event = read(from, request);
        } catch (error) {
          caller.error(error);
          return;
        }
        caller.next(event);
      };
      const subscription = source$.subscribe({
        next: (shown) => emit(toEvent, shown),
        error: (error) => {
          emit(toErrorResponse, error);
          caller.complete();
        },
        complete: () => caller.complete(),
      });
      caller.add(subscription);
    });
  };
};
