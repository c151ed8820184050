import { nowMs } from '../../http/clock';
import { redactUrl } from '../../http/errors';
import type { HttpRequest } from '../../http/request';

/** How long a route that rejected a fresh token starts no further refresh with it. */
const REMEMBERED_MS = 30_000;

/** How many routes are remembered before all are forgotten, which costs each of them one refresh. */
const MAX_REMEMBERED = 1_000;

/**
 * The routes (method, origin and path) that rejected a fresh token, so that their responses do not cost a refresh each.
 */
export interface RejectedRoutes {
  add(request: HttpRequest, generation: number): void;
  has(request: HttpRequest, generation: number): boolean;
}

export const createRejectedRoutes = (): RejectedRoutes => {
  const rejectedAtMs = new Map<string, number>();
  const keyOf = ({ method, url }: HttpRequest, generation: number) => `${generation} ${method} ${redactUrl(url)}`;
  return {
    add: (request, generation) => {
      if (rejectedAtMs.size >= MAX_REMEMBERED) rejectedAtMs.clear();
      rejectedAtMs.set(keyOf(request, generation), nowMs());
    },
    has: (request, generation) => {
      const agoMs = nowMs() - (rejectedAtMs.get(keyOf(request, generation)) ?? -Infinity);
      // Below 0: the clock was set back, which must not extend the time.
      return agoMs >= 0 && agoMs < REMEMBERED_MS;
    },
  };
};
