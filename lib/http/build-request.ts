import { HttpContext } from './context';
import { InvalidRequestError } from './errors';
import { type HeadersInit, mergeHeaders } from './headers';
import { defined, durationMs } from './options';
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
 * The request that a caller asks for, whole and checked. Throws an `InvalidRequestError` for a bad url, a timeout or a schema that is none, or
 * a body on a request that can't have one.
 */
export const buildRequest = (
  method: string,
  url: string,
  { params, headers = {}, context, schema, ...input }: RequestInput,
  baseUrl: string | undefined,
  defaults: RequestDefaults,
): HttpRequest => {
  const request: HttpRequest = {
    responseType: 'json',
    reportProgress: false,
    auth: true,
    body: null,
    ...defaults,
    ...defined(input),
    method: method.toUpperCase(),
    url,
    context: new HttpContext(context),
  };
  try {
    durationMs('timeoutMs', request.timeoutMs);
    if (schema && !schema['~standard']?.validate) throw new TypeError('schema: not a Standard Schema');
    if (request.body !== null && /^(GET|HEAD)$/.test(request.method)) throw new TypeError('it can have no body');
    return { ...request, url: resolveUrl(url, baseUrl, params), headers: mergeHeaders(defaults.headers, headers) };
  } catch (error) {
    // What is thrown here quotes no value.
    throw new InvalidRequestError((error as Error).message, { request });
  }
};
