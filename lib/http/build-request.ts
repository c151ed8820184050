import type { HttpContext } from './context';
import { InvalidRequestError } from './errors';
import { type HeadersInit, mergeHeaders } from './headers';
import { durationMs } from './options';
import type { Body, HttpRequest, ResponseType } from './request';
import { type Params, resolveUrl } from './url';

/** What a client adds to each of its requests. */
export interface RequestDefaults {
  readonly baseUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly withCredentials: boolean;
}

/** What a caller gives for one request. */
export interface RequestInput {
  readonly headers?: HeadersInit;
  readonly params?: Params;
  readonly responseType?: ResponseType;
  readonly timeoutMs?: number;
  readonly withCredentials?: boolean;
  readonly auth?: boolean;
  readonly body?: Body;
  readonly reportProgress?: boolean;
}

/**
 * The request that a caller asks for, whole and checked. Throws an `InvalidRequestError` for a bad method, url or header, a
 * negative timeout, or a body on a request that can't have one.
 */
export const buildRequest = (
  method: string,
  url: string,
  input: RequestInput,
  defaults: RequestDefaults,
  context: HttpContext,
): HttpRequest => {
  const draft: HttpRequest = {
    method: `${method}`.toUpperCase(),
    url: `${url}`,
    headers: defaults.headers,
    body: input.body ?? null,
    responseType: input.responseType ?? 'json',
    timeoutMs: defaults.timeoutMs,
    withCredentials: input.withCredentials ?? defaults.withCredentials,
    reportProgress: input.reportProgress ?? false,
    auth: input.auth ?? true,
    context,
  };
  if (draft.body !== null && /^(GET|HEAD)$/.test(draft.method))
    throw new InvalidRequestError('it can have no body', draft);
  try {
    return {
      ...draft,
      url: resolveUrl(draft.url, defaults.baseUrl, input.params),
      headers: input.headers ? mergeHeaders(defaults.headers, input.headers) : defaults.headers,
      timeoutMs: durationMs('timeoutMs', input.timeoutMs, defaults.timeoutMs),
    };
  } catch (error) {
    // The parts above throw errors that quote no value.
    throw new InvalidRequestError((error as Error).message, draft);
  }
};
