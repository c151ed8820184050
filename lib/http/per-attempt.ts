import { internalsOf, setInternals } from './internals';
import type { HttpRequest } from './request';

/**
 * Has `change` rewrite the request before each of its attempts, the replay after a refresh included. Copies that
 * interceptors make keep it.
 */
export const beforeEachAttempt = (request: HttpRequest, change: (request: HttpRequest) => HttpRequest): HttpRequest => {
  const internals = internalsOf(request);
  const copy = { ...request };
  setInternals(copy, { ...internals, perAttempt: (sent) => change(internals.perAttempt(sent)) });
  return copy;
};
