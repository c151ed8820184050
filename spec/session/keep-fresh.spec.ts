import { asyncScheduler, EMPTY, NEVER, noop, type Observable, of, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RefreshError } from '../../lib/http/errors';
import { createKeepFresh } from '../../lib/session/keep-fresh';
import { createStateMachine } from '../../lib/session/state/machine';
import type { SessionAction, Tokens } from '../../lib/session/state/session-state';
import { createVirtualClient, virtually } from '../support/virtual';

const T1: Tokens = { accessToken: 'T1', sessionId: 's' };
const T2: Tokens = { accessToken: 'T2', sessionId: 's' };
const signIn = (tokens: Tokens): SessionAction => ({ type: 'signIn', tokens });

/** A session that is signed in with `T1`, unless `first` says otherwise, and whose next refresh is due at `dueAtMs`. */
const setUp = ({
  first = signIn(T1) as SessionAction | null,
  dueAtMs = Infinity,
  wake$ = NEVER as Observable<unknown>,
  wait$ = NEVER as Observable<unknown>,
}) => {
  const machine = createStateMachine(0, () => ({ report: noop, settle: noop }));
  if (first) machine.dispatch(first);
  const schedule = {
    dueAtMs,
    onStart: () => {
      schedule.dueAtMs = Infinity;
    },
  };
  const startedAtMs: number[] = [];
  const askedAtMs: number[] = [];
  const keepFresh$ = createKeepFresh(
    machine,
    machine.state$,
    () => {
      askedAtMs.push(asyncScheduler.now());
      return Math.max(0, schedule.dueAtMs - asyncScheduler.now());
    },
    () => {
      startedAtMs.push(asyncScheduler.now());
      schedule.onStart();
    },
    wake$,
    wait$,
  );
  return { machine, schedule, startedAtMs, askedAtMs, keepFresh$ };
};

describe('keepFresh$, as a timer', () => {
  it('starts a refresh when one is due, and not before', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 7 });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(startedAtMs).toEqual([7]);
    });
  });

  it('starts one at once that is overdue when someone subscribes', () => {
    const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 0 });
    expect(startedAtMs).toEqual([]);
    keepFresh$.subscribe().unsubscribe();
    expect(startedAtMs).toHaveLength(1);
  });

  it('starts none once no one is subscribed', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 7 });
      expectObservable(keepFresh$, '^-----!').toBe('-');
      flush();
      expect(startedAtMs).toEqual([]);
    });
  });

  it('checks again when its timer fires, and waits again if no refresh is due', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, schedule, startedAtMs, askedAtMs } = setUp({ dueAtMs: 7 });
      cold('---a').subscribe(() => {
        schedule.dueAtMs = 20;
      });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(askedAtMs).toEqual([0, 7, 20]);
      expect(startedAtMs).toEqual([20]);
    });
  });

  it('waits for nothing where no refresh is due', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, askedAtMs } = setUp({});
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(askedAtMs).toEqual([0]);
      expect(startedAtMs).toEqual([]);
    });
  });

  it('asks for no timer longer than platforms can count', () => {
    const longestMs = 2 ** 31 - 1;
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, askedAtMs } = setUp({ dueAtMs: 2 * longestMs + 5 });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(askedAtMs).toEqual([0, longestMs, 2 * longestMs, 2 * longestMs + 5]);
      expect(startedAtMs).toEqual([2 * longestMs + 5]);
    });
  });

  it('starts none for a session that has ended, and begins again with the next', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, machine, startedAtMs } = setUp({ dueAtMs: 7 });
      const actions: Record<string, SessionAction> = { o: { type: 'signOut' }, i: signIn(T2) };
      cold('---o------i', actions).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$).toBe('----------t', { t: T2 });
      flush();
      expect(startedAtMs).toEqual([10]);
    });
  });

  it('starts again after a refresh that failed, when the next one is due', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, machine, schedule, startedAtMs } = setUp({ dueAtMs: 2 });
      schedule.onStart = () => {
        schedule.dueAtMs = Infinity;
        machine.dispatch({ type: 'refreshStarted' });
        cold('---a').subscribe(() => {
          const atMs = asyncScheduler.now();
          schedule.dueAtMs = startedAtMs.length < 3 ? atMs + 4 : Infinity;
          machine.dispatch({ type: 'failed', error: new RefreshError(), atMs });
        });
      };
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(startedAtMs).toEqual([2, 9, 16]);
    });
  });

  it('can be answered in the tick it asks in', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, machine, schedule, startedAtMs } = setUp({ dueAtMs: 0 });
      schedule.onStart = () => {
        schedule.dueAtMs = Infinity;
        machine.dispatch({ type: 'refreshStarted' });
        machine.dispatch({ type: 'refreshed', tokens: T2 });
      };
      expectObservable(keepFresh$).toBe('t', { t: T2 });
      flush();
      expect(startedAtMs).toEqual([0]);
    });
  });
});

