import { asyncScheduler, EMPTY, NEVER, noop, type Observable, of, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RefreshError } from '../../lib/http/errors';
import { createKeepFresh } from '../../lib/session/keep-fresh';
import { Machine } from '../../lib/session/state/machine';
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
  const machine = new Machine(0, () => ({ report: noop, settleWaiters: noop }));
  if (first) machine.dispatch(first);
  const schedule = {
    dueAtMs,
    onStart: () => {
      schedule.dueAtMs = Infinity;
    },
  };
  const startedAtMs: number[] = [];
  const checkedAtMs: number[] = [];
  const keepFresh$ = createKeepFresh(
    machine,
    machine.state$,
    () => {
      checkedAtMs.push(asyncScheduler.now());
      return Math.max(0, schedule.dueAtMs - asyncScheduler.now());
    },
    () => {
      startedAtMs.push(asyncScheduler.now());
      schedule.onStart();
    },
    wake$,
    wait$,
  );
  return { machine, schedule, startedAtMs, checkedAtMs, keepFresh$ };
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

  it('starts an overdue refresh at once when it is subscribed', () => {
    const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 0 });
    expect(startedAtMs).toEqual([]);
    keepFresh$.subscribe().unsubscribe();
    expect(startedAtMs).toHaveLength(1);
  });

  it('starts no refresh without a subscriber', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 7 });
      expectObservable(keepFresh$, '^-----!').toBe('-');
      flush();
      expect(startedAtMs).toEqual([]);
    });
  });

  it('checks again when its timer fires, and waits again if no refresh is due', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, schedule, startedAtMs, checkedAtMs } = setUp({ dueAtMs: 7 });
      cold('---a').subscribe(() => {
        schedule.dueAtMs = 20;
      });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(checkedAtMs).toEqual([0, 7, 20]);
      expect(startedAtMs).toEqual([20]);
    });
  });

  it('sets no timer if no refresh will be due', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, checkedAtMs } = setUp({});
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(checkedAtMs).toEqual([0]);
      expect(startedAtMs).toEqual([]);
    });
  });

  it('sets no timer longer than platforms support', () => {
    const maxTimerMs = 2 ** 31 - 1;
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, checkedAtMs } = setUp({ dueAtMs: 2 * maxTimerMs + 5 });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(checkedAtMs).toEqual([0, maxTimerMs, 2 * maxTimerMs, 2 * maxTimerMs + 5]);
      expect(startedAtMs).toEqual([2 * maxTimerMs + 5]);
    });
  });

  it('starts no refresh for an ended session, and starts again with the next session', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { keepFresh$, machine, startedAtMs } = setUp({ dueAtMs: 7 });
      const actions: Record<string, SessionAction> = { o: { type: 'signOut' }, i: signIn(T2) };
      cold('---o------i', actions).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$).toBe('----------t', { t: T2 });
      flush();
      expect(startedAtMs).toEqual([10]);
    });
  });

  it('starts the next refresh after a failed refresh, when it is due', () => {
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

  it('emits tokens of a refresh that ends in the tick of its start', () => {
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
  it('listens while it has a subscriber and the session has tokens', () => {
    virtually(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const wake = hot('-');
      const { keepFresh$, machine } = setUp({ wake$: wake });
      const actions: Record<string, SessionAction> = { o: { type: 'signOut' }, i: signIn(T2) };
      cold('-----o-----i', actions).subscribe((action) => machine.dispatch(action));
      expectObservable(keepFresh$, '--^------------!').toBe('-----------t', { t: T2 });
      expectSubscriptions(wake.subscriptions).toBe(['--^--!', '-----------^---!']);
    });
  });

  it('starts a refresh that a timer has missed in the tick of a signal', () => {
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

  it('starts no refresh for an early signal, and still a refresh when it is due', () => {
    virtually(({ hot, expectObservable, flush }) => {
      const { keepFresh$, startedAtMs, checkedAtMs } = setUp({ dueAtMs: 9, wake$: hot('-ww-w') });
      expectObservable(keepFresh$, '^ 99ms !').toBe('-');
      flush();
      expect(checkedAtMs).toEqual([0, 1, 2, 4, 9]);
      expect(startedAtMs).toEqual([9]);
    });
  });

  it('works with timers alone if the platform has no signals', () => {
    virtually(({ expectObservable, flush }) => {
      const { keepFresh$, startedAtMs } = setUp({ dueAtMs: 4, wake$: EMPTY });
      expectObservable(keepFresh$).toBe('-');
      flush();
      expect(startedAtMs).toEqual([4]);
    });
  });
});

describe('keepFresh$ of a session that is loading', () => {
  it('waits for the load while it has a subscriber', () => {
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

  it('starts no refresh before the load, even if it is overdue', () => {
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

  it('waits again after a failure and its cool-down', () => {
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

  it('waits again at once on a signal of the platform', () => {
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
  it('emits new tokens, but neither the current tokens nor the same tokens again', () => {
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

  it('emits the tokens of the first load', () => {
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

  it('emits only newer tokens to a subscriber that subscribes during a change', () => {
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

  it('serves each subscriber, also after another has unsubscribed', () => {
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
