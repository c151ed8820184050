import { inspect } from 'node:util';
import {
  type ApiEvent,
  createSession,
  isApiError,
  memoryStore,
  type RefreshError,
  type Session,
  type SessionOptions,
  type SessionState,
  type TokenGrant,
  type TokenStore,
  type Tokens,
} from 'renewal';
import { catchError, EMPTY, finalize, NEVER, noop, type Observable, of, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createVirtualClient, response, virtually } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };
const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

const tokens = (accessToken: string, extra: Partial<Tokens> = {}): Tokens => ({
  accessToken,
  refreshToken: accessToken.replace('T', 'R'),
  sessionId: 's',
  ...extra,
});

/** What an observable has come to. */
const watch = <T>(source$: Observable<T>): { readonly seen: (T | { error: unknown } | 'done')[] } => {
  const seen: (T | { error: unknown } | 'done')[] = [];
  source$.subscribe({
    next: (value) => seen.push(value),
    error: (error) => seen.push({ error }),
    complete: () => seen.push('done'),
  });
  return { seen };
};

/** A store of one cell, whose methods a test replaces. */
const createStore = (initial: Tokens | null, methods: Partial<TokenStore> = {}) => {
  const cell = { held: initial };
  const log: string[] = [];
  const store: TokenStore = {
    load: () => cell.held,
    save: (saved) => {
      log.push(`save ${saved.accessToken}`);
      cell.held = saved;
    },
    clear: () => {
      log.push('clear');
      cell.held = null;
    },
    exclusive: (work) => work,
    ...methods,
  };
  return { cell, log, store };
};

