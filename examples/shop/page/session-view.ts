import type { SessionState } from 'renewal';
import { combineLatest } from 'rxjs';
import type { ShopClient } from '../client';
import { part, show } from './part';
import { user$ } from './who';
import { meaningOf } from './words';

/** Shows the session as it is at any time: who, how it stands, and which tokens, by their number. */
export function showSession({ api, session }: ShopClient): void {
  const user = part('user', HTMLElement);
  const status = part('status', HTMLElement);
  const meaning = part('meaning', HTMLElement);
  const generation = part('generation', HTMLElement);
  combineLatest([session.state$, user$(api, session)]).subscribe(([state, name]) => {
    show(user, nameOf(state, name));
    show(status, state.status);
    status.dataset.status = state.status;
    show(meaning, meaningOf(state));
    show(generation, String(state.generation));
  });
}

function nameOf({ status }: SessionState, user = '…'): string {
  return status === 'signed-out' ? 'No one' : properName(user);
}

/** A user as a person is written. */
export function properName(user: string): string {
  return user.charAt(0).toUpperCase() + user.slice(1);
}