describe('keepFresh$ and the signals of the platform', () => {
  it('listens while someone is subscribed and the session has tokens', () => {
    virtually(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const wake = hot('-');
      const { keepFresh$, machine } = setUp({ wake$: wake });
      const actions: Record<string, SessionAction> = { o: { type: 'signOut' }, i: signIn(T2) };
      cold('-----o-----i', actions).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$, '--^------------!').toBe('-----------t', { t: T2 });
      expectSubscriptions(wake.subscriptions).toBe(['--^--!', '-----------^---!']);
    });
  });

  it('starts a refresh that a timer has missed, in the tick of the signal', () => {
    virtually(({ cold, hot, expectObservable, flush }) => {
      const { keepFresh$, schedule, startedAtMs } = setUp({ dueAtMs: 90, wake$: hot('---------w') });
      cold('-----a').subscribe(() => {
        schedule.dueAtMs = 8;
      });
      expectObservable(keepFresh$, '^ 99ms !').toBe('-');
      flush();
      expect(startedAtMs).toEqual([9]);
    });
  });

  it('starts none for a signal before one is due, and still one when it is', () => {
    virtually(({ hot, expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, askedAtMs } = setUp({ dueAtMs: 9, wake$: hot('-ww-w') });
      expectObservable(keepFresh$, '^ 99ms !').toBe('-');
      flush();
      expect(askedAtMs).toEqual([0, 1, 2, 4, 9]);
      expect(startedAtMs).toEqual([9]);
    });
  });

  it('goes on with its timers where the platform has no signals', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 4, wake$: EMPTY });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(startedAtMs).toEqual([4]);
    });
  });
});

describe('keepFresh$ of a session that is not loaded yet', () => {
  it('waits for it to be loaded, for as long as someone is subscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wait = cold('-');
      const { keepFresh$, machine } = setUp({ first: null, wait$: wait });
      cold<SessionAction>('-----l', { l: { type: 'loaded', tokens: T1 } }).subscribe((action) =>
        machine.dispatch(action),
      );
      expectObservable(keepFresh$, '^--!').toBe('-');
      expectObservable(keepFresh$, '-^-------!').toBe('-----t', { t: T1 });
      expectSubscriptions(wait.subscriptions).toBe(['^--!', '-^---!']);
    });
  });

  it('starts no refresh, which may be long due, before it is', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, machine, startedAtMs } = setUp({ first: null, dueAtMs: 2 });
      cold<SessionAction>('-----l', { l: { type: 'loaded', tokens: T1 } }).subscribe((action) =>
        machine.dispatch(action),
      );
      expectObservable(keepFresh$).toBe('-----t', { t: T1 });
      flush();
      expect(startedAtMs).toEqual([5]);
    });
  });

  it('waits again after a failure, once that has cooled down', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wait = cold('--#');
      const { keepFresh$, schedule } = setUp({ first: null, dueAtMs: 6, wait$: wait });
      cold('--------a').subscribe(() => {
        schedule.dueAtMs = 11;
      });
      expectObservable(keepFresh$, '^------------!').toBe('-');
      expectSubscriptions(wait.subscriptions).toBe(['^-!', '------^-!', '-----------^-!']);
    });
  });

  it('waits again at once when the platform tells that something has changed', () => {
    virtually(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const wait = cold('--#');
      const wake = hot('-w--w');
      const { keepFresh$ } = setUp({ first: null, dueAtMs: 99, wait$: wait, wake$: wake });
      expectObservable(keepFresh$, '^--------!').toBe('-');
      expectSubscriptions(wait.subscriptions).toBe(['^-!', '----^-!']);
    });
  });
});