describe('createSession', () => {
  it.each([
    ['refresh', {}],
    ['refresh', { refresh: 'x' }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: -1 }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: Number.NaN }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: '5' }],
    ['refreshAheadMs', { refresh: () => EMPTY, refreshAheadMs: -1 }],
    ['refreshAheadMs', { refresh: () => EMPTY, refreshAheadMs: Number.NaN }],
  ])('refuses a wrong %s: %o', (name, options) => {
    // What plain JavaScript may pass.
    const create = () => createSession(options as unknown as SessionOptions);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(name);
  });

  it('takes undefined for an option left out', () => {
    const options = { refresh: () => EMPTY, refreshTimeoutMs: undefined, store: undefined };
    expect(createSession(options as unknown as SessionOptions).state.status).toBe('signed-out'); // plain JavaScript
  });

  it('reads a synchronous store at once', () => {
    const { session } = createVirtualClient();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    expect(createSession({ refresh: () => EMPTY }).state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });

  it('renews what was signed in with, again and again, where it was given no store', () => {
    const grants = [T2, { accessToken: 'T3', refreshToken: 'R3' }];
    const session = createSession({ refresh: () => of(grants.shift() ?? T2) });
    session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    for (const accessToken of ['T2', 'T3']) {
      expect(watch(session.refresh$()).seen).toMatchObject([{ accessToken }, 'done']);
    }
    session.signOut();
    expect(watch(session.refresh$()).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
  });

  it('starts no timer and calls nothing but load before someone subscribes', () => {
    vi.useFakeTimers();
    const { store, log } = createStore(tokens('T1', { expiresAtMs: Date.now() + 1 }));
    const refresh = vi.fn(() => NEVER);
    createSession({ refresh, store });
    createSession({ refresh, store: { ...store, load: () => Promise.resolve(null) } });
    expect(vi.getTimerCount()).toBe(0);
    expect(log).toEqual([]);
    expect(refresh).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});

describe('signIn and signOut', () => {
  it('change the state at once, and resolve when the store has followed', async () => {
    const { store, log } = createStore(null);
    const session = createSession({ refresh: () => NEVER, store });
    const signedIn = session.signIn({ accessToken: 'T1', refreshToken: 'R1', expiresInMs: 1000 });
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1', refreshToken: 'R1' } });
    await signedIn;
    expect(log).toEqual(['save T1']);
    const signedOut = session.signOut();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    await signedOut;
    expect(log).toEqual(['save T1', 'clear']);
  });

  it('resolve although the store throws, with a warning', async () => {
    const fails = () => {
      throw new RangeError('T1');
    };
    const { store } = createStore(null, { save: fails, clear: fails });
    const { session, api } = createVirtualClient({ store });
    const warnings: ApiEvent[] = [];
    api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event));
    await session.signIn({ accessToken: 'T1' });
    await session.signOut();
    expect(warnings).toMatchObject([{ message: 'write: RangeError' }, { message: 'write: RangeError' }]);
    expect(JSON.stringify(warnings)).not.toContain('T1');
  });

  it.each([
    undefined,
    null,
    {},
    { accessToken: '' },
    { accessToken: 1 },
    { accessToken: 'a\nb' },
    'T1',
    { accessToken: 'T1', refreshToken: 2 },
  ])('reject a malformed grant, and leave everything as it was: %o', async (grant) => {
    const { session } = createVirtualClient();
    const before = session.state;
    await expect(session.signIn(grant as TokenGrant)).rejects.toThrow(TypeError); // what a server may have sent
    expect(session.state).toBe(before);
  });

  it('leave what was asked for last, also where the store calls for it from within the write of the one before', () => {
    const { cell, store } = createStore(tokens('T1'), {
      clear: () => {
        session.signIn({ accessToken: 'B1' });
      },
    });
    const session: Session = createSession({ store, refresh: () => NEVER });
    session.signOut();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
    expect(cell.held).toMatchObject({ accessToken: 'B1' });
  });

  it('stand in the store also where that calls for a refresh from within the write', () => {
    const calls = [() => session.refresh$().subscribe({ error: noop })];
    const { cell, store } = createStore(tokens('T1'), {
      save: (saved) => {
        cell.held = saved;
        calls.pop()?.();
      },
    });
    const session: Session = createSession({ store, refresh: () => of(T2) });
    session.signIn({ accessToken: 'B1' });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1' } });
    expect(cell.held).toMatchObject({ accessToken: 'B1' });
  });

  it('begin nothing where the store destroys the session from within their write', () => {
    const { store } = createStore(null, { save: () => session.destroy() });
    const session: Session = createSession({ store, refresh: () => NEVER });
    session.signIn({ accessToken: 'B1' });
    expect(session.state.status).toBe('signed-out');
  });

  it('make a new session each time', () => {
    const { session } = createVirtualClient();
    const ids = ['a', 'a'].map((accessToken) => {
      session.signIn({ accessToken });
      return (session.state as { tokens: Tokens }).tokens.sessionId; // just signed in
    });
    expect(new Set(ids).size).toBe(2);
  });

  it.each([
    ['expiresInMs', { accessToken: 'T', expiresInMs: 5000 }, 5000],
    ['exp and iat of a JWT', { accessToken: `e30.${btoa('{"iat":9,"exp":14}')}.x` }, 5000],
    ['nothing, for an opaque token', { accessToken: 'T' }, undefined],
    ['nothing, for a JWT without iat', { accessToken: `e30.${btoa('{"exp":14}')}.x` }, undefined],
    [
      'nothing, for a JWT that ends before it begins',
      { accessToken: `e30.${btoa('{"iat":14,"exp":9}')}.x` },
      undefined,
    ],
    ['nothing, for a broken JWT', { accessToken: 'e30.%%%.x' }, undefined],
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, '3600', null].map(
      (expiresInMs) => [`nothing, for ${expiresInMs}`, { accessToken: 'T', expiresInMs }, undefined] as const,
    ),
  ] as const)('take the expiry from %s', (_, grant, lifeMs) => {
    virtually(() => {
      const { session } = createVirtualClient();
      session.signIn(grant as TokenGrant); // some are what a server may have sent
      const { expiresAtMs } = (session.state as { tokens: Tokens }).tokens; // just signed in
      expect(expiresAtMs).toBe(lifeMs);
    });
  });
});

