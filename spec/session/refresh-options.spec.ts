import { isApiError, type RefreshError, type TokenGrant } from 'renewal';
import { firstValueFrom, mergeMap, NEVER, of, Subject, tap, throwError, timer } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../support/cell-store';
import { createVirtualClient, response, virtually } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe('refresh$({ rejected })', () => {
  it('refreshes if the session still has that token', () => {
    const { session } = createVirtualClient({ refresh: () => of(T2) });
    expect(observe(session.refresh$({ rejected: 'T1' })).notifications).toMatchObject([{ accessToken: 'T2' }, 'done']);
  });

  it('emits the tokens there are if the session has others, and refreshes nothing', () => {
    const refresh = vi.fn(() => of(T2));
    const { session } = createVirtualClient({ refresh });
    expect(observe(session.refresh$({ rejected: 'T0' })).notifications).toMatchObject([{ accessToken: 'T1' }, 'done']);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('sends no request with the token any more', () => {
    const grants = new Subject<TokenGrant>();
    const { api, session, sent } = createVirtualClient({ refresh: () => grants, isDead: () => false });
    observe(session.refresh$({ rejected: 'T1' }));
    expect(session.state).toMatchObject({ status: 'refreshing', rejected: true });
    const { notifications } = observe(api.get$('/a'));
    expect(sent).toEqual([]);
    grants.next(T2);
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('refreshes once for 100 sockets that are told within 2 s', () => {
    virtually(({ flush }) => {
      let refreshes = 0;
      const { session } = createVirtualClient({
        refresh: () =>
          timer(300).pipe(
            tap(() => refreshes++),
            mergeMap(() => of(T2)),
          ),
      });
      const got: string[] = [];
      for (let nth = 0; nth < 100; nth++) {
        timer((nth * 7919) % 2_000)
          .pipe(mergeMap(() => session.refresh$({ rejected: 'T1' })))
          .subscribe(({ accessToken }) => got.push(accessToken));
      }
      flush();
      expect(refreshes).toBe(1);
      expect(got).toEqual(Array(100).fill('T2'));
    });
  });

  it('accepts the same token from the server again, after one refresh', () => {
    const refresh = vi.fn(() => of({ accessToken: 'T1' }));
    const { session } = createVirtualClient({ refresh });
    expect(observe(session.refresh$({ rejected: 'T1' })).notifications).toMatchObject([{ accessToken: 'T1' }, 'done']);
    expect(refresh).toHaveBeenCalledOnce();
  });

  it('errors with SignedOutError if nobody is signed in', async () => {
    const { session } = createVirtualClient();
    await session.signOut();
    expect(observe(session.refresh$({ rejected: 'T1' })).notifications).toMatchObject([
      { error: { code: 'signed-out' } },
    ]);
  });

  it.each([
    ['rejected', { rejected: 1 }],
    ['rejected', { rejected: '' }],
    ['force', { force: 'yes' }],
    ['options', null],
  ])('throws a TypeError for a wrong %s: %o', (name, options) => {
    const { session } = createVirtualClient();
    const call = () => session.refresh$(options as never); // plain JavaScript
    expect(call).toThrow(TypeError);
    expect(call).toThrow(name);
  });
});

describe('a cool-down', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const offline = throwError(() => new Error('offline'));

  it.each([
    ['1 s after the first failure', 1, undefined, 1_000],
    ['4 s after the third', 3, undefined, 4_000],
    ['after what Retry-After says', 1, '7', 7_000],
  ])('ends %s, as the state and the error say', (_, failures, retryAfter, afterMs) => {
    vi.useFakeTimers({ now: 5_000_000 });
    const { api, session } = createVirtualClient({
      refresh: () => (retryAfter ? api.post$<TokenGrant>('/renew', {}, { auth: false }) : offline),
      respond: () => of(response(503, null, retryAfter ? { 'retry-after': retryAfter } : {})),
    });
    let error: unknown;
    for (let nth = 0; nth < failures; nth++) {
      session.refresh$({ rejected: 'T1', force: true }).subscribe({ error: (thrown) => (error = thrown) });
    }
    const retryAtMs = 5_000_000 + afterMs;
    expect(error).toMatchObject({ code: 'refresh', retryAtMs });
    expect(session.state).toMatchObject({ status: 'expired', retryAtMs, error: { retryAtMs } });
    vi.setSystemTime(retryAtMs - 1);
    expect(observe(session.refresh$()).notifications).toEqual([{ error }]);
  });

  it('ends by force, and the state says so before the refresh starts', () => {
    const outcomes = [offline, of(T2)];
    const { session } = createVirtualClient({ refresh: () => outcomes.shift() ?? NEVER });
    observe(session.refresh$({ rejected: 'T1' }));
    const states: unknown[] = [];
    session.state$.subscribe((state) => states.push([state.status, 'retryAtMs' in state]));
    expect(observe(session.refresh$()).notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    expect(observe(session.refresh$({ force: true })).notifications).toMatchObject([{ accessToken: 'T2' }, 'done']);
    expect(states).toEqual([
      ['expired', true],
      ['expired', false],
      ['refreshing', false],
      ['active', false],
    ]);
  });

  it('still doubles after a forced try that failed', () => {
    vi.useFakeTimers({ now: 0 });
    const { session } = createVirtualClient({ refresh: () => offline });
    const waits = [1, 2, 3].map(() => {
      const [outcome] = observe(session.refresh$({ force: true })).notifications;
      const { error } = outcome as { error: RefreshError }; // it can only fail
      return isApiError(error, 'refresh') && error.retryAtMs;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  });

  it('is joined, and not ended, by force while a refresh is running', () => {
    const refresh = vi.fn(() => NEVER);
    const { session } = createVirtualClient({ refresh });
    observe(session.refresh$());
    observe(session.refresh$({ force: true }));
    expect(refresh).toHaveBeenCalledOnce();
  });
});

describe('refresh$() of a session that is loading', () => {
  it.each([
    ['at first', false],
    ['by force, after a failed restore', true],
  ])('emits restored tokens and refreshes nothing more, %s', (_, force) => {
    const outcomes = [throwError(() => new Error('offline')), of({ accessToken: 'T1' })].slice(force ? 0 : 1);
    const refresh = vi.fn(() => of(T2));
    const restore = () => outcomes.shift() ?? NEVER;
    const { session } = createVirtualClient({ store: createCellStore(null).store, refresh, restore });
    if (force) observe(session.refresh$());
    expect(observe(session.refresh$({ force })).notifications).toMatchObject([{ accessToken: 'T1' }, 'done']);
    expect(refresh).not.toHaveBeenCalled();
    expect(observe(session.refresh$()).notifications).toMatchObject([{ accessToken: 'T2' }, 'done']);
  });

  it('refreshes the tokens of its store', async () => {
    const { store } = createCellStore(tokens('T1'));
    const { session } = createVirtualClient({
      store: { ...store, load: async () => tokens('T1') },
      refresh: () => of(T2),
    });
    expect(await firstValueFrom(session.refresh$())).toMatchObject({ accessToken: 'T2' });
  });
});
