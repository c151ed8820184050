import type { Session, SessionState } from 'renewal';
import { combineLatest, type Observable } from 'rxjs';
import { coolDown$ } from './cool-down';
import { pageElement, setText } from './page-element';
import { meaningOf, properName } from './texts';

/** Shows the current session: the user, the status, and the generation of the tokens. */
export function showSession(session: Session, user$: Observable<string | undefined>): void {
  const user = pageElement('user', HTMLElement);
  const status = pageElement('status', HTMLElement);
  const meaning = pageElement('meaning', HTMLElement);
  const generation = pageElement('generation', HTMLElement);
  combineLatest([session.state$, user$, coolDown$(session)]).subscribe(([state, name, coolDown]) => {
    setText(user, nameOf(state, name));
    setText(status, state.status);
    status.dataset.status = state.status;
    setText(meaning, meaningOf(state, coolDown));
    setText(generation, String(state.generation));
  });
}

function nameOf({ status }: SessionState, user = '…'): string {
  return status === 'signed-out' ? 'No user' : properName(user);
}
