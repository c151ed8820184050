import {
  createSession,
  NetworkError,
  ResponseParseError,
  SessionExpiredError,
  type SessionOptions,
  type TokenGrant,
  type TokenStore,
  type Tokens,
} from 'renewal';
import {
  asyncScheduler,
  catchError,
  concat,
  EMPTY,
  map,
  NEVER,
  noop,
  Observable,
  of,
  Subject,
  take,
  throwError,
  timer,
} from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createSessionId } from '../../../lib/session/state/session-id';
import { createCellStore, observe, tokens } from '../../support/cell-store';
import { requestOf } from '../../support/request';
import { createVirtualClient, response, virtually } from '../../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };
const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

describe('a refresh and its store', () => {
  it('adopts external tokens, and does not call refresh', () => {
    const { cell, store, log } = createCellStore(tokens('T1'));
    const refresh = vi.fn(() => NEVER);
    const { api, session, sent } = createVirtualClient({ store, refresh });
    cell.tokens = tokens('T2');
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state).toMatchObject({ tokens: { refreshToken: 'R2' } });
    expect(log).toEqual([]);
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('renews adopted tokens past their expiry at once, with their own refresh token', () => {
    virtually(({ flush, cold }) => {
      const { cell, store } = createCellStore(tokens('T1'));
      const used: unknown[] = [];
      const { api, sent } = createVirtualClient({
        store,
        refresh: ({ refreshToken }) => {
          used.push(refreshToken);
          return of({ accessToken: 'T3' });
        },
      });
      cell.tokens = tokens('T2', { expiresAtMs: 5 });
      cold('---------a', { a: 0 }).subscribe(() => api.get$('/a').subscribe());
      flush();
      expect(used).toEqual(['R2']);
      expect(sent).toEqual(['GET /a T1', 'GET /a T3']);
    });
  });

  it('retries with adopted tokens after a transient failure', () => {
    virtually(({ flush }) => {
      const { cell, store } = createCellStore(tokens('T1'));
      const presented: (string | undefined)[] = [];
      const { session } = createVirtualClient({
        store,
        refresh: ({ refreshToken }) => {
          presented.push(refreshToken);
          return presented.length < 2
            ? throwError(() => new Error('offline'))
            : of({ accessToken: 'T3', refreshToken: 'R3' });
        },
      });
      cell.tokens = tokens('T2', { expiresAtMs: 1 });
      timer(5, 2_000)
        .pipe(take(2))
        .subscribe(() => session.refresh$().subscribe({ error: noop }));
      flush();
      expect(presented).toEqual(['R2', 'R2']);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3' } });
    });
  });

  it('ends with a sign-out if another tab has cleared the store', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const refresh = vi.fn(() => NEVER);
    const { api, session } = createVirtualClient({ store, refresh });
    cell.tokens = null;
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(refresh).not.toHaveBeenCalled();
  });

  it('gives its waiters no tokens of another session', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const { api, session, sent } = createVirtualClient({ store, refresh: () => NEVER });
    cell.tokens = tokens('T2', { sessionId: 'another' });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(sent).toEqual(['GET /a T1']);
  });

  it('does not take its own tokens for external if their write failed', () => {
    const { store } = createCellStore(tokens('T1'), {
      save: () => {
        throw new Error('quota');
      },
    });
    const used: unknown[] = [];
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => {
        used.push(refreshToken);
        return of({ accessToken: `T${used.length + 1}`, refreshToken: `R${used.length + 1}` });
      },
    });
    for (let run = 0; run < 3; run++) observe(session.refresh$());
    expect(used).toEqual(['R1', 'R2', 'R3']);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T4' } });
  });

  it.each<[string, Partial<TokenStore>]>([
    ['is not done yet', { save: () => new Promise(() => {}) }],
    ['has failed', { save: () => Promise.reject(new Error('quota')) }],
  ])('ignores tokens from before a sign-in whose write %s', async (_, methods) => {
    const load = vi.fn(() => tokens('T0', { sessionId: 'before' }) as Tokens | null);
    load.mockImplementationOnce(() => {
      throw new Error('not yet');
    });
    const { store } = createCellStore(null, { ...methods, load });
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => of({ accessToken: `${refreshToken}+` }),
    });
    const signedIn = session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    await Promise.race([signedIn, Promise.resolve()]);
    observe(session.refresh$());
    expect(session.state).toMatchObject({ tokens: { refreshToken: 'R1' } });
  });

  it('writes its own tokens again over a lower revision', () => {
    const { cell, store } = createCellStore(tokens('T1', { revision: 1 }));
    const grants = ['T2', 'T3', 'T4'].map((accessToken) => ({
      accessToken,
      refreshToken: accessToken.replace('T', 'R'),
    }));
    const { session } = createVirtualClient({ store, refresh: () => of(grants.shift() ?? T2) });
    for (const accessToken of ['T2', 'T3', 'T4']) {
      cell.tokens = tokens('T1', { revision: 1 });
      expect(observe(session.refresh$()).notifications).toMatchObject([{ accessToken }, 'done']);
      expect(cell.tokens).toMatchObject({ accessToken });
    }
  });

  it('ends with a sign-out if the store is empty after a transient failure', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const { api, session } = createVirtualClient({
      store,
      refresh: () => {
        cell.tokens = null;
        return throwError(() => new Error('offline'));
      },
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('ends with a sign-out if the store is empty before a retry', () => {
    virtually(({ expectObservable, flush }) => {
      const { cell, store } = createCellStore(tokens('T1'));
      const refresh = vi.fn(() => {
        cell.tokens = null;
        return throwError(() => new Error('offline'));
      });
      const { api, session } = createVirtualClient({ store, refresh, refreshRetries: 1 });
      expectObservable(api.get$('/a').pipe(catchError(({ code }) => of(code)))).toBe('1s (e|)', { e: 'signed-out' });
      flush();
      expect(refresh).toHaveBeenCalledTimes(1);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });
  });

  it('presents no spent token for expired tokens that it finds after the grant', () => {
    const { cell, store } = createCellStore(tokens('T1', { revision: 1 }));
    const presented: unknown[] = [];
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => {
        presented.push(refreshToken);
        cell.tokens = tokens('T2', { refreshToken: 'R1', revision: 2, expiresAtMs: 1 });
        return of({ accessToken: 'T3', refreshToken: 'R3' });
      },
    });
    expect(observe(session.refresh$()).notifications).toMatchObject([
      { accessToken: 'T3', refreshToken: 'R3' },
      'done',
    ]);
    expect(presented).toEqual(['R1']);
    expect(cell.tokens).toMatchObject({ accessToken: 'T3', refreshToken: 'R3' });
  });

  it('adopts newer tokens that it finds after a refusal', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const onSessionExpired = vi.fn();
    const { api, session } = createVirtualClient({
      store,
      onSessionExpired: onSessionExpired,
      isRefused: () => true,
      refresh: () => {
        cell.tokens = tokens('T2');
        return throwError(() => REFUSED);
      },
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(session.state.status).toBe('active');
    expect(onSessionExpired).not.toHaveBeenCalled();
  });

  it('polls the store for up to 1 s after a refusal if it has no exclusive', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { cell, store } = createCellStore(tokens('T1'));
      const { exclusive: _, ...shared } = store;
      const options = { store: shared, isRefused: () => true, refresh: () => throwError(() => REFUSED) };
      const { api } = createVirtualClient(options);
      cold('450ms a', { a: 0 }).subscribe(() => {
        cell.tokens = tokens('T2');
      });
      expectObservable(api.get$('/a')).toBe('500ms (v|)', { v: { by: 'T2' } });
      flush();
    });
  });

  it.each([
    ['refused', { isRefused: () => true, refresh: () => throwError(() => REFUSED) }, null],
    ['granted', { refresh: () => of(T2) }, 'T2'],
  ] as const)('stores the right tokens if it is %s and the last read hangs until the deadline', (_, options, kept) => {
    virtually(({ flush }) => {
      const { cell, store } = createCellStore(tokens('T1'));
      // createSession loads first, the refresh second; the third load hangs.
      const loads = [() => cell.tokens, () => cell.tokens];
      const load = (): Tokens | null | Promise<Tokens | null> => loads.shift()?.() ?? new Promise(() => {});
      const { session } = createVirtualClient({ store: { ...store, load }, refreshTimeoutMs: 100, ...options });
      session.refresh$().subscribe({ error: noop });
      flush();
      expect(cell.tokens?.accessToken ?? null).toBe(kept);
    });
  });

  it('ignores late tokens from before a sign-in whose write has failed', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let finishLoad = (_: Tokens | null): void => {};
    const { store } = createCellStore(null, {
      load: () =>
        new Promise((resolve) => {
          finishLoad = resolve;
        }),
      save: () => Promise.reject(new Error('quota')),
    });
    const presented: unknown[] = [];
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => {
        presented.push(refreshToken);
        return of({ accessToken: 'B2' });
      },
    });
    session.state$.subscribe();
    await vi.advanceTimersByTimeAsync(5_000);
    finishLoad(tokens('T1'));
    await vi.advanceTimersByTimeAsync(0);
    await session.signIn({ accessToken: 'B1', refreshToken: 'RB' });
    session.refresh$().subscribe();
    finishLoad(tokens('T1'));
    await vi.advanceTimersByTimeAsync(0);
    expect(presented).toEqual(['RB']);
    session.destroy();
  });

  it('stays refused if the deadline ends while it polls the store', () => {
    virtually(({ expectObservable }) => {
      const { store } = createCellStore(tokens('T1'));
      const { exclusive: _, ...shared } = store;
      const { api } = createVirtualClient({
        store: shared,
        refreshTimeoutMs: 250,
        isRefused: () => true,
        refresh: () => throwError(() => REFUSED),
      });
      expectObservable(api.get$('/a')).toBe('250ms #', undefined, expect.objectContaining({ code: 'session-expired' }));
    });
  });

  it('ends the session 1 s after a refusal if the store has no exclusive', () => {
    virtually(({ expectObservable }) => {
      const { store } = createCellStore(tokens('T1'));
      const { exclusive: _, ...shared } = store;
      const { api } = createVirtualClient({
        store: shared,
        isRefused: () => true,
        refresh: () => throwError(() => REFUSED),
      });
      expectObservable(api.get$('/a')).toBe('1s #', undefined, expect.objectContaining({ code: 'session-expired' }));
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no lock');
      },
    ],
    ['errors', () => throwError(() => new Error('no lock'))],
    ['never runs', () => NEVER],
    ['completes without running', () => EMPTY],
  ] as const)('fails transiently if exclusive %s', (_, exclusive) => {
    virtually(({ flush }) => {
      const { store } = createCellStore(tokens('T1'), { exclusive });
      const { api, session } = createVirtualClient({ store, refresh: () => of(T2) });
      const { notifications: seen } = observe(api.get$('/a'));
      flush();
      expect(seen).toMatchObject([{ error: { code: 'refresh' } }]);
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
    });
  });

  it('keeps its tokens if exclusive never ends after its work', () => {
    virtually(({ flush }) => {
      const { store } = createCellStore(tokens('T1'), {
        exclusive: (work) => {
          work.subscribe();
          return NEVER;
        },
      });
      const { api } = createVirtualClient({ store, refresh: () => of(T2) });
      const { notifications: seen } = observe(api.get$('/a'));
      flush();
      expect(seen).toMatchObject([{ by: 'T2' }, 'done']);
    });
  });

  it('keeps external tokens, or a sign-out, if exclusive never ends', () => {
    for (const [found, expected] of [
      [tokens('T2'), [{ by: 'T2' }, 'done']],
      [null, [{ error: { code: 'signed-out' } }]],
    ] as const) {
      virtually(({ flush, hot }) => {
        const { cell, store } = createCellStore(tokens('T1'), { exclusive: (work) => concat(work, NEVER) });
        const { api } = createVirtualClient({ store, refresh: () => NEVER, refreshTimeoutMs: 2_000 });
        cell.tokens = found;
        const { notifications: seen } = observe(api.get$('/a'));
        hot('2001ms a').subscribe(() => expect(seen).toMatchObject(expected));
        flush();
      });
    }
  });

  it('releases a late lock, or a lock that ignores unsubscription, without a call', () => {
    for (const delayMs of [0, 1_000]) {
      virtually(({ flush }) => {
        let isLocked = false;
        const exclusive = <T>(work: Observable<T>) =>
          new Observable<T>((caller) => {
            timer(delayMs).subscribe(() => {
              isLocked = true;
              work.subscribe({
                complete: () => {
                  isLocked = false;
                  caller.complete();
                },
              });
            });
          });
        const { store } = createCellStore(tokens('T1'), { exclusive });
        const refresh = vi.fn(() => NEVER);
        const { api } = createVirtualClient({ store, refresh, refreshTimeoutMs: 500 });
        const { notifications: seen } = observe(api.get$('/a'));
        flush();
        expect(seen).toMatchObject([{ error: { code: 'refresh' } }]);
        expect(refresh).toHaveBeenCalledTimes(delayMs ? 0 : 1);
        expect(isLocked).toBe(false);
      });
    }
  });

  it('sends no request with expired tokens of a later sign-in that it finds', () => {
    const { cell, store } = createCellStore(tokens('T1', { sessionId: createSessionId(1) }));
    const { api, sent } = createVirtualClient({
      store,
      isDead: (token) => token !== 'T9',
      refresh: ({ refreshToken }) => of({ accessToken: refreshToken === 'R5' ? 'T9' : 'none' }),
    });
    cell.tokens = tokens('T5', { sessionId: createSessionId(2), expiresAtMs: 1 });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(observe(api.get$('/b')).notifications).toMatchObject([{ by: 'T9' }, 'done']);
    expect(sent).toEqual(['GET /a T1', 'GET /b T9']);
  });

  it.each(['load', 'save'] as const)('uses the new tokens from memory when %s hangs for 5 s', (method) => {
    virtually(({ flush, expectObservable }) => {
      const hanging = new Promise<never>(() => {});
      let isHanging = false;
      const kept = createCellStore(tokens('T1'));
      const store: TokenStore = {
        ...kept.store,
        [method]: (saved: Tokens) => (isHanging ? hanging : kept.store[method](saved)),
      };
      const { api } = createVirtualClient({ store, refresh: () => of(T2) });
      isHanging = true;
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: 'T2' } });
      flush();
    });
  });

  it('runs writes one at a time, in the order of the calls', async () => {
    const running: string[] = [];
    const done: string[] = [];
    let finish: (() => void)[] = [];
    const slowly = (what: string) => () => {
      expect(running).toEqual([]);
      running.push(what);
      return new Promise<void>((resolve) => {
        finish.push(() => {
          running.pop();
          done.push(what);
          resolve();
        });
      });
    };
    const { store } = createCellStore(null, { save: slowly('save'), clear: slowly('clear') });
    const session = createSession({ refresh: () => NEVER, store });
    const all = Promise.all([
      session.signIn({ accessToken: 'A' }),
      session.signOut(),
      session.signIn({ accessToken: 'B' }),
    ]);
    while (done.length < 3) {
      const [next, ...rest] = finish;
      finish = rest;
      next?.();
      await Promise.resolve();
    }
    await all;
    expect(done).toEqual(['save', 'clear', 'save']);
  });

  it('works from memory, with warnings, if there is no localStorage', async () => {
    const { webStorageStore } = await import('renewal');
    const { api, session } = createVirtualClient({ store: webStorageStore(), refresh: () => of(T2) });
    const warnings = observe(api.events$).notifications;
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    await session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    // `localStorage` is undefined in a Node that has it but was given no file for it.
    const message = expect.stringMatching(/^write: (Reference|Type)Error$/);
    expect(warnings).toContainEqual(expect.objectContaining({ type: 'warning', message }));
  });
});

