import { HttpContext } from './context';
import { InvalidRequestError } from './errors';
import { HTTP_TOKEN, mergeHeaders } from './headers';
import { type Check, check, checkBoolean, checkMs, checkOptions, hasMethod, OptionError } from './options';
import type { Body, HttpRequest, ResponseType } from './request';
import type { CommonOptions, RequestOptions } from './request-options';
import { type Base, resolveUrl, urlText } from './url';

/** The client's defaults for each of its requests. */
export interface RequestDefaults {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly withCredentials: boolean;
}

/** The caller's options of one request. */
export interface RequestInput extends CommonOptions {
  readonly responseType?: ResponseType | undefined;
  readonly schema?: RequestOptions['schema'];
  readonly body?: Body | undefined;
  readonly reportProgress?: boolean | undefined;
}

const RESPONSE_TYPE = /^(json|text|blob|arraybuffer|stream)$/;

const CHECKS: { readonly [Name in keyof RequestInput]: Check } = {
  timeoutMs: checkMs,
  withCredentials: checkBoolean,
  auth: checkBoolean,
  renew: checkBoolean,
  reportProgress: checkBoolean,
  responseType: (name, value = 'json') =>
    check(RESPONSE_TYPE.test(`${value}`), name, 'json, text, blob, arraybuffer or stream'),
  signal: (name, value) => check(value == null || hasMethod(value, 'addEventListener'), name, 'an AbortSignal'),
  fetch: (name, value) => value !== undefined && checkOptions(value as object, {}, name), // which checks that it is one
  schema: (name, value) => check(value == null || !!Object(value)['~standard']?.validate, name, 'a Standard Schema'),
};

/**
 * Checks the caller's options and builds the request, with the origin of its url. Throws an `InvalidRequestError` for a
 * wrong option, for a bad url, and for a body on a GET or HEAD request.
 *
 * @param bodyArgument - The body, if it is an argument and not an option.
 */
export const buildRequest = (
  method: string,
  url: string | URL,
  input: RequestInput,
  base: Base | undefined,
  defaults: RequestDefaults,
  bodyArgument?: Body,
): { readonly request: HttpRequest; readonly origin: string } => {
  let text = '';
  try {
    text = urlText('url', url);
    check(typeof method === 'string' && HTTP_TOKEN.test(method), 'method', 'an HTTP method');
    const {
      headers,
      params,
      context,
      body: optionBody = null,
      responseType = 'json',
      timeoutMs = defaults.timeoutMs,
      withCredentials = defaults.withCredentials,
      auth = true,
      renew = true,
      reportProgress = false,
      fetch,
    } = checkOptions(input, CHECKS);
    check(responseType !== 'stream' || !input.schema, 'schema', 'none for a stream');
    const body = bodyArgument === undefined ? optionBody : bodyArgument;
    check(body === null || !/^(GET|HEAD)$/i.test(method), 'body', `no body in a ${method.toUpperCase()} request`);
    const resolved = resolveUrl(text, base, params);
    // Written out: a spread of optional values would cost more than all other steps together.
    const request: HttpRequest = {
      method: method.toUpperCase(),
      url: resolved.url,
      headers: mergeHeaders(defaults.headers, headers),
      body,
      responseType,
      timeoutMs,
      withCredentials,
      reportProgress,
      auth,
      renew,
      context: new HttpContext(context),
    };
    return { request: fetch ? { ...request, fetch: { ...fetch } } : request, origin: resolved.origin };
  } catch (error) {
    const request: HttpRequest = {
      ...defaults,
      method: typeof method === 'string' ? method.toUpperCase() : '',
      url: text,
      body: null,
      responseType: 'json',
      reportProgress: false,
      auth: true,
      renew: true,
      context: new HttpContext(),
    };
    // The error of a getter or a proxy may quote a value.
    const why = error instanceof OptionError ? error.message : 'an option cannot be read';
    throw new InvalidRequestError(why, { request });
  }
};
