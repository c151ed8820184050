import { createSession, type SessionState, type TokenGrant } from 'renewal';
import { config, delay, NEVER, of, Subject, skip } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../../support/cell-store';
import { eventsOf } from '../../support/events';
import { createVirtualClient } from '../../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe('state$', () => {
  it('emits the same states in the same order to all subscribers, even re-entrant ones', () => {
    const { session } = createVirtualClient();
    const first: string[] = [];
    const second: string[] = [];
    const show = ({ status, generation }: SessionState) => `${status} ${generation}`;
    session.state$.subscribe((state) => {
      first.push(show(state));
      if (state.generation === 2) session.signOut();
    });
    session.state$.subscribe((state) => second.push(show(state)));
    session.signIn({ accessToken: 'T2' });
    expect(first).toEqual(['active 1', 'active 2', 'signed-out 3']);
    expect(second).toEqual(first);
  });

  it('ends with the newest state, even if a listener of events$ changes it again', () => {
    const { api, session } = createVirtualClient();
    const states = observe(session.state$).notifications;
    const phases: string[] = [];
    api.events$.subscribe((event) => {
      if (event.type !== 'session') return;
      phases.push(event.phase);
      if (event.phase === 'signed-in') session.signOut();
    });
    session.signIn({ accessToken: 'T2' });
    expect(session.state.status).toBe('signed-out');
    expect(states).toMatchObject([{ status: 'active' }, { status: 'active' }, { status: 'signed-out' }]);
    expect(phases).toEqual(['signed-in', 'signed-out']);
  });

  it('emits the end of the session before completion, even if a subscriber destroys it', () => {
    const { session } = createVirtualClient();
    session.state$.subscribe(({ generation }) => {
      if (generation === 2) session.destroy();
    });
    const { notifications: seen } = observe(session.state$);
    session.signIn({ accessToken: 'T2' });
    expect(seen.slice(1)).toMatchObject([{ status: 'active' }, { status: 'signed-out' }, 'done']);
  });

  it('lets a subscriber send requests, with the tokens of the emitted state', () => {
    const { api, session, sent } = createVirtualClient({ refresh: () => of(T2) });
    session.state$.subscribe((state) => {
      if (state.status === 'active' && state.generation === 2) api.get$('/inside').subscribe();
    });
    api.get$('/outside').subscribe();
    expect(sent).toEqual(['GET /outside T1', 'GET /inside T2', 'GET /outside T2']);
  });

  it('completes on destroy, and the session stays signed out', async () => {
    const { session, api, sent } = createVirtualClient();
    const { notifications: seen } = observe(session.state$);
    session.destroy();
    expect(seen.at(-1)).toBe('done');
    await expect(session.signIn({ accessToken: 'T2' })).rejects.toMatchObject({ code: 'signed-out' });
    observe(api.get$('/a'));
    expect(sent).toEqual(['GET /a -']);
    const { store } = createCellStore(tokens('T1'));
    createSession({ store, refresh: () => NEVER }).destroy();
    expect(store.load()).not.toBeNull();
  });
});

describe('a listener of events$ during a request', () => {
  it('prevents the refresh if it signs in on the event waiting', () => {
    const refresh = vi.fn(() => of(T2));
    const { api, session } = createVirtualClient({ isDead: (token) => token === 'T1', refresh });
    let isOnce = true;
    api.events$.subscribe(({ type, ...event }) => {
      if (type !== 'request' || !('phase' in event) || event.phase !== 'waiting' || !isOnce) return;
      isOnce = false;
      session.signIn({ accessToken: 'B1' });
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
  });
});

describe('an action that changes no state', () => {
  it('emits neither a state nor an event', () => {
    const { api, session } = createVirtualClient();
    const { notifications: seen } = observe(session.state$);
    const events = eventsOf(api);
    session.signOut();
    session.signOut();
    expect(seen).toHaveLength(2);
    expect(events).toHaveLength(1);
  });
});

describe('a handler that throws, with useDeprecatedSynchronousErrorHandling', () => {
  /** Runs each step, then the timers of RxJS. Returns all errors that they throw. */
  const thrownBy = (...steps: readonly (() => void)[]): readonly unknown[] => {
    const thrown: unknown[] = [];
    const run = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        thrown.push(error);
      }
    };
    vi.useFakeTimers();
    config.useDeprecatedSynchronousErrorHandling = true;
    try {
      steps.forEach(run);
      while (vi.getTimerCount() > 0) run(() => vi.runOnlyPendingTimers());
    } finally {
      config.useDeprecatedSynchronousErrorHandling = false;
      vi.useRealTimers();
    }
    return thrown;
  };
  const error = new Error('handler');
  const throwError = (): void => {
    throw error;
  };

  it('stops no other subscriber, waiter or later state if it listens to state$', () => {
    const grant$ = new Subject<TokenGrant>();
    const { api, session, sent } = createVirtualClient({ refresh: () => grant$ });
    const waiting = observe(api.get$('/waits'));
    session.state$.pipe(skip(1)).subscribe(throwError);
    const states = observe(session.state$);
    const thrown = thrownBy(
      () => grant$.next(T2),
      () => session.signOut(),
      () => session.signIn({ accessToken: 'T3' }),
    );
    expect(waiting.notifications).toEqual([{ by: 'T2' }, 'done']);
    expect(sent).toEqual(['GET /waits T1', 'GET /waits T2']);
    expect(states.notifications.map((state) => Object(state).status)).toEqual([
      'refreshing',
      'active',
      'signed-out',
      'active',
    ]);
    expect(new Set(thrown)).toEqual(new Set([error]));
  });

  it('stops no response if it listens to events$', () => {
    // In a timer, no call of RxJS around the handler would collect the error.
    const { api, sent } = createVirtualClient({ grant: T2, respond: (_, normal) => of(normal).pipe(delay(1)) });
    api.events$.subscribe(throwError);
    const values: unknown[] = [];
    const get = (path: string) => () => {
      api.get$(path).subscribe((value) => values.push(value));
    };
    const thrown = thrownBy(get('/a'), get('/b'));
    expect(values).toEqual([{ by: 'T2' }, { by: 'T2' }]);
    expect(sent).toEqual(['GET /a T2', 'GET /b T2']);
    expect(new Set(thrown)).toEqual(new Set([error]));
  });
});
