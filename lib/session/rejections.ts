import { bareUrl } from '../http/errors';
import type { HttpRequest } from '../http/request';
import { nowMs } from './clock';

/** How long a route that refused a fresh token starts no further refresh with it. */
const REMEMBERED_MS = 30_000;

/** The routes (method, origin and path) that refused a fresh token, so that each of their answers does not cost a refresh. */
export interface Rejections {
  add(request: HttpRequest, generation: number): void;
  has(request: HttpRequest, generation: number): boolean;
}

export const createRejections = (): Rejections => {
  let newest = -1;
  const rejectedAtMs = new Map<string, number>();
  const routeOf = ({ method, url }: HttpRequest) => `${method} ${bareUrl(url)}`;
  return {
    add: (request, generation) => {
      if (generation !== newest) rejectedAtMs.clear();
      newest = generation;
      const atMs = nowMs();
      // The oldest come first: those past their time are dropped, so that the map holds 30 s of routes at most.
      for (const [route, thenMs] of rejectedAtMs) {
        if (atMs - thenMs < REMEMBERED_MS) break;
        rejectedAtMs.delete(route);
      }
      rejectedAtMs.delete(routeOf(request));
      rejectedAtMs.set(routeOf(request), atMs);
    },
    has: (request, generation) => {
      const thenMs = generation === newest ? rejectedAtMs.get(routeOf(request)) : undefined;
      return thenMs !== undefined && nowMs() - thenMs < REMEMBERED_MS;
    },
  };
};
