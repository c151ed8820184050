import { HttpContext } from './context';
import { InvalidRequestError } from './errors';
import { type HeadersInit, mergeHeaders } from './headers';
import { durationMs } from './options';
import type { Body, HttpRequest, ResponseType } from './request';
import type { StandardSchemaV1 } from './schema';
import { type Params, resolveUrl } from './url';

/** What a client adds to each of its requests. */
export interface RequestDefaults {
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
  readonly context?: HttpContext;
  readonly schema?: StandardSchemaV1;
}

/**
 * The request that a caller asks for, whole and checked, and the origin of its url. Throws an `InvalidRequestError` for a bad url, a timeout or a schema that
 * is none, or a body on a request that can't have one.
 */
export const buildRequest = (
  method: string,
  url: string,
  input: RequestInput,
  baseUrl: string | undefined,
  defaults: RequestDefaults,
): { readonly request: HttpRequest; readonly origin: string } => {
  const { headers = {}, body = null, timeoutMs = defaults.timeoutMs, schema } = input;
  // Written out, as spreading what may be undefined would cost more than all the rest of this.
  const make = (resolved: string, merged: HttpRequest['headers']): HttpRequest => ({
    method: method.toUpperCase(),
    url: resolved,
    headers: merged,
    body,
    responseType: input.responseType ?? 'json',
    timeoutMs,
    withCredentials: input.withCredentials ?? defaults.withCredentials,
    reportProgress: input.reportProgress ?? false,
    auth: input.auth ?? true,
    context: new HttpContext(input.context),
  });
  try {
    durationMs('timeoutMs', timeoutMs);
    if (schema && !schema['~standard']?.validate) throw new TypeError('schema: not a Standard Schema');
    if (body !== null && /^(GET|HEAD)$/i.test(method)) throw new TypeError('it can have no body');
    const resolved = resolveUrl(url, baseUrl, input.params);
    return { request: make(resolved.url, mergeHeaders(defaults.headers, headers)), origin: resolved.origin };
  } catch (error) {
    // What is thrown here quotes no value.
    throw new InvalidRequestError((error as Error).message, { request: make(url, {}) });
  }
};