describe('a refresh', () => {
  it('starts once for all who ask, and goes on when they leave', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('-----(a|)', { a: T2 });
      const { session } = createVirtualClient({ refresh: () => refresh });
      const renewed = expect.objectContaining({ accessToken: 'T2' });
      expectObservable(session.refresh$(), '--!').toBe('---');
      expectObservable(session.refresh$(), '-^').toBe('-----(t|)', { t: renewed });
      expectSubscriptions(refresh.subscriptions).toBe('^----!');
      flush();
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
    });
  });

  it('keeps the old refresh token where the server sends none', () => {
    const { session } = createVirtualClient({ refresh: () => of({ accessToken: 'T2' }) });
    watch(session.refresh$());
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T2', refreshToken: 'R1' } });
  });

  it('keeps the id of the session', () => {
    const { session } = createVirtualClient({ refresh: () => of(T2) });
    const idOf = () => (session.state as { tokens: Tokens }).tokens.sessionId; // signed in throughout
    const before = idOf();
    watch(session.refresh$());
    expect(idOf()).toBe(before);
  });

  it('is stored, and has let go of the store, before anyone is woken', () => {
    const log: string[] = [];
    const { store } = createStore(tokens('T1'), {
      exclusive: (work) => {
        log.push('alone');
        return work.pipe(finalize(() => log.push('let go')));
      },
      save: () => {
        log.push('saved');
      },
    });
    const { api, session } = createVirtualClient({ store, refresh: () => of(T2) });
    session.state$.subscribe(({ status }) => log.push(status));
    api.get$('/a').subscribe(() => log.push('answer'));
    expect(log).toEqual(['active', 'expired', 'refreshing', 'alone', 'saved', 'let go', 'active', 'answer']);
  });

  it('fails fast with the same error while it cools down: 1 s, doubling to 30 s', () => {
    virtually(({ cold, flush }) => {
      const startsAtMs: number[] = [];
      const { session } = createVirtualClient({
        refresh: () => {
          startsAtMs.push(Math.floor(elapsed));
          return throwError(() => new Error('offline'));
        },
      });
      let elapsed = 0;
      const errors = new Set<unknown>();
      // Every half second of five minutes.
      cold(Array(600).fill('a 499ms').join(' '), { a: 0 }).subscribe(() => {
        session.refresh$().subscribe({ error: (error) => errors.add(error) });
        elapsed += 500;
      });
      flush();
      const waits = startsAtMs.slice(1).map((atMs, index) => atMs - (startsAtMs[index] ?? 0));
      expect(waits).toEqual([
        1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000,
      ]);
      expect(errors.size).toBe(startsAtMs.length);
    });
  });

  it.each([
    ['seconds', '5'],
    ['a date', new Date(5000).toUTCString()],
  ])('waits as Retry-After asks, in %s', (_, header) => {
    virtually(({ cold, flush }) => {
      let refreshes = 0;
      const { session, api } = createVirtualClient({
        isDead: () => false,
        answer: () => of(response(503, null, { 'retry-after': header })),
        refresh: () => {
          refreshes++;
          return api.post$<TokenGrant>('/renewal', {}, { auth: false });
        },
      });
      const seen: [number, number | undefined][] = [];
      cold('a 998ms a 3999ms a a', { a: 0 }).subscribe(() => {
        session.refresh$().subscribe({ error: (error: RefreshError) => seen.push([refreshes, error.retryAfterMs]) });
      });
      flush();
      expect(seen.map(([count]) => count)).toEqual([1, 1, 1, 2]);
      expect(seen[0]?.[1]).toBe(5000);
    });
  });

  it('cools down no longer when someone signs in', () => {
    let fails = true;
    const { session, api } = createVirtualClient({
      isDead: (token) => token !== 'T2',
      refresh: () => (fails ? throwError(() => new Error('offline')) : of(T2)),
    });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'refresh' } }]);
    fails = false;
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'refresh' } }]);
    session.signIn({ accessToken: 'T1' });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('that a sign-in has ended says so, and leaves no cool-down and no call of onExpired', () => {
    const onExpired = vi.fn();
    let grant$: Observable<TokenGrant> = NEVER;
    const { api, session } = createVirtualClient({
      isDead: (token) => token !== 'T2',
      refresh: () => grant$,
      onExpired,
    });
    const events = watch(api.events$).seen;
    watch(api.get$('/a'));
    session.signIn({ accessToken: 'B1' });
    grant$ = of(T2);
    expect(watch(api.get$('/b')).seen).toMatchObject([{ by: 'T2' }, 'done']);
    const refreshes = events.flatMap((event) =>
      typeof event === 'object' && 'type' in event && event.type === 'refresh'
        ? [`${event.refreshId} ${event.phase} ${event.kind ?? ''}`]
        : [],
    );
    expect(refreshes).toEqual(['1 started ', '1 failed signed-out', '2 started ', '2 succeeded ']);
    expect(onExpired).not.toHaveBeenCalled();
  });

  it('that was refused calls no onExpired where one who hears of it by events$ has signed in again', () => {
    const onExpired = vi.fn();
    const { api, session } = createVirtualClient({
      refresh: () => throwError(() => REFUSED),
      isRefused: () => true,
      onExpired,
    });
    api.events$.subscribe((event) => {
      if (event.type === 'refresh' && event.final) session.signIn({ accessToken: 'T2' });
    });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'session-expired' } }]);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(onExpired).not.toHaveBeenCalled();
  });

  it.each([31, 2 ** 31])(
    'is not tried again where the server asks to wait %d s, longer than it may take',
    (seconds) => {
      virtually(({ expectObservable }) => {
        const { api } = createVirtualClient({
          refresh: () => api.post$<TokenGrant>('/renewal', {}, { auth: false }),
          refreshRetries: 3,
          answer: ({ auth }, answered) => of(auth ? answered : response(503, null, { 'retry-after': `${seconds}` })),
        });
        const askedFor$ = api.get$('/a').pipe(catchError(({ retryAfterMs }: RefreshError) => of(retryAfterMs)));
        expectObservable(askedFor$).toBe('(a|)', { a: seconds * 1000 });
        expectObservable(askedFor$, '5s ^').toBe('5s (a|)', { a: seconds * 1000 });
      });
    },
  );

  it('that answers while those who wait are told of a sign-out stores nothing', () => {
    const { cell, store } = createStore(tokens('T1'));
    const grant$ = new Subject<TokenGrant>();
    const { api, session } = createVirtualClient({ store, refresh: () => grant$ });
    api.get$('/a').subscribe({ error: () => grant$.next(T2) });
    session.signOut();
    expect(cell.held).toBeNull();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('does not cool down longer because the clock was set back', () => {
    vi.useFakeTimers({ now: 10_000_000 });
    let refreshes = 0;
    const { session } = createVirtualClient({
      refresh: () => {
        refreshes++;
        return throwError(() => new Error('offline'));
      },
    });
    watch(session.refresh$());
    vi.setSystemTime(9_000_000);
    watch(session.refresh$());
    expect(refreshes).toBe(2);
    vi.useRealTimers();
  });

  it('ends after refreshTimeoutMs, with all that belongs to it', () => {
    virtually(({ cold, expectSubscriptions, expectObservable }) => {
      const refresh = cold<TokenGrant>('-');
      const { session } = createVirtualClient({ refresh: () => refresh, refreshTimeoutMs: 7 });
      expectObservable(session.refresh$()).toBe('-------#', undefined, expect.objectContaining({ code: 'refresh' }));
      expectSubscriptions(refresh.subscriptions).toBe('^------!');
    });
  });

  it.each([0, Number.POSITIVE_INFINITY, 2 ** 31])('has no limit with a refreshTimeoutMs of %d', (refreshTimeoutMs) => {
    virtually(({ cold, expectObservable }) => {
      const { session } = createVirtualClient({ refresh: () => cold('9m (a|)', { a: T2 }), refreshTimeoutMs });
      expectObservable(session.refresh$()).toBe('9m (t|)', { t: expect.objectContaining({ accessToken: 'T2' }) });
    });
  });

  it('ends the session when it is refused ahead of expiry as well', () => {
    const expired = vi.fn();
    const { session } = createVirtualClient({
      isRefused: () => true,
      refresh: () => throwError(() => REFUSED),
      onExpired: expired,
    });
    expect(watch(session.refresh$()).seen).toMatchObject([{ error: { code: 'session-expired', cause: REFUSED } }]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
    expect(expired).toHaveBeenCalledOnce();
    expect(watch(session.refresh$()).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
  });

  it.each(['isRefused', 'onExpired'] as const)('settles those who wait although %s throws', (hook) => {
    const { api } = createVirtualClient({
      isRefused: () => true,
      refresh: () => throwError(() => REFUSED),
      [hook]: () => {
        throw new Error('thrown');
      },
    });
    const warnings = watch(api.events$).seen;
    const [fate] = watch(api.get$('/a')).seen;
    expect(isApiError((fate as { error: unknown }).error)).toBe(true); // it can only be an error
    const isWarned = warnings.some((event) => typeof event === 'object' && 'type' in event && event.type === 'warning');
    expect(isWarned).toBe(hook === 'onExpired');
  });

  it.each(['isExpired', 'authorize'] as const)('leaves what %s throws to the one request', (hook) => {
    const thrown = new Error('thrown');
    const { api, session } = createVirtualClient({
      [hook]: () => {
        throw thrown;
      },
    });
    expect(watch(api.get$('/a')).seen).toEqual([{ error: thrown }]);
    expect(session.state.status).toBe('active');
  });
});

describe('a refresh and its store', () => {
  it('takes over what another has stored, and asks no server', () => {
    const { cell, store, log } = createStore(tokens('T1'));
    const refresh = vi.fn(() => NEVER);
    const { api, session, sent } = createVirtualClient({ store, refresh });
    cell.held = tokens('T2');
    expect(watch(api.get$('/a')).seen).toMatchObject([{ by: 'T2' }, 'done']);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state).toMatchObject({ tokens: { refreshToken: 'R2' } });
    expect(log).toEqual([]);
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('renews at once what it takes over past its expiry, with the refresh token that came with it', () => {
    virtually(({ flush, cold }) => {
      const { cell, store } = createStore(tokens('T1'));
      const used: unknown[] = [];
      const { api, sent } = createVirtualClient({
        store,
        refresh: ({ refreshToken }) => {
          used.push(refreshToken);
          return of({ accessToken: 'T3' });
        },
      });
      cell.held = tokens('T2', { expiresAtMs: 5 });
      cold('---------a', { a: 0 }).subscribe(() => api.get$('/a').subscribe());
      flush();
      expect(used).toEqual(['R2']);
      expect(sent).toEqual(['GET /a T1', 'GET /a T3']);
    });
  });

  it('tries again with those when that failed in a way that may pass, and not with the spent ones of its own', () => {
    virtually(({ flush }) => {
      const { cell, store } = createStore(tokens('T1'));
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
      cell.held = tokens('T2', { expiresAtMs: 1 });
      timer(5, 2_000)
        .pipe(take(2))
        .subscribe(() => session.refresh$().subscribe({ error: noop }));
      flush();
      expect(presented).toEqual(['R2', 'R2']);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3' } });
    });
  });

  it('ends with a sign-out where another has cleared the store', () => {
    const { cell, store } = createStore(tokens('T1'));
    const refresh = vi.fn(() => NEVER);
    const { api, session } = createVirtualClient({ store, refresh });
    cell.held = null;
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(refresh).not.toHaveBeenCalled();
  });

  it('never hands what belongs to another session to those who wait', () => {
    const { cell, store } = createStore(tokens('T1'));
    const { api, session, sent } = createVirtualClient({ store, refresh: () => NEVER });
    cell.held = tokens('T2', { sessionId: 'another' });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(sent).toEqual(['GET /a T1']);
  });

  it('takes no token of its own for news when its write has failed', () => {
    const { store } = createStore(tokens('T1'), {
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
    for (let again = 0; again < 3; again++) watch(session.refresh$());
    expect(used).toEqual(['R1', 'R2', 'R3']);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T4' } });
  });

  it.each<[string, Partial<TokenStore>]>([
    ['is not done yet', { save: () => new Promise(() => {}) }],
    ['has failed', { save: () => Promise.reject(new Error('quota')) }],
  ])('takes nothing of before a sign-in for news while the write of that %s', async (_, methods) => {
    const load = vi.fn(() => tokens('T0', { sessionId: 'before' }) as Tokens | null);
    load.mockImplementationOnce(() => {
      throw new Error('not yet');
    });
    const { store } = createStore(null, { ...methods, load });
    const { session } = createVirtualClient({
      store,
      refresh: ({ refreshToken }) => of({ accessToken: `${refreshToken}+` }),
    });
    const signedIn = session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    await Promise.race([signedIn, Promise.resolve()]);
    watch(session.refresh$());
    expect(session.state).toMatchObject({ tokens: { refreshToken: 'R1' } });
  });

  it('takes no token that it has replaced for news, whoever put it back', () => {
    const { cell, store } = createStore(tokens('T1'));
    const grants = ['T2', 'T3', 'T4'].map((accessToken) => ({
      accessToken,
      refreshToken: accessToken.replace('T', 'R'),
    }));
    const { session } = createVirtualClient({ store, refresh: () => of(grants.shift() ?? T2) });
    for (const accessToken of ['T2', 'T3', 'T4']) {
      cell.held = tokens('T1');
      expect(watch(session.refresh$()).seen).toMatchObject([{ accessToken }, 'done']);
    }
  });

  it('takes over newer tokens that it finds after a refusal', () => {
    const { cell, store } = createStore(tokens('T1'));
    const onExpired = vi.fn();
    const { api, session } = createVirtualClient({
      store,
      onExpired,
      isRefused: () => true,
      refresh: () => {
        cell.held = tokens('T2');
        return throwError(() => REFUSED);
      },
    });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ by: 'T2' }, 'done']);
    expect(session.state.status).toBe('active');
    expect(onExpired).not.toHaveBeenCalled();
  });

  it('looks again for up to 1 s after a refusal where the store can not be had alone', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const { cell, store } = createStore(tokens('T1'));
      const { exclusive: _, ...shared } = store;
      const options = { store: shared, isRefused: () => true, refresh: () => throwError(() => REFUSED) };
      const { api } = createVirtualClient(options);
      cold('450ms a', { a: 0 }).subscribe(() => {
        cell.held = tokens('T2');
      });
      expectObservable(api.get$('/a')).toBe('500ms (v|)', { v: { by: 'T2' } });
      flush();
    });
  });

  it('stays a refusal when the deadline comes before that second is over', () => {
    virtually(({ expectObservable }) => {
      const { store } = createStore(tokens('T1'));
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

  it('ends the session after that second', () => {
    virtually(({ expectObservable }) => {
      const { store } = createStore(tokens('T1'));
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
  ] as const)('may pass when exclusive %s', (_, exclusive) => {
    virtually(({ flush }) => {
      const { store } = createStore(tokens('T1'), { exclusive });
      const { api, session } = createVirtualClient({ store, refresh: () => of(T2) });
      const { seen } = watch(api.get$('/a'));
      flush();
      expect(seen).toMatchObject([{ error: { code: 'refresh' } }]);
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
    });
  });

  it('loses nothing when exclusive does not end after its work is done', () => {
    virtually(({ flush }) => {
      const { store } = createStore(tokens('T1'), {
        exclusive: (work) => {
          work.subscribe();
          return NEVER;
        },
      });
      const { api } = createVirtualClient({ store, refresh: () => of(T2) });
      const { seen } = watch(api.get$('/a'));
      flush();
      expect(seen).toMatchObject([{ by: 'T2' }, 'done']);
    });
  });

  it.each(['load', 'save'] as const)('uses the new tokens from memory when %s hangs for 5 s', (method) => {
    virtually(({ flush, expectObservable }) => {
      const hanging = new Promise<never>(() => {});
      let isHanging = false;
      const held = createStore(tokens('T1'));
      const store: TokenStore = {
        ...held.store,
        [method]: (saved: Tokens) => (isHanging ? hanging : held.store[method](saved)),
      };
      const { api } = createVirtualClient({ store, refresh: () => of(T2) });
      isHanging = true;
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: 'T2' } });
      flush();
    });
  });

  it('never writes twice at a time, and last what was asked for last', async () => {
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
    const { store } = createStore(null, { save: slowly('save'), clear: slowly('clear') });
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

  it('works from memory, with warnings, where there is no localStorage', async () => {
    const { webStorageStore } = await import('renewal');
    const { api, session } = createVirtualClient({ store: webStorageStore(), refresh: () => of(T2) });
    const warnings = watch(api.events$).seen;
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    await session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ by: 'T2' }, 'done']);
    expect(warnings).toContainEqual(expect.objectContaining({ type: 'warning', message: 'write: ReferenceError' }));
  });
});

describe('a store that answers later', () => {
  it('lets requests wait for it, and leave with what it holds', async () => {
    vi.useFakeTimers();
    const loaded = Promise.resolve(tokens('T1'));
    const { store } = createStore(null, { load: () => loaded });
    const { api, session, sent } = createVirtualClient({ store, isDead: () => false });
    const { seen } = watch(api.get$('/a'));
    expect(session.state.status).toBe('loading');
    expect(sent).toEqual([]);
    await loaded;
    expect(seen).toMatchObject([{ by: 'T1' }, 'done']);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('is waited for 5 s at most, and then taken for empty', () => {
    virtually(({ flush, expectObservable }) => {
      const { store } = createStore(null, { load: () => new Promise(() => {}) });
      const { api, session } = createVirtualClient({ store, isDead: () => false });
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: '-' } });
      flush();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });
  });

  it('is not waited for by those whose session ends meanwhile', () => {
    const { store } = createStore(null, { load: () => new Promise(() => {}) });
    const { api, session, sent } = createVirtualClient({ store });
    const { seen } = watch(api.get$('/a'));
    session.signIn({ accessToken: 'B1' });
    expect(seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(sent).toEqual([]);
  });
});

describe('state$', () => {
  it('shows every subscriber the same states in the same order, whatever they do in between', () => {
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

  it('ends with what the session is, also where one who hears of a change by events$ makes another', () => {
    const { api, session } = createVirtualClient();
    const states = watch(session.state$).seen;
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

  it('shows that the session has ended before it completes, also where a subscriber destroys it', () => {
    const { session } = createVirtualClient();
    session.state$.subscribe(({ generation }) => {
      if (generation === 2) session.destroy();
    });
    const { seen } = watch(session.state$);
    session.signIn({ accessToken: 'T2' });
    expect(seen.slice(1)).toMatchObject([{ status: 'active' }, { status: 'signed-out' }, 'done']);
  });

  it('lets a subscriber send requests, which leave with what the session has become', () => {
    const { api, session, sent } = createVirtualClient({ refresh: () => of(T2) });
    session.state$.subscribe((state) => {
      if (state.status === 'active' && state.generation === 2) api.get$('/inside').subscribe();
    });
    api.get$('/outside').subscribe();
    expect(sent).toEqual(['GET /outside T1', 'GET /inside T2', 'GET /outside T2']);
  });

  it('completes on destroy, and the session stays signed out', async () => {
    const { session, api, sent } = createVirtualClient();
    const { seen } = watch(session.state$);
    session.destroy();
    expect(seen.at(-1)).toBe('done');
    await expect(session.signIn({ accessToken: 'T2' })).rejects.toMatchObject({ code: 'signed-out' });
    watch(api.get$('/a'));
    expect(sent).toEqual(['GET /a -']);
    const { store } = createStore(tokens('T1'));
    createSession({ store, refresh: () => NEVER }).destroy();
    expect(store.load()).not.toBeNull();
  });
});

describe('refresh$ and accessToken$', () => {
  it('give what a socket needs: one live token, after a refresh if need be', () => {
    virtually(({ cold, expectObservable }) => {
      const { session } = createVirtualClient({
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 10 },
        refreshAheadMs: 0,
        refresh: () => cold('--(a|)', { a: T2 }),
      });
      expectObservable(session.accessToken$()).toBe('(t|)', { t: 'T1' });
      expectObservable(session.accessToken$(), '10ms ^').toBe('12ms (t|)', { t: 'T2' });
    });
  });

  it('fail in a session that is signed out', () => {
    const session = createSession({ refresh: () => NEVER, store: memoryStore() });
    for (const asked$ of [session.refresh$(), session.accessToken$()] as Observable<unknown>[]) {
      // either will do
      expect(watch(asked$).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    }
  });

  it('tell those who wait of a failure, also while the token still lives', () => {
    const { session } = createVirtualClient({ refresh: () => throwError(() => new Error('offline')) });
    expect(watch(session.refresh$()).seen).toMatchObject([{ error: { code: 'refresh' } }]);
    expect(session.state.status).toBe('active');
  });
});

describe('secrets', () => {
  it('show in nothing that a session or a client prints', () => {
    const { api, session } = createVirtualClient({ refresh: () => of(T2) });
    const events = watch(api.events$).seen;
    const errors = watch(api.post$('/a?secret=1', { password: 'hidden' })).seen;
    const shown = [session, api, session.state$, api.events$, events].map((each) => [
      inspect(each, { depth: 9, showHidden: false }),
      JSON.stringify(each),
    ]);
    expect(events.length).toBeGreaterThan(5);
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(shown)).not.toMatch(/T1|T2|R1|R2|secret|hidden/);
  });
});
