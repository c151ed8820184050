import { InvalidRequestError } from '../http/errors';
import type { HttpRequest } from '../http/request';

/** Why a request cannot be sent, in words that quote no value. */
export class Refusal extends TypeError {}

/** What RFC 9110 section 5.6.2 leaves out of names. */
const NOT_OF_NAMES = /[^\w!#$%&'*+.^`|~-]/g;

/** What no value may hold (RFC 9110 section 5.5); beyond latin1 nothing can be sent. */
const NOT_OF_VALUES = /[^\t\x20-\x7e\x80-\xff]/;

/** The header that no platform sends, by its name. */
const headerRefusal = (headers: HttpRequest['headers']): string | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    const shown = name.replace(NOT_OF_NAMES, '…').slice(0, 64);
    if (shown !== name || !name) return `header ${shown ? shown : '""'}: expected a name of RFC 9110`;
    if (NOT_OF_VALUES.test(value)) return `header ${name}: expected a value without line breaks, in latin1`;
  }
  return undefined;
};

/** Why a platform did not take a request, if no header is to blame. */
const whyNot = ({ url }: HttpRequest): string =>
  /^https?:/i.test(url) ? 'this transport cannot send it' : 'a relative url needs a page or a baseUrl';

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
    const name = missingOf(`${Object(error).message}`);
    why = `there is no ${name} here${name === 'XMLHttpRequest' ? CURE : ''}`;
  } else why = headerRefusal(request.headers) ?? whyNot(request);
  return new InvalidRequestError(why, { request });
};
