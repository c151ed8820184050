import { Observable, type Subscriber } from 'rxjs';
import { isStream } from '../http/body';
import { InvalidRequestError, isApiError } from '../http/errors';
import { checkFunction, checkOptions } from '../http/options';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent } from '../http/response';
import { headersToSend } from './accept';
import { checkFetchOptions } from './fetch-options';
import { type EncodedBody, encodeBody, type FetchInit } from './fetch-request-body';
import { downloadTotal, readBytes, toResponse, toStreamedResponse } from './fetch-response';
import { checkMaxBytes, DEFAULT_MAX_BYTES, LimitError, toNetworkError } from './incomplete-response';
import { isUnsendable, toInvalidRequest, UnsendableError } from './unsendable';

/** The options of {@link fetchTransport}. */
export interface FetchTransportOptions {
  /** Called for each attempt. @defaultValue the platform's own, looked up when a request is made */
  readonly fetch?: typeof fetch | undefined;
  /**
   * Maximum number of bytes in the body of a response, decoded. A larger body is a `NetworkError` that names the limit.
   * `Infinity`: no limit.
   * @defaultValue 512 MiB
   */
  readonly maxResponseBytes?: number | undefined;
}

/**
 * The cause of a failed `fetch`, with message and code only: Node adds details, which may be a part of the response.
 */
const redactCause = (error: unknown): Error & { code?: unknown } => {
  const { cause = error } = Object(error);
  const { message, code } = Object(cause);
  return Object.assign(new Error(message), code && { code });
};

/** Why `fetch` failed: it rejects alike if it refused the request and if no response came. */
const toApiError = (error: unknown, request: HttpRequest, options: RequestInit): Error => {
  const { method, url, headers, body } = request;
  if (isUnsendable(error)) return toInvalidRequest(error, request);
  const cause = redactCause(error);
  try {
    // Node's `Request` takes some headers that its `fetch` refuses later.
    if (cause.code === 'UND_ERR_INVALID_ARG') throw cause;
    if (typeof Request === 'function') new Request(url, { ...options, method, headers });
  } catch {
    // Node's message for a header that it refuses has the name of the header, and no value.
    const isAboutHeader = /^invalid [\w-]+ header$/.test(cause.message);
    return toInvalidRequest(isAboutHeader ? new UnsendableError(cause.message) : cause, request);
  }
  if (error instanceof LimitError) return toNetworkError(request, error);
  return toNetworkError(request, cause, isStream(body) ? '; a browser sends a stream over HTTP/2 only' : '');
};

/**
 * The cache mode of a request that must reach the server; none on workerd, which refuses some modes and has no HTTP
 * cache.
 */
const cacheMode = ({ url, cache }: HttpRequest): Pick<RequestInit, 'cache'> => {
  try {
    return cache ? { cache: new Request(url, { cache }).cache } : {};
  } catch {
    return {};
  }
};

/** The part of the platform that a request needs beside `fetch`, if it is missing; `Blob` for a blob only. */
const missingFeature = ({ responseType }: HttpRequest): string | undefined =>
  ['AbortController', /^(json|text)$/.test(responseType) ? 'TextDecoder' : responseType === 'blob' ? 'Blob' : ''].find(
    (name) => name && !(name in globalThis),
  );

/** Sends one attempt and reads its response. */
const send = async (
  fetch: typeof globalThis.fetch | undefined,
  request: HttpRequest,
  signal: AbortSignal,
  maxBytes: number,
  caller: Subscriber<HttpEvent>,
): Promise<HttpEvent> => {
  const { method, url, responseType, withCredentials, reportProgress } = request;
  if (!fetch) throw new InvalidRequestError('there is no fetch here', { request });
  let encoded: EncodedBody;
  let options: RequestInit = {};
  try {
    if (request.fetch) options = checkFetchOptions(request.fetch);
    encoded = await encodeBody(request, signal);
  } catch (error) {
    throw isApiError(error) ? error : toInvalidRequest(error, request);
  }
  const { body, type } = encoded;
  const init: FetchInit = {
    method,
    headers: type ? { 'content-type': type, ...headersToSend(request) } : headersToSend(request),
    body,
    credentials: withCredentials ? 'include' : 'same-origin',
    signal,
    ...options,
    ...cacheMode(request),
    ...(isStream(request.body) && { duplex: 'half' }),
  };
  // Node sends at once on an open connection, even a request that is cancelled in the same tick. Some ticks have passed
  // here.
  if (signal.aborted) throw signal.reason;
  try {
    const response = await fetch(url, init);
    if (responseType === 'stream') return toStreamedResponse(response, request);
    const total = reportProgress ? downloadTotal(response) : {};
    const report = (loaded: number) => caller.next({ type: 'download', loaded, ...total });
    const bytes = await readBytes(response, maxBytes, reportProgress ? report : undefined);
    return toResponse(response, bytes, request);
  } catch (error) {
    throw isApiError(error) ? error : toApiError(error, request, options);
  }
};

/**
 * Sends through `fetch`, for workers and edge runtimes: the same responses and errors as `ajaxTransport`.
 *
 * Known differences, all of the platform:
 * - There are no `upload` events: `fetch` does not report them. Counting the bytes of a stream would cost
 *   `content-length`, HTTP/1.1 and the replay, and would count bytes read instead of bytes sent.
 * - A download has no `total` if it was compressed, and none from another origin in a browser, which hides whether it
 *   was.
 * - A url with user info is refused.
 * - The platform follows redirects, from https to http too. To another origin it drops `authorization` and keeps custom
 *   headers.
 * - A redirect to another origin (307, 308) takes the body along. A token endpoint that redirects a refresh would have
 *   the refresh token and the client's secret sent there. `ajaxTransport` in Node refuses that.
 * - Node takes compressed bytes that end early, in a frame that is complete, for the whole body.
 * - Chromium sends a stream over HTTP/2 only; the `NetworkError` says so.
 *
 * Errors with `NetworkError`, or with `InvalidRequestError` if `fetch` cannot send the request, such as a stream on a
 * platform without request streams. A text that is not JSON is no error here. Throws a `TypeError` that names the wrong
 * option.
 */
export const fetchTransport = (options: FetchTransportOptions = {}): Transport => {
  const checks = { fetch: checkFunction, maxResponseBytes: checkMaxBytes };
  const { fetch, maxResponseBytes: maxBytes = DEFAULT_MAX_BYTES } = checkOptions(options, checks);
  return (request) =>
    new Observable((caller) => {
      const missing = missingFeature(request);
      if (missing) throw new InvalidRequestError(`there is no ${missing} here`, { request });
      const controller = new AbortController();
      let isStreamed = false;
      caller.add(() => isStreamed || controller.abort());
      if (request.reportProgress) caller.next({ type: 'sent' });
      send(fetch ?? globalThis.fetch, request, controller.signal, maxBytes, caller).then(
        (response) => {
          // The stream belongs to its receiver from here on.
          isStreamed = request.responseType === 'stream' && !caller.closed;
          caller.next(response);
          caller.complete();
        },
        (error) => caller.error(error),
      );
    });
};
