import { inject, NgZone, type Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import type { SessionState } from 'renewal';
import { type ApiName, injectSession } from './provided-api';

/**
 * The state of the session as a signal, in an injection context. It changes with the state and with nothing else. It holds the tokens: show its `status`.
 *
 * @param name - As of {@link injectApi}.
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
  // Signals tell Angular themselves: inside the zone, each would have the whole app checked.
  return inject(NgZone).runOutsideAngular(() => toSignal(session.state$, { initialValue: session.state }));
};
