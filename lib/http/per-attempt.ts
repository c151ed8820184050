import type { HttpRequest } from './request';

const ANEW = Symbol('renewal.anew');

type Change = (request: HttpRequest) => HttpRequest;
type Changing = HttpRequest & { readonly [ANEW]?: Change };

/** Has `change` look at the request before each of its attempts, those after a refresh too; it survives what interceptors make of that. */
export const beforeEachAttempt = (request: Changing, change: Change): HttpRequest => {
  const before = request[ANEW];
  // A key of our own beside those of a request.
  return { ...request, [ANEW]: before ? (sent: HttpRequest) => change(before(sent)) : change } as Changing;
};

/** The request as its next attempt is to send it. */
export const applyPerAttempt = (request: Changing): HttpRequest => request[ANEW]?.(request) ?? request;
