import { defer, lastValueFrom, map, takeUntil } from 'rxjs';
import type { Api } from './api';
import { type Connector, createConnector } from './connector';
import type { RequestInput } from './http/build-request';
import { isApiError } from './http/errors';
import type { FetchOptions } from './http/fetch-options';
import type { Body } from './http/request';
import type { Connection } from './http/settlement';
import { moveResponse } from './transports/fetch-response';

/** The options of `fetch` that are passed on, each with the value of a `Request` that was made without it. */
const REQUEST_DEFAULTS: { readonly [Name in keyof FetchOptions]-?: FetchOptions[Name] | '' } = {
  cache: 'default',
  credentials: 'same-origin',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  priority: undefined,
  redirect: 'follow',
  referrer: 'about:client',
  referrerPolicy: '',
};

/** The options of a call: those of `init`, and those of a `Request` that are no defaults. */
const toFetchOptions = (request: Partial<Request>, init: RequestInit): FetchOptions => {
  const options: Record<string, unknown> = {};
  for (const [name, byDefault] of Object.entries(REQUEST_DEFAULTS)) {
    const own: unknown = request[name as keyof Request];
    options[name] = init[name as keyof RequestInit] ?? (own === byDefault ? undefined : own);
  }
  return options;
};

const isRequest = (input: unknown): input is Request => typeof Object(input).arrayBuffer === 'function';

type Members = PropertyDescriptorMap;

/** Sets what the constructor of a `Response` cannot, and its copies would not have. */
const withMembers = (response: Response, members: Members): Response =>
  Object.defineProperties(response, {
    ...members,
    clone: { value: () => withMembers(Response.prototype.clone.call(response), members) },
  });

const toResponse = ({ request, response }: Connection): Response => {
  const { status, statusText, url, body } = response;
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers))
    for (const item of name === 'set-cookie' ? value.split('\n') : [value]) headers.append(name, item);
  // The constructor refuses what a server may send: the status 0 of an opaque response, 999, and most other texts.
  const isOdd = status < 200 || status > 599;
  const made = new Response(body, { status: isOdd ? 200 : status, headers });
  moveResponse(body, made);
  return withMembers(made, {
    url: { value: url },
    redirected: { value: url !== '' && url !== request.url.replace(/#.*/s, '') },
    statusText: { value: statusText },
    ...(isOdd && { status: { value: status }, ok: { value: false } }),
  });
};

/** Errors as a `fetch` has them. Its users know a failure of the network by the type and by the message of Node. */
const toFetchError = (error: unknown): unknown => {
  if (isApiError(error, 'network')) return new TypeError('fetch failed', { cause: error });
  return isApiError(error, 'request') ? new TypeError(error.message, { cause: error }) : error;
};

/**
 * The body of a `Request`, read, so that it can be sent twice. Rejects with a `TypeError` if it has been read, and with
 * the reason of an aborted signal. Its request is bound before.
 */
const readBody = (connector: Connector, request: Request, signal: AbortSignal | null | undefined): Promise<Body> => {
  connector.bind();
  const body$ = defer(() => request.arrayBuffer()).pipe(map((bytes) => (bytes.byteLength ? bytes : null)));
  return lastValueFrom(body$.pipe(takeUntil(connector.aborted$(signal))));
};

const send = async (connector: Connector, input: unknown, init: RequestInit): Promise<Response> => {
  const request: Partial<Request> = isRequest(input) ? input : {};
  const { method = request.method ?? 'GET', headers = request.headers, signal = request.signal } = init;
  const isRead = init.body == null && isRequest(input) && !/^(GET|HEAD)$/.test(method);
  try {
    const options = {
      // The types of `fetch` have more than one form of headers; each is one of ours too.
      headers: headers as RequestInput['headers'],
      body: isRead ? await readBody(connector, input, signal) : (init.body ?? null),
      signal: signal ?? undefined,
      fetch: toFetchOptions(request, init),
    };
    return toResponse(await lastValueFrom(connector.connect$(method, request.url ?? `${input}`, options, true)));
  } catch (error) {
    throw toFetchError(error);
  }
};

/**
 * The session behind a `fetch`, for clients that take one: they get its token, and their requests wait for its refresh.
 * Its transport has to stream: `fetchTransport()`.
 *
 * Takes what `fetch` takes; a relative url is appended to `baseUrl`. Resolves at the head of the response, whatever its
 * status, with a body that streams. The headers and interceptors of the client apply; an `authorization` header of the
 * call wins over the session. An expired response is recognised before its first byte is passed on: by its head, and by
 * its body if that is JSON of at most 64 kB. A `Request` with a body is read before it is sent; only a stream in `init`
 * cannot be sent twice.
 *
 * Rejects with a `TypeError` if the network fails (`'fetch failed'`, with the `NetworkError` as its cause) or the
 * request cannot be sent, with the reason of an aborted signal, and otherwise with the errors of {@link Api}:
 * `SessionExpiredError`, `SignedOutError`, `RefreshError`, `TokenRejectedError`, `BodyNotReplayableError`,
 * `RequestTimeoutError`. Throws a `TypeError` if `api` is not a client of `createApi`.
 *
 * @example
 * ```ts
 * const api = createApi({ baseUrl: 'https://shop.example', session, transport: fetchTransport() });
 * const response = await toFetch(api)('/orders', { method: 'POST', body: '{}' });
 * ```
 */
export const toFetch = (api: Api): typeof fetch => {
  createConnector(api);
  return async (input, init) => send(createConnector(api), input, init ?? {});
};
