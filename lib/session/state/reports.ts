import { type Observable, Subject } from 'rxjs';
import { tagOf } from '../../http/body';
import { nowMs } from '../../http/clock';
import { emit } from '../../http/emit';
import type { ApiEvent, RefreshEvent, SessionEvent } from './events';
import type { ModelAction } from './model';

/** Tells those who listen to `events$` what happens to a session. */
export interface Reports {
  readonly events$: Observable<ApiEvent>;
  refresh(step: Omit<RefreshEvent, 'type' | 'atMs'>): void;
  /** The action that the session has changed by, where it has begun or ended with that. */
  session(action: ModelAction['type'], generation: number, atMs: number): void;
  /** Something is wrong that no caller is told of: what failed, and what it threw, of which only the name is told. */
  warn(what: string, error?: unknown): undefined;
  /** Something is set up in a way that users should know of, if there is a message. */
  caution(message: string | undefined): void;
}

/** What the actions that begin or end a session are called in events. */
const PHASES: { readonly [Type in ModelAction['type']]?: SessionEvent['phase'] } = {
  signIn: 'signed-in',
  signOut: 'signed-out',
  refused: 'session-expired',
  adopt: 'adopted',
};

export const createReports = (): Reports => {
  const events = new Subject<ApiEvent>();
  const caution: Reports['caution'] = (message) => {
    if (message) emit(events, { type: 'warning', message, atMs: nowMs() });
  };
  return {
    events$: events,
    refresh: (step) => emit(events, { type: 'refresh', ...step, atMs: nowMs() }),
    session: (action, generation, atMs) => {
      const phase = PHASES[action];
      if (phase) emit(events, { type: 'session', phase, generation, atMs });
    },
    warn: (what, error) => {
      // An error of any realm.
      const isError = /Error|Exception/.test(tagOf(error));
      const why = isError ? Object(error).name : error === undefined ? 'no answer' : `threw a ${typeof error}`;
      caution(`${what}: ${why}`);
    },
    caution,
  };
};
