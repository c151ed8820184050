import { redactUrl } from '../http/errors';
import type { HttpRequest } from '../http/request';
import { nowMs } from './clock';

/** How long a route that refused a fresh token starts no further refresh with it. */
const REMEMBERED_MS = 30_000;

/** How many routes are remembered before all are forgotten, which costs each of them one refresh. */
const MOST = 1_000;

/** The routes (method, origin and path) that refused a fresh token, so that each of their answers does not cost a refresh. */
export interface Rejections {
  add(request: HttpRequest, generation: number): void;
  has(request: HttpRequest, generation: number): boolean;
}

export const createRejections = (): Rejections => {
  const refusedAtMs = new Map<string, number>();
  const keyOf = ({ method, url }: HttpRequest, generation: number) => `${generation} ${method} ${redactUrl(url)}`;
  return {
    add: (request, generation) => {
      if (refusedAtMs.size >= MOST) refusedAtMs.clear();
      refusedAtMs.set(keyOf(request, generation), nowMs());
    },
    has: (request, generation) => {
      const agoMs = nowMs() - (refusedAtMs.get(keyOf(request, generation)) ?? -Infinity);
      // Below 0 the clock was set back: that must not lengthen it.
      return agoMs >= 0 && agoMs < REMEMBERED_MS;
    },
  };
};
