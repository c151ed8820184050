import type { Subject } from 'rxjs';
import { nowMs } from '../../http/clock';
import { emit } from '../../http/emit';
import type { ApiEvent } from '../state/events';

/** How many origins a client remembers that it has warned of. */
const MAX_WARNED = 100;

/** Warns on the events of a client that a request to this origin leaves without the token, once for each origin. */
export const createWithheld = (events: Subject<ApiEvent>): ((origin: string) => void) => {
  const warned = new Set<string>();
  return (origin) => {
    // Without a subscriber nobody would see the warning, so it is emitted later.
    if (!events.observed || warned.has(origin) || warned.size >= MAX_WARNED) return;
    warned.add(origin);
    const message = `the token is withheld from ${origin}: it is not among allowedOrigins`;
    emit(events, { type: 'warning', message, atMs: nowMs() });
  };
};