describe('a refresh whose store changes while it runs', () => {
  /** A refresh that ends when the test emits a grant, over a store that the test may write to before. */
  const setUp = (initial = tokens('T1')) => {
    const { cell, log, store } = createCellStore(initial);
    const grants = new Subject<TokenGrant>();
    const onSessionExpired = vi.fn();
    const client = createVirtualClient({ store, refresh: () => grants, onSessionExpired: onSessionExpired });
    return { ...client, cell, log, grants, onSessionExpired, request: observe(client.api.get$('/a')) };
  };

  it('ends the session and stores nothing if another tab has cleared the store', () => {
    const { session, cell, log, grants, onSessionExpired, request } = setUp();
    cell.tokens = null;
    grants.next(T2);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(request.notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(log).toEqual([]);
    expect(onSessionExpired).not.toHaveBeenCalled();
  });

  it('gives way to another session', () => {
    const { session, cell, log, grants, request } = setUp();
    cell.tokens = tokens('T9', { sessionId: 'other' });
    grants.next(T2);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T9', sessionId: 'other' } });
    expect(request.notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(log).toEqual([]);
  });

  it.each([
    ['writes its grant over a lower revision of the same session', 3, 'T2'],
    ['gives way to a higher revision of the same session', 5, 'T9'],
  ])('%s', (_, revision, accessToken) => {
    const { session, cell, grants } = setUp(tokens('T1', { revision: 4 }));
    cell.tokens = tokens('T9', { revision });
    grants.next(T2);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken } });
    expect(cell.tokens).toMatchObject({ accessToken });
  });
});

