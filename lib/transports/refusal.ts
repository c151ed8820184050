import { InvalidRequestError } from '../http/errors';
import { mergeHeaders } from '../http/headers';
import { OptionError } from '../http/options';
import type { HttpRequest } from '../http/request';

/** Why a request cannot be sent, in words that quote no value. */
export class Refusal extends TypeError {}

/** Why a platform did not take a request: a header that an interceptor added after the client had checked those of the caller, or else its url. */
const whyNot = ({ url, headers }: HttpRequest): string => {
  try {
    mergeHeaders({}, headers);
  } catch (error) {
    if (error instanceof OptionError) return error.message;
  }
  return /^https?:/i.test(url) ? 'this transport cannot send it' : 'a relative url needs a page or a baseUrl';
};

/** What a `ReferenceError` misses, as the engines word it. */
const missingOf = (message: string): string =>
  /(\w+) is not defined|variable: (\w+)|'(\w+)'/.exec(message)?.slice(1).find(Boolean) ?? 'what this needs';

const CURE = ': in Node, resolve with the condition `node`; elsewhere, use fetchTransport()';

/** Whether an error says that the request cannot be sent from here; one of another realm has the same name. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Refusal || Object(error).name === 'ReferenceError';

/** What becomes of a platform's own error about a request that it did not take; quotes nothing of it. */
export const refusalOf = (error: unknown, request: HttpRequest): InvalidRequestError => {
  let why: string;
  if (error instanceof Refusal) why = error.message;
  else if (isRefusal(error)) {
    const name = missingOf(Object(error).message);
    why = `there is no ${name} here${name === 'XMLHttpRequest' ? CURE : ''}`;
  } else why = whyNot(request);
  return new InvalidRequestError(why, { request });
};
