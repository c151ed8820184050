import { noop, Observable } from 'rxjs';
import { nowMs } from './clock';
import { type StateMachine, signedOut } from './machine';
import type { Renewal } from './renewal';
import { type Held, isAlive, isHeld, type Tokens } from './state';
import type { Waiter, WaitingRoom } from './waiting-room';

/** Decides who may leave with the session's tokens, and who has to wait. */
export interface Admission {
  /** Lets `waiter` leave: in this same tick where the tokens live, else after a refresh. `done` gives its place in line back, if it has one. */
  admit(waiter: Waiter, done?: () => void): void;
  /** Emits what a request of `since` could leave with, and completes; with `isNew`, only what comes after what the session has now. */
  wait$(isNew?: boolean, since?: Held): Observable<Tokens>;
}

/** Whether it names no tokens that will not do. */
const namesNone = (old: Held | undefined): boolean => !old || old.generation < 0;

/**
 * @param isDue - Whether it is time to renew tokens that still live.
 * @param load - Called when someone waits for the session to be loaded.
 */
export const createAdmission = (
  machine: StateMachine,
  room: WaitingRoom,
  renewal: Renewal,
  isDue: (atMs: number) => boolean,
  load: () => void,
): Admission => {
  /** What the session has, where it is still the one of `held`; throws otherwise. */
  const later = (held: Held): Held => {
    const { state } = machine;
    if (isHeld(state) && state.tokens.sessionId === held.tokens.sessionId) return state;
    throw renewal.errorFor(held);
  };

  /** What to leave with in this same tick: live tokens, `null` for none, or `undefined` for having to wait. Throws where nothing will come. */
  const ready = (old: Held | undefined): Held | null | undefined => {
    const state = old ? later(old) : machine.state;
    if (state.status === 'loading') return undefined;
    if (!isHeld(state)) return null;
    const atMs = nowMs();
    if (!isAlive(state, atMs) || state.generation === old?.generation) return undefined;
    if (!isDue(atMs)) return state;
    renewal.start();
    // It may be over in this same tick, or one who heard of it may have ended the session.
    const now = later(state);
    return isAlive(now, atMs) ? now : undefined;
  };

  /** Lets `waiter` leave, or makes it wait; throws where nothing will come. */
  const place = (waiter: Waiter, done: () => void): void => {
    const held = ready(waiter.old);
    if (held !== undefined) {
      waiter.leave(held, done);
      return;
    }
    done();
    const { state } = machine;
    const failure = state.status === 'refreshing' ? undefined : renewal.cooling();
    if (failure) throw failure.error;
    if (isHeld(state)) waiter.old = state;
    room.enter(waiter);
    waiter.waits?.(isHeld(state) ? renewal.refreshId : undefined);
    // One who heard of that may have begun or ended a session, and with it the wait.
    if (machine.state.generation !== state.generation) return;
    if (isHeld(state)) renewal.start();
    else load();
  };

  const admit = (waiter: Waiter, done = noop): void => {
    try {
      if (waiter.closed) done();
      else place(waiter, done);
    } catch (error) {
      done();
      waiter.error(error);
    }
  };

  const wait$ = (isNew = false, since?: Held): Observable<Tokens> =>
    new Observable((subscriber) => {
      const waiter: Waiter = {
        old: since,
        isSender: false,
        get closed() {
          return subscriber.closed;
        },
        leave: (held, done) => {
          done();
          if (!held) throw signedOut();
          if (isNew && namesNone(waiter.old)) {
            waiter.old = held;
            admit(waiter);
          } else {
            subscriber.next(held.tokens);
            subscriber.complete();
          }
        },
        error: (error) => subscriber.error(error),
      };
      admit(waiter);
      return () => room.exit(waiter);
    });

  return { admit, wait$ };
};