describe('keepFresh$, as a stream of tokens', () => {
  it('emits new tokens of the session, not current ones, nor the same in a new state', () => {
    virtually(({ cold, expectObservable }) => {
      const { keepFresh$, machine } = setUp({});
      const actions: Record<string, SessionAction> = {
        s: { type: 'refreshStarted' },
        j: { type: 'rejected', generation: 1 },
        r: { type: 'refreshed', tokens: T2 },
        a: { type: 'adopt', tokens: T1 },
      };
      cold('--sjr-a', actions).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$).toBe('----r-a', { r: T2, a: T1 });
      expectObservable(keepFresh$, '-----^').toBe('------a', { a: T1 });
    });
  });

  it('emits those that the store turns out to hold', () => {
    virtually(({ cold, expectObservable }) => {
      const { keepFresh$, machine } = setUp({ first: null });
      cold<SessionAction>('---l', { l: { type: 'loaded', tokens: T1 } }).subscribe((action) =>
        machine.dispatch(action),
      );
      expectObservable(keepFresh$).toBe('---t', { t: T1 });
    });
  });

  it('completes with the session, and leaves no timer and no listener', () => {
    virtually(({ cold, hot, expectObservable, expectSubscriptions, flush }) => {
      const wake = hot('-');
      const { keepFresh$, machine, startedAtMs } = setUp({ dueAtMs: 7, wake$: wake });
      cold('---o').subscribe(() => {
        machine.dispatch({ type: 'signOut' });
        machine.complete();
      });
      expectObservable(keepFresh$).toBe('---|');
      expectSubscriptions(wake.subscriptions).toBe('^--!');
      flush();
      expect(startedAtMs).toEqual([]);
    });
  });

  it('emits only newer tokens to a subscriber that comes while a change is emitted', () => {
    const { keepFresh$, machine } = setUp({});
    const seen: Tokens[] = [];
    machine.state$.subscribe(({ status }) => {
      if (status !== 'expired') return;
      machine.dispatch(signIn(T2));
      keepFresh$.subscribe((tokens) => seen.push(tokens));
    });
    machine.dispatch({ type: 'rejected', generation: 1 });
    expect(seen.map(({ accessToken }) => accessToken)).not.toContain('T1');
  });

  it('serves each subscriber: one who leaves takes nothing from the others', () => {
    virtually(({ cold, expectObservable }) => {
      const { keepFresh$, machine } = setUp({});
      cold('-----i', { i: signIn(T2) }).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$, '^--!').toBe('-');
      expectObservable(keepFresh$).toBe('-----t', { t: T2 });
    });
  });
});

describe('keepFresh$ of a session', () => {
  it('retries after the cool-down for a rejected token, whatever its lifetime', () => {
    virtually(({ flush }) => {
      const grants = [throwError(() => new Error('down')), of({ accessToken: 'T2' })];
      const { api, session } = createVirtualClient({ refresh: () => grants.shift() ?? NEVER });
      api.get$('/a').subscribe({ error: noop });
      expect(session.state.status).toBe('expired');
      const seen: unknown[] = [];
      session
        .keepFresh$()
        .pipe(take(1))
        .subscribe(({ accessToken }) => seen.push(accessToken, asyncScheduler.now()));
      flush();
      expect(seen).toEqual(['T2', 1_000]);
    });
  });
});
