import type { Session, SessionState } from 'renewal';
import { combineLatest, type Observable } from 'rxjs';
import { coolDown$ } from './cool-down';
import { part, show } from './part';
import { meaningOf, properName } from './words';

/** Shows the session as it is at any time: who, how it stands, and which tokens, by their number. */
export function showSession(session: Session, user$: Observable<string | undefined>): void {
  const user = part('user', HTMLElement);
  const status = part('status', HTMLElement);
  const meaning = part('meaning', HTMLElement);
  const generation = part('generation', HTMLElement);
  combineLatest([session.state$, user$, coolDown$(session)]).subscribe(([state, name, coolDown]) => {
    show(user, nameOf(state, name));
    show(status, state.status);
    status.dataset.status = state.status;
    show(meaning, meaningOf(state, coolDown));
    show(generation, String(state.generation));
  });
}

function nameOf({ status }: SessionState, user = '…'): string {
  return status === 'signed-out' ? 'No one' : properName(user);
}
