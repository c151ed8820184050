import { type Observable, Subject } from 'rxjs';
import { emit } from '../http/emit';
import { nowMs } from './clock';
import type { WarningEvent } from './events';

/** Warns of the origins where the token of a client's session does not go. */
export interface Withheld {
  readonly events$: Observable<WarningEvent>;
  /** A request to this origin leaves without the token: a warning, once for each origin. */
  warn(origin: string): void;
}

/** How many origins a client remembers to have warned of. */
const MAX_WARNED = 100;

export const createWithheld = (): Withheld => {
  const events = new Subject<WarningEvent>();
  const warned = new Set<string>();
  return {
    events$: events,
    warn: (origin) => {
      // Without a subscriber no warning is seen, so a later one is.
      if (!events.observed || warned.has(origin) || warned.size >= MAX_WARNED) return;
      warned.add(origin);
      const message = `the token is withheld from ${origin}: it is not among allowedOrigins`;
      emit(events, { type: 'warning', message, atMs: nowMs() });
    },
  };
};