describe('the tokens after a refresh', () => {
  it.each([1, 499, 500])('are used for 500 ms even if the server says %d ms', (expiresInMs) => {
    virtually(() => {
      const { session } = createVirtualClient({ refresh: () => of({ ...T2, expiresInMs }) });
      session.refresh$().subscribe();
      expect(session.state).toMatchObject({ tokens: { accessToken: 'T2', refreshToken: 'R2', expiresAtMs: 500 } });
    });
  });

  it('live as long as the server says if that is more than 500 ms', () => {
    virtually(() => {
      const { session } = createVirtualClient({ refresh: () => of({ ...T2, expiresInMs: 501 }) });
      session.refresh$().subscribe();
      expect(session.state).toMatchObject({ tokens: { expiresAtMs: 501 } });
    });
  });

  it('are not external if they were renewed and the write of the new tokens failed', () => {
    const { cell, store } = createCellStore(tokens('T1'), {
      save: () => {
        throw new Error('full');
      },
    });
    const used: unknown[] = [];
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => {
        used.push(refreshToken);
        return of({ accessToken: `T${used.length + 5}`, refreshToken: `R${used.length + 5}` });
      },
    });
    cell.tokens = tokens('T5', { expiresAtMs: 1 });
    session.refresh$().subscribe();
    session.refresh$().subscribe();
    expect(used).toEqual(['R5', 'R6']);
  });

  it('are presented once if they were found expired and are refused', () => {
    const { cell, log, store } = createCellStore(tokens('T1'));
    const used: unknown[] = [];
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => {
        used.push(refreshToken);
        // A fault then ends in a failure, and not in an endless test.
        return throwError(() => (used.length > 3 ? new Error('again and again') : new SessionExpiredError('no')));
      },
    });
    cell.tokens = tokens('T5', { expiresAtMs: 1 });
    session.refresh$().subscribe({ error: noop });
    expect(used).toEqual(['R5']);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    expect(log).toEqual(['clear']);
  });
});

