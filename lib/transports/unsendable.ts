import { InvalidRequestError } from '../http/errors';
import { mergeHeaders } from '../http/headers';
import { OptionError } from '../http/options';
import type { HttpRequest } from '../http/request';

/** Why a request cannot be sent. The message quotes no value. */
export class UnsendableError extends TypeError {}

/**
 * Why a platform refused a request: a header that an interceptor added, which the client has not checked, or else the
 * url.
 */
const refusalReason = ({ url, headers }: HttpRequest): string => {
  try {
    mergeHeaders({}, headers);
  } catch (error) {
    if (error instanceof OptionError) return error.message;
  }
  return /^https?:/i.test(url) ? 'this transport cannot send the request' : 'a relative url needs a page or a baseUrl';
};

/** The name of the missing global, from a `ReferenceError` of any engine. */
const missingGlobal = (message: string): string =>
  /(\w+) is not defined|variable: (\w+)|'(\w+)'/.exec(message)?.slice(1).find(Boolean) ?? 'what this needs';

const XHR_HINT = ': in Node, resolve with the condition `node`; elsewhere, use fetchTransport()';

/** Whether an error means that the platform cannot send the request. A `ReferenceError` may be of another realm. */
export const isUnsendable = (error: unknown): boolean =>
  error instanceof UnsendableError || Object(error).name === 'ReferenceError';

/** The error for a request that the platform refused; quotes nothing of the platform's error. */
export const toInvalidRequest = (error: unknown, request: HttpRequest): InvalidRequestError => {
  let why: string;
  if (error instanceof UnsendableError || error instanceof OptionError) why = error.message;
  else if (isUnsendable(error)) {
    const name = missingGlobal(Object(error).message);
    why = `there is no ${name} here${name === 'XMLHttpRequest' ? XHR_HINT : ''}`;
  } else why = refusalReason(request);
  return new InvalidRequestError(why, { request });
};
