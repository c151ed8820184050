import { wake } from './platform/wake';
import type { SessionOptions } from './session/options';
import { createSessionWith, type Session } from './session/session';

/**
 * Makes a session. A synchronous store is read at once. Nothing else happens, and no timer runs, before the first
 * subscription. Throws a `TypeError` that names the option which is wrong.
 *
 * @example
 * ```ts
 * const session = createSession({
 *   refresh: ({ refreshToken }) => http.post$<TokenGrant>('/renew', { refreshToken }),
 *   onSessionExpired: () => location.assign('/login'),
 * });
 * ```
 */
export const createSession = (options: SessionOptions): Session => createSessionWith(options, wake);