describe('the cause of a failed refresh', () => {
  const request = requestOf({ method: 'POST', url: 'https://api.test/renew?key=1', auth: false });
  const parsed = (details: object) =>
    new ResponseParseError('its body is not JSON', { ...details, response: response(200, '<h1>T2</h1>') });
  const causeOf = (refresh: SessionOptions['refresh'], options: Partial<SessionOptions> = {}): unknown => {
    const { session } = createVirtualClient({ refresh, ...options });
    let cause: unknown = 'no error';
    session.refresh$().subscribe({
      error: (error) => {
        cause = error.cause;
      },
    });
    return cause;
  };

  it('does not contain the text that could not be parsed', () => {
    const cause = causeOf(() => throwError(() => parsed({ request })));
    expect(cause).toBeInstanceOf(ResponseParseError);
    expect(cause).toMatchObject({
      message: 'POST https://api.test/renew: its body is not JSON',
      request: { url: 'https://api.test/renew' },
      response: { status: 200, body: '' },
    });
  });

  it('does not contain that text even if the request is unknown', () => {
    const cause = causeOf(() => throwError(() => parsed({})));
    expect(cause).toMatchObject({ message: 'its body is not JSON', request: undefined, response: { body: '' } });
  });

  it.each([new NetworkError('reset', { request }), new Error('own')])(
    'is the error itself for other errors: %s',
    (error) => {
      expect(causeOf(() => throwError(() => error))).toBe(error);
      const exclusive = () => throwError(() => error);
      const { store } = createCellStore(tokens('T1'), { exclusive });
      expect(causeOf(() => of(T2), { store })).toBe(error);
    },
  );

  it.each([undefined, null, '', 0])('is an error even if %j was thrown', (thrown) => {
    const { store } = createCellStore(tokens('T1'), { exclusive: () => throwError(() => thrown) });
    const isRefused = () => {
      throw thrown;
    };
    for (const cause of [
      causeOf(() => throwError(() => thrown)),
      causeOf(() => of(T2), { store }),
      causeOf(() => throwError(() => new Error('own')), { isRefused }),
    ]) {
      expect(cause).toEqual(new Error('failed without an error'));
    }
  });

  it('is the cause of the SessionExpiredError if the refresh was refused', () => {
    const { session } = createVirtualClient({ refresh: () => throwError(() => new SessionExpiredError('spent')) });
    const { notifications: seen } = observe(session.refresh$());
    expect(seen).toMatchObject([{ error: { message: 'the refresh was refused', cause: { message: 'spent' } } }]);
  });
});

