import { inject, NgZone, type Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import type { SessionState } from 'renewal';
import { type ApiName, injectSession } from './provided-api';

/**
 * The state of the session as a signal, in an injection context. It changes only with the state. It holds the tokens:
 * show only its `status`.
 *
 * @param name - See {@link injectApi}.
 * @example
 * ```ts
 * class Header {
 *   readonly #state = sessionState();
 *   readonly isSignedIn = computed(() => 'tokens' in this.#state());
 * }
 * ```
 */
export const sessionState = (name?: ApiName): Signal<SessionState> => {
  const session = injectSession(name);
  // Signals notify Angular themselves. Inside the zone, each event would also check the whole app.
  return inject(NgZone).runOutsideAngular(() => toSignal(session.state$, { initialValue: session.state }));
};
