import { Observable, type Subscriber } from 'rxjs';
import { copyMutableBody, isStream, kindOf } from '../http/body';
import { InvalidRequestError, isApiError } from '../http/errors';
import { jsonText } from '../http/json-text';
import { checkFunction, checkOptions } from '../http/options';
import type { HttpRequest, Transport } from '../http/request';
import type { HttpEvent } from '../http/response';
import { headersToSend } from './accept';
import { isAcceptedByFetch } from './accepted-bodies';
import { checkMaxBytes, DEFAULT_MAX_BYTES, LimitError, toNetworkError, tooLarge } from './incomplete-response';
import { readParts, toMultipart, toSinglePart } from './multipart';
import { charsetOf, decodeText, hasNoContent } from './response-body';
import { isUnsendable, toInvalidRequest, UnsendableError } from './unsendable';

/** The options of {@link fetchTransport}. */
export interface FetchTransportOptions {
  /** Called for each attempt. @defaultValue the platform's own, looked up when a request is made */
  readonly fetch?: typeof fetch | undefined;
  /**
   * How many bytes the body of a response may have, decoded; one with more is a `NetworkError` that names the limit. `Infinity`: no limit.
   * @defaultValue 512 MiB
   */
  readonly maxResponseBytes?: number | undefined;
}

/** `duplex` is missing from the declarations of some platforms; Chromium and Node ask for it with a stream. */
type Init = RequestInit & { readonly duplex?: 'half' };

/** A stream as `fetch` takes it. Throws a `Refusal`. */
const toStream = (body: ReadableStream, signal: AbortSignal): ReadableStream => {
  const init: Init = { method: 'POST', body, duplex: 'half' };
  let why = 'a stream cannot be sent twice';
  try {
    // A platform that does not stream makes the text `[object ReadableStream]` of it, and names its type.
    why = new Request('http://stream.invalid', init).headers.has('content-type')
      ? 'a stream cannot be sent from here'
      : '';
  } catch (error) {
    if (isUnsendable(error)) throw error;
  }
  if (why) throw new UnsendableError(why);
  // Node would tell a stream that it is no longer wanted only once that has more to give.
  return body.pipeThrough(new TransformStream(), { signal });
};

/** A body as `fetch` takes it, and its type, if that has to be said. */
interface EncodedBody {
  readonly body: BodyInit | null;
  readonly type?: string | null;
}

/** The pieces as one buffer of `size` bytes. */
const concatBytes = (pieces: readonly Uint8Array[], size: number): ArrayBuffer => {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all.buffer;
};

/** The body of a request, as `fetch` takes it. A form or blob that it would not take for one is read first. Throws a `Refusal`. */
const encodeBody = async (request: HttpRequest, signal: AbortSignal): Promise<EncodedBody> => {
  const kind = kindOf(request.body);
  // Of what is serialised `fetch` takes all but shared memory.
  const body = (copyMutableBody(request) ?? request.body) as BodyInit | null;
  // Bun's fetch leaves out the type that the standard gives to a text.
  if (typeof body === 'string') return { body, type: 'text/plain;charset=UTF-8' };
  if (kind === 'stream') return { body: toStream(request.body as ReadableStream, signal) }; // by its kind
  if ((kind !== 'form' && kind !== 'blob') || isAcceptedByFetch(Object(body))) return { body };
  const source = kind === 'form' ? toMultipart(Object(body)) : toSinglePart(Object(body));
  const pieces: Uint8Array[] = [];
  let size = 0;
  const encode = (text: string) => new TextEncoder().encode(text);
  for await (const piece of readParts(source, encode, signal)) {
    pieces.push(piece);
    size += piece.byteLength;
  }
  return { body: concatBytes(pieces, size), type: source.type };
};

/** What went wrong, and nothing of what Node adds to that: it may be a piece of the answer. */
const redactCause = (error: unknown): Error & { code?: unknown } => {
  const { cause = error } = Object(error);
  const { message, code } = Object(cause);
  return Object.assign(new Error(message), code && { code });
};

/** Why `fetch` failed. That it refused the request and that no answer came are one and the same to it. */
const toApiError = (error: unknown, request: HttpRequest): Error => {
  const { method, url, headers, body } = request;
  if (isUnsendable(error)) return toInvalidRequest(error, request);
  const cause = redactCause(error);
  try {
    // Node takes some headers here, and refuses them on the way.
    if (cause.code === 'UND_ERR_INVALID_ARG') throw cause;
    if (typeof Request === 'function') new Request(url, { method, headers });
  } catch {
    // Node's words for a header that it refuses on the way: its name.
    return toInvalidRequest(
      /^invalid [\w-]+ header$/.test(cause.message) ? new UnsendableError(cause.message) : cause,
      request,
    );
  }
  if (error instanceof LimitError) return toNetworkError(request, error);
  return toNetworkError(request, cause, isStream(body) ? '; a browser sends a stream over HTTP/2 only' : '');
};

const responseHeaders = ({ headers }: Response): Record<string, string> => {
  const cookies = headers.getSetCookie?.() ?? [];
  return { ...Object.fromEntries(headers), ...(cookies.length && { 'set-cookie': cookies.join('\n') }) };
};

/** How long the body is, decoded: not known of one that was compressed, nor where a browser would hide that it was. */
const downloadTotal = ({ headers, type }: Response): { readonly total?: number } => {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') || type === 'cors' ? {} : { total: Number(length) };
};

