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

const keyOf = ({ method, url }: HttpRequest, generation: number): string => `${generation} ${method} ${redactUrl(url)}`;

export class RouteMemory implements RejectedRoutes {
  /** Made by the first rejection: most sessions see none. */
  #rejectedAtMs: Map<string, number> | undefined;

  add(request: HttpRequest, generation: number): void {
    if (!this.#rejectedAtMs || this.#rejectedAtMs.size >= MAX_REMEMBERED) this.#rejectedAtMs = new Map();
    this.#rejectedAtMs.set(keyOf(request, generation), nowMs());
  }

  has(request: HttpRequest, generation: number): boolean {
    const agoMs = nowMs() - (this.#rejectedAtMs?.get(keyOf(request, generation)) ?? -Infinity);
    // Below 0: the clock was set back, which must not extend the time.
    return agoMs >= 0 && agoMs < REMEMBERED_MS;
  }
}
