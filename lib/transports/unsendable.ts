import { InvalidRequestError } from '../http/errors';
import { mergeHeaders } from '../http/headers';
import { OptionError } from '../http/options';
import type { HttpRequest } from '../http/request';

/** Why a request cannot be sent, in words that quote no value. */
export class UnsendableError extends TypeError {}

/** Why a platform did not take a request: a header that an interceptor added after the client had checked those of the caller, or else its url. */
const refusalReason = ({ url, headers }: HttpRequest): string => {
  try {
    mergeHeaders({}, headers);
  } catch (error) {
    if (error instanceof OptionError) return error.message;
  }
  return /^https?:/i.test(url) ? 'this transport cannot send the request' : 'a relative url needs a page or a baseUrl';
};

/** What a `ReferenceError` misses, as the engines word it. */
const missingGlobal = (message: string): string =>
  /(\w+) is not defined|variable: (\w+)|'(\w+)'/.exec(message)?.slice(1).find(Boolean) ?? 'what this needs';

const XHR_HINT = ': in Node, resolve with the condition `node`; elsewhere, use fetchTransport()';

/** Whether an error says that the request cannot be sent from here; one of another realm has the same name. */
export const isUnsendable = (error: unknown): boolean =>
  error instanceof UnsendableError || Object(error).name === 'ReferenceError';

/** What becomes of a platform's own error about a request that it did not take; quotes nothing of it. */
export const toInvalidRequest = (error: unknown, request: HttpRequest): InvalidRequestError => {
  let why: string;
  if (error instanceof UnsendableError) why = error.message;
  else if (isUnsendable(error)) {
    const name = missingGlobal(Object(error).message);
    why = `there is no ${name} here${name === 'XMLHttpRequest' ? XHR_HINT : ''}`;
  } else why = refusalReason(request);
  return new InvalidRequestError(why, { request });
};