/** Reads the body to its end, if `report` is given with the bytes so far. Throws a `LimitError` for one with more than `maxBytes`. */
const readBytes = async (
  response: Response,
  maxBytes: number,
  report: ((loaded: number) => void) | undefined,
): Promise<ArrayBuffer> => {
  const pieces: Uint8Array[] = [];
  let loaded = 0;
  report?.(loaded);
  const addChunk = (piece: Uint8Array): void => {
    loaded += piece.byteLength;
    if (loaded > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
    report?.(loaded);
  };
  // Some responses have no stream, or one of Node's, as those of node-fetch.
  const reader = response.body?.getReader?.();
  if (!reader) addChunk(new Uint8Array(await response.arrayBuffer()));
  for (let step = await reader?.read(); step?.value; step = await reader?.read()) addChunk(step.value);
  return concatBytes(pieces, loaded);
};

const toBody = (bytes: ArrayBuffer, { responseType }: HttpRequest, contentType = ''): unknown => {
  if (responseType === 'arraybuffer') return bytes;
  if (responseType === 'blob') return new Blob([bytes], { type: contentType });
  // `response.text()` would take all bytes for UTF-8.
  const text = decodeText(bytes, charsetOf(contentType));
  return responseType === 'json' ? jsonText(text) : text;
};

/** The cache mode of a request that must reach the server. workerd refuses some modes when the request is made, and keeps no cache of its own. */
const cacheMode = ({ url, cache }: HttpRequest): Pick<RequestInit, 'cache'> => {
  try {
    return cache ? { cache: new Request(url, { cache }).cache } : {};
  } catch {
    return {};
  }
};

/** The parts of the platform that a request needs beside `fetch`; `Blob` only if a body is to be one. */
const missingFeature = ({ responseType }: HttpRequest): string | undefined =>
  ['AbortController', responseType === 'blob' ? 'Blob' : responseType === 'arraybuffer' ? '' : 'TextDecoder'].find(
    (name) => name && !(name in globalThis),
  );

/** One attempt, from the request to its answer. */
const send = async (
  fetch: typeof globalThis.fetch | undefined,
  request: HttpRequest,
  signal: AbortSignal,
  maxBytes: number,
  caller: Subscriber<HttpEvent>,
): Promise<HttpEvent> => {
  const { method, url, withCredentials, reportProgress } = request;
  if (!fetch) throw new InvalidRequestError('there is no fetch here', { request });
  let encoded: EncodedBody;
  try {
    encoded = await encodeBody(request, signal);
  } catch (error) {
    throw isApiError(error) ? error : toInvalidRequest(error, request);
  }
  const { body, type } = encoded;
  const init: Init = {
    method,
    headers: type ? { 'content-type': type, ...headersToSend(request) } : headersToSend(request),
    body,
    credentials: withCredentials ? 'include' : 'same-origin',
    signal,
    ...cacheMode(request),
    ...(isStream(request.body) && { duplex: 'half' }),
  };
  // On a connection that stands, Node would send at once, also what is taken back in the same tick; here some ticks have passed.
  if (signal.aborted) throw signal.reason;
  try {
    const response = await fetch(url, init);
    const total = reportProgress ? downloadTotal(response) : {};
    const report = (loaded: number) => caller.next({ type: 'download', loaded, ...total });
    const bytes = await readBytes(response, maxBytes, reportProgress ? report : undefined);
    const { status, statusText, url: from } = response;
    const found = responseHeaders(response);
    const body = hasNoContent(request, status) ? null : toBody(bytes, request, found['content-type']);
    return { type: 'response', status, statusText, headers: found, url: from, body };
  } catch (error) {
    throw isApiError(error) ? error : toApiError(error, request);
  }
};

/**
 * Sends through `fetch`, for workers, edge runtimes, and those who want it: the same answers and errors as `ajaxTransport`.
 *
 * What differs is the platform's doing. There are no `upload` events: `fetch` does not tell, and to count the bytes of a stream that is handed to
 * it would cost `content-length`, HTTP/1.1 and the second attempt, for a number that says what was read and not what was sent. The `total` of a
 * download is missing where it was compressed, and from another origin in a browser, which hides whether it was. A url with user info is
 * refused. Redirects are followed by the platform, from https to http too: to another origin it leaves `authorization` behind, and takes headers of
 * one's own along. Compressed bytes that end early, in a frame that does not, are the whole body to Node.
 *
 * A redirect to another origin (307, 308) takes the body along, whatever is in it: a token endpoint that redirects a refresh elsewhere gets the refresh
 * token and the client's secret sent there. `ajaxTransport` in Node refuses that.
 *
 * Errors with `NetworkError`, or `InvalidRequestError` for what `fetch` cannot send, such as a stream where the platform
 * has none; Chromium sends one over HTTP/2 only, and a `NetworkError` says so. A text that is not JSON is no error here. Throws a `TypeError` that names the option which is wrong.
 */
export const fetchTransport = (options: FetchTransportOptions = {}): Transport => {
  const checks = { fetch: checkFunction, maxResponseBytes: checkMaxBytes };
  const { fetch, maxResponseBytes: maxBytes = DEFAULT_MAX_BYTES } = checkOptions(options, checks);
  return (request) =>
    new Observable((caller) => {
      const missing = missingFeature(request);
      if (missing) throw new InvalidRequestError(`there is no ${missing} here`, { request });
      const controller = new AbortController();
      caller.add(() => controller.abort());
      if (request.reportProgress) caller.next({ type: 'sent' });
      send(fetch ?? globalThis.fetch, request, controller.signal, maxBytes, caller).then(
        (response) => {
          caller.next(response);
          caller.complete();
        },
        (error) => caller.error(error),
      );
    });
};
