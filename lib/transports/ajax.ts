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
   * Makes the `XMLHttpRequest` of one attempt. One of your own is not trusted with a `ReadableStream`.
   * @defaultValue the browser's own; in Node one that stands on xhr2
   */
  readonly createXHR?: (() => PlatformXHR) | undefined;
  /**
   * What connections are made by, in Node; browsers have no agents and ignore them.
   * @defaultValue `globalAgent` of `node:http` and `node:https`, which keep connections alive
   */
  readonly agents?: Agents | undefined;
  /**
   * How many bytes the body of a response may have, decoded; one with more is a `NetworkError` that names the limit. `Infinity`: no limit.
   * @defaultValue 512 MiB
   */
  readonly maxResponseBytes?: number | undefined;
}

/** What the XHR for Node has besides: its headers, parsed, and why the connection failed. A browser's has neither. */
type AnyXHR = XMLHttpRequest & { readonly responseHeaders?: Record<string, string>; readonly cause?: unknown };

const toHeaders = (lines: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(lines.matchAll(/^([^:\s]+): ?(.*)$/gm), ([, name = '', value = '']) => [name.toLowerCase(), value]),
  );

/** An XHR that sends `body`, past rxjs/ajax: of a form, blob or stream that it does not know, it would make JSON. */
const withBody = (xhr: XMLHttpRequest, body: unknown): XMLHttpRequest => {
  xhr.send = xhr.send.bind(xhr, body as Blob); // what it takes was asked before
  return xhr;
};

/** Adds what keeps an HTTP cache from answering, if that needs no CORS preflight: to the page's own origin. */
const withoutCache = ({ url, cache }: HttpRequest, headers: HttpRequest['headers']): HttpRequest['headers'] => {
  if (!cache) return headers;
  const page = globalThis.location as Location | undefined; // missing in Node
  const isOfPage = page && new URL(url, page.href).origin === page.origin;
  return isOfPage ? { 'cache-control': 'no-cache', ...headers } : headers;
};

/** The answer that an `XMLHttpRequest` has loaded. */
const toResponse = (xhr: AnyXHR, request: HttpRequest): HttpResponse => {
  const { status, statusText, responseURL: url, response } = xhr;
  const headers = xhr.responseHeaders ?? toHeaders(xhr.getAllResponseHeaders());
  // An XHR of the caller's may have parsed it.
  const body = request.responseType === 'json' && Object(response) !== response ? jsonText(response ?? '') : response;
  return { type: 'response', status, statusText, headers, url, body: hasNoContent(request, status) ? null : body };
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
const toErrorResponse = (error: unknown, request: HttpRequest): HttpResponse => {
  if (!(error instanceof AjaxError)) throw toInvalidRequest(error, request);
  const xhr: AnyXHR = error.xhr;
  if (isUnsendable(xhr.cause)) throw toInvalidRequest(xhr.cause, request);
  if (xhr.status < 400) throw toNetworkError(request, xhr.cause);
  return toResponse(xhr, request);
};

/**
 * Sends through `rxjs/ajax`, that is through `XMLHttpRequest`: the browser's own; in Node one that stands on xhr2 and sends streams, too.
 *
 * In Node, a redirect to another origin takes no body along: it may hold a refresh token or a password. One that would (307, 308, or of another method than
 * POST) is a `NetworkError`. Browsers follow it with the body.
 *
 * Errors with `NetworkError`, or `InvalidRequestError` for what XHR cannot send; a text that is not JSON is no error here. Throws a `TypeError`
 * that names the option which is wrong.
 */
export const ajaxTransport = (options: AjaxTransportOptions = {}): Transport => {
  const checks = { createXHR: checkFunction, maxResponseBytes: checkMaxBytes };
  const { createXHR, agents, maxResponseBytes: maxBytes = DEFAULT_MAX_BYTES } = checkOptions(options, checks);
  const create = createXHR ?? xhrFactory(agents, maxBytes);
  // Node's own reads forms and blobs of any make, sends streams, and counts what it receives.
  const isNodeXHR = canStream && !createXHR;

  return (request) => {
    const { method, url, body, responseType, withCredentials, reportProgress } = request;
    const headers = withoutCache(request, headersToSend(request));
    const kind = kindOf(body);
    const isOpaque = !!kind && /form|blob|stream/.test(kind);
    return new Observable((caller) => {
      if (isOpaque && !isNodeXHR && (kind === 'stream' || !isAcceptedByXHR(Object(body))))
        throw new InvalidRequestError(
          `XMLHttpRequest cannot send this ${kind}: expected a FormData or Blob of this platform`,
          { request },
        );
      if (reportProgress) caller.next({ type: 'sent' });
      // Who unsubscribes there is heard of here only later.
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
        // rxjs/ajax takes an empty text for no body.
        headers: body === '' ? { 'content-type': 'text/plain;charset=UTF-8', ...headers } : headers,
        // Of a view, rxjs/ajax would send the whole buffer, and whatever else is in it; of shared memory, nothing.
        body: isOpaque ? undefined : body instanceof ArrayBuffer ? body : (copyMutableBody(request) ?? body),
        responseType: responseType === 'json' ? 'text' : responseType,
        // Adds no `x-requested-with`, which would cost a preflight request.
        crossDomain: true,
        createXHR: makeXHR,
        withCredentials,
        includeDownloadProgress: reportProgress,
        includeUploadProgress: reportProgress,
      });
      /** Emits what is read of an answer; an error of that is the caller's, which rxjs would throw from a timer. */
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
