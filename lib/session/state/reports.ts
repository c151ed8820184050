import { type Observable, Subject } from 'rxjs';
import { tagOf } from '../../http/body';
import { nowMs } from '../../http/clock';
import { emit } from '../../http/emit';
import type { ApiEvent, RefreshEvent, SessionEvent } from './events';
import type { ModelAction } from './model';

/** Emits the events of a session. */
export interface Reports {
  readonly events$: Observable<ApiEvent>;
  refresh(step: Omit<RefreshEvent, 'type' | 'atMs'>): void;
  /** Emits an event if the action begins, ends or updates the session, or adopts external tokens. */
  session(action: ModelAction['type'], generation: number, atMs: number): void;
  /** Emits a warning: what failed, and the name of the error that it threw. */
  warn(what: string, error?: unknown): undefined;
  /** Emits a warning with this message, if there is one. */
  caution(message: string | undefined): void;
}

/** The phases of the actions that have one. */
const PHASES: { readonly [Type in ModelAction['type']]?: SessionEvent['phase'] } = {
  signIn: 'signed-in',
  signOut: 'signed-out',
  refused: 'session-expired',
  update: 'updated',
  adopt: 'adopted',
};

export class SessionReports implements Reports {
  readonly events$ = new Subject<ApiEvent>();

  refresh(step: Omit<RefreshEvent, 'type' | 'atMs'>): void {
    emit(this.events$, { type: 'refresh', ...step, atMs: nowMs() });
  }

  session(action: ModelAction['type'], generation: number, atMs: number): void {
    const phase = PHASES[action];
    if (phase) emit(this.events$, { type: 'session', phase, generation, atMs });
  }

  warn(what: string, error?: unknown): undefined {
    // Recognises errors of any realm.
    const isError = /Error|Exception/.test(tagOf(error));
    const why = isError ? Object(error).name : error === undefined ? 'no answer' : `threw a ${typeof error}`;
    this.caution(`${what}: ${why}`);
  }

  caution(message: string | undefined): void {
    if (message) emit(this.events$, { type: 'warning', message, atMs: nowMs() });
  }
}