describe('a refresh with retries', () => {
  it.each([
    [1_000, 1, 0],
    [1_001, 2, 1_000],
  ])(
    'retries within refreshTimeoutMs only: %d ms, %d calls, an error after %d ms',
    (refreshTimeoutMs, calls, failsAtMs) => {
      virtually(({ flush }) => {
        const refresh = vi.fn(() => throwError(() => new Error('down')));
        const { session } = createVirtualClient({ refresh, refreshRetries: 1, refreshTimeoutMs });
        const failedAtMs: number[] = [];
        session.refresh$().subscribe({ error: () => failedAtMs.push(asyncScheduler.now()) });
        flush();
        expect(refresh).toHaveBeenCalledTimes(calls);
        expect(failedAtMs).toEqual([failsAtMs]);
      });
    },
  );
});

describe('the calls of a refresh', () => {
  it('send no token, even through a client of the same session', () => {
    const client = createVirtualClient({ refresh: () => client.api.get$('/renew').pipe(map(() => T2)) });
    expect(observe(client.api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(client.sent).toEqual(['GET /a T1', 'GET /renew -', 'GET /a T2']);
  });

  it('end with the response: a request of the store during a write has a token', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const inner: unknown[] = [];
    const save = (saved: Tokens): void => {
      cell.tokens = saved;
      client.api.get$('/inner').subscribe((body) => inner.push(body));
    };
    const client = createVirtualClient({ store: { ...store, save }, refresh: () => of(T2) });
    expect(observe(client.api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(inner).toEqual([{ by: 'T2' }]);
  });

  it('do not include refresh if the store signs out during load', () => {
    const refresh = vi.fn(() => of(T2));
    const { cell, store } = createCellStore(tokens('T1'));
    let loads = 0;
    const client = createVirtualClient({
      refresh,
      store: {
        ...store,
        load: () => {
          if (++loads > 1) client.session.signOut();
          return cell.tokens;
        },
      },
    });
    expect(observe(client.session.refresh$()).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    // The third load replaces the second, which the sign-out has crossed.
    expect(loads).toBe(3);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('include restore, once, if the store is empty', () => {
    const restore = vi.fn(() => of(T2));
    const { store, log } = createCellStore(null);
    const { session } = createVirtualClient({ store, restore });
    expect(observe(session.accessToken$()).notifications).toEqual(['T2', 'done']);
    expect(restore).toHaveBeenCalledTimes(1);
    expect(log).toEqual(['save T2']);
  });

  it('may end with a refusal of restore: the session is empty, and not expired', () => {
    const { store, log } = createCellStore(null);
    const onSessionExpired = vi.fn();
    const restore = () => throwError(() => new SessionExpiredError('no'));
    const { session } = createVirtualClient({ store, restore, onSessionExpired: onSessionExpired });
    expect(observe(session.accessToken$()).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    expect(onSessionExpired).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });
});
