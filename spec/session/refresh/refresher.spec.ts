import {
  type ApiEvent,
  type HttpResponse,
  isApiError,
  memoryStore,
  type RefreshError,
  SessionExpiredError,
  type TokenGrant,
  type Tokens,
} from 'renewal';
import { catchError, finalize, NEVER, type Observable, of, Subject, Subscription, skip, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../../support/cell-store';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { createVirtualClient, response, virtually } from '../../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };
const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

describe('a refresh', () => {
  it('starts once for all waiters, and goes on when they unsubscribe', () => {
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

  it('keeps the refresh token if the server sends none', () => {
    const { session } = createVirtualClient({ refresh: () => of({ accessToken: 'T2' }) });
    observe(session.refresh$());
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T2', refreshToken: 'R1' } });
  });

  it('keeps the id of the session', () => {
    const { session } = createVirtualClient({ refresh: () => of(T2) });
    const idOf = () => (session.state as { tokens: Tokens }).tokens.sessionId; // signed in throughout
    const before = idOf();
    observe(session.refresh$());
    expect(idOf()).toBe(before);
  });

  it('stores its tokens and releases the lock before it releases its waiters', () => {
    const log: string[] = [];
    const { store } = createCellStore(tokens('T1'), {
      exclusive: (work) => {
        log.push('locked');
        return work.pipe(finalize(() => log.push('released')));
      },
      save: () => {
        log.push('saved');
      },
    });
    const { api, session } = createVirtualClient({ store, refresh: () => of(T2) });
    session.state$.subscribe(({ status }) => log.push(status));
    api.get$('/a').subscribe(() => log.push('response'));
    expect(log).toEqual(['active', 'expired', 'refreshing', 'locked', 'saved', 'released', 'active', 'response']);
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
  ])('cools down for the time of Retry-After, in %s', (_, header) => {
    virtually(({ cold, flush }) => {
      let refreshes = 0;
      const { session, api } = createVirtualClient({
        isDead: () => false,
        respond: () => of(response(503, null, { 'retry-after': header })),
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

  it('ends its cool-down when a user signs in', () => {
    let fails = true;
    const { session, api } = createVirtualClient({
      isDead: (token) => token !== 'T2',
      refresh: () => (fails ? throwError(() => new Error('offline')) : of(T2)),
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    fails = false;
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    session.signIn({ accessToken: 'T1' });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('reports its end by a sign-in, with no cool-down and no onSessionExpired', () => {
    const onSessionExpired = vi.fn();
    let grant$: Observable<TokenGrant> = NEVER;
    const { api, session } = createVirtualClient({
      isDead: (token) => token !== 'T2',
      refresh: () => grant$,
      onSessionExpired: onSessionExpired,
    });
    const events = observe(api.events$).notifications;
    observe(api.get$('/a'));
    session.signIn({ accessToken: 'B1' });
    grant$ = of(T2);
    expect(observe(api.get$('/b')).notifications).toMatchObject([{ by: 'T2' }, 'done']);
    const refreshes = events.flatMap((event) =>
      typeof event === 'object' && 'type' in event && event.type === 'refresh'
        ? [`${event.refreshId} ${event.phase} ${event.kind ?? ''}`]
        : [],
    );
    expect(refreshes).toEqual(['1 started ', '1 failed signed-out', '2 started ', '2 succeeded ']);
    expect(onSessionExpired).not.toHaveBeenCalled();
  });

  it('does not call onSessionExpired if a listener of events$ has signed in again', () => {
    const onSessionExpired = vi.fn();
    const { api, session } = createVirtualClient({
      refresh: () => throwError(() => REFUSED),
      isRefused: () => true,
      onSessionExpired: onSessionExpired,
    });
    api.events$.subscribe((event) => {
      if (event.type === 'refresh' && event.final) session.signIn({ accessToken: 'T2' });
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ error: { code: 'session-expired' } }]);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(onSessionExpired).not.toHaveBeenCalled();
  });

  it('calls onSessionExpired after the waiters, even if a subscriber of state$ began', () => {
    const order: string[] = [];
    const grants = [of(T2), throwError(() => REFUSED)];
    const { api, session } = createVirtualClient({
      store: { ...memoryStore(), exclusive: (work$) => work$ },
      refresh: () => grants.shift() ?? NEVER,
      isRefused: () => true,
      isDead: () => true,
      onSessionExpired: () => order.push('onSessionExpired'),
    });
    session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    session.state$.pipe(skip(1)).subscribe(({ status }) => {
      order.push(status);
      if (status === 'active') api.get$('/a').subscribe({ error: () => order.push('rejected') });
    });
    observe(session.refresh$());
    expect(order).toEqual([
      'refreshing',
      'active',
      'expired',
      'refreshing',
      'signed-out',
      'rejected',
      'onSessionExpired',
    ]);
  });

  it.each([
    [31, 31_000],
    [2 ** 31, 3_600_000],
  ])('is not retried if Retry-After is %d s, longer than its timeout', (seconds, askedForMs) => {
    virtually(({ expectObservable }) => {
      const { api } = createVirtualClient({
        refresh: () => api.post$<TokenGrant>('/renewal', {}, { auth: false }),
        refreshRetries: 3,
        respond: ({ auth }, normal) => of(auth ? normal : response(503, null, { 'retry-after': `${seconds}` })),
      });
      const askedFor$ = api.get$('/a').pipe(catchError(({ retryAfterMs }: RefreshError) => of(retryAfterMs)));
      expectObservable(askedFor$).toBe('(a|)', { a: askedForMs });
      expectObservable(askedFor$, '5s ^').toBe('5s (a|)', { a: askedForMs });
    });
  });

  it('stores nothing if it ends while a sign-out rejects its waiters', () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const grant$ = new Subject<TokenGrant>();
    const { api, session } = createVirtualClient({ store, refresh: () => grant$ });
    api.get$('/a').subscribe({ error: () => grant$.next(T2) });
    session.signOut();
    expect(cell.tokens).toBeNull();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('cools down no longer if the clock is set back', () => {
    vi.useFakeTimers({ now: 10_000_000 });
    let refreshes = 0;
    const { session } = createVirtualClient({
      refresh: () => {
        refreshes++;
        return throwError(() => new Error('offline'));
      },
    });
    observe(session.refresh$());
    vi.setSystemTime(9_000_000);
    observe(session.refresh$());
    expect(refreshes).toBe(2);
    vi.useRealTimers();
  });

  it('fails after refreshTimeoutMs, and unsubscribes from refresh', () => {
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

  it('ends the session if it is refused, even before the token has expired', () => {
    const expired = vi.fn();
    const { session } = createVirtualClient({
      isRefused: () => true,
      refresh: () => throwError(() => REFUSED),
      onSessionExpired: expired,
    });
    expect(observe(session.refresh$()).notifications).toMatchObject([
      { error: { code: 'session-expired', cause: REFUSED } },
    ]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    expect(expired).toHaveBeenCalledOnce();
    expect(observe(session.refresh$()).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
  });

  it.each(['isRefused', 'onSessionExpired'] as const)('rejects its waiters even if %s throws', (hook) => {
    const { api } = createVirtualClient({
      isRefused: () => true,
      refresh: () => throwError(() => REFUSED),
      [hook]: () => {
        throw new Error('thrown');
      },
    });
    const warnings = observe(api.events$).notifications;
    const [outcome] = observe(api.get$('/a')).notifications;
    expect(isApiError((outcome as { error: unknown }).error)).toBe(true); // it can only be an error
    const isWarned = warnings.some((event) => typeof event === 'object' && 'type' in event && event.type === 'warning');
    expect(isWarned).toBe(hook === 'onSessionExpired');
  });

  it('reads Retry-After even if isRefused throws', () => {
    const { session, api } = createVirtualClient({
      isDead: () => false,
      respond: () => of(response(429, null, { 'retry-after': '7' })),
      refresh: () => api.post$<TokenGrant>('/renewal', {}, { auth: false }),
      isRefused: () => {
        throw new Error('a mistake');
      },
    });
    expect(observe(session.refresh$()).notifications).toMatchObject([
      { error: { code: 'refresh', retryAfterMs: 7_000, cause: { message: 'a mistake' } } },
    ]);
  });

  it.each(['isExpired', 'authorize'] as const)(
    'does not start if %s throws: the error belongs to the request',
    (hook) => {
      const thrown = new Error('thrown');
      const { api, session } = createVirtualClient({
        [hook]: () => {
          throw thrown;
        },
      });
      expect(observe(api.get$('/a')).notifications).toEqual([{ error: thrown }]);
      expect(session.state.status).toBe('active');
    },
  );
});

describe('a refresh with listeners', () => {
  const isPhase = (event: ApiEvent, phase: string) => event.type !== 'warning' && event.phase === phase;

  it('has a number, which the events of its waiters name', () => {
    const grants = new Subject<TokenGrant>();
    const { api, session } = createVirtualClient({ refresh: () => grants });
    const events = eventsOf(api);
    const token = session.accessToken$();
    observe(api.get$('/a'));
    const gone = observe(token);
    token.subscribe().unsubscribe();
    grants.next(T2);
    session.refresh$().subscribe();
    grants.next({ accessToken: 'T3' });
    expect(gone.notifications).toEqual(['T2', 'done']);
    expect(events.filter(({ type }) => type === 'refresh')).toMatchObject([
      { phase: 'started', refreshId: 1, waiting: 1 },
      { phase: 'succeeded', refreshId: 1, waiting: 2 },
      { phase: 'started', refreshId: 2, waiting: 1 },
      { phase: 'succeeded', refreshId: 2, waiting: 1 },
    ]);
    expect(events).toContainEqual(expect.objectContaining({ phase: 'waiting', refreshId: 1 }));
  });

  it('counts no unsubscribed request as waiting', () => {
    const grants = new Subject<TokenGrant>();
    const { api } = createVirtualClient({ refresh: () => grants });
    const events = eventsOf(api);
    observe(api.get$('/a'));
    api.get$('/b').subscribe().unsubscribe();
    grants.next(T2);
    expect(events).toContainEqual(expect.objectContaining({ phase: 'succeeded', waiting: 1 }));
  });

  it.each(['state$', 'events$'] as const)('does not call refresh if a listener of its start signs out, by %s', (by) => {
    const refresh = vi.fn(() => of(T2));
    const restore = vi.fn(() => of(T2));
    const { api, session } = createVirtualClient({ refresh, restore });
    if (by === 'state$') session.state$.subscribe(({ status }) => status === 'refreshing' && session.signOut());
    else api.events$.subscribe((event) => isPhase(event, 'started') && session.signOut());
    expect(observe(session.refresh$()).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(refresh).not.toHaveBeenCalled();
    expect(restore).not.toHaveBeenCalled();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('starts once even if a listener of its start subscribes to refresh$', () => {
    const refresh = vi.fn(() => NEVER);
    const { api, session } = createVirtualClient({ refresh });
    session.state$.subscribe(({ status }) => status === 'refreshing' && session.refresh$().subscribe());
    const events = eventsOf(api);
    session.refresh$().subscribe();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(events).toHaveLength(1);
  });

  it('does not start if the only request unsubscribes on the event token-expired', () => {
    const refresh = vi.fn(() => of(T2));
    const responses = new Subject<HttpResponse>();
    const { api } = createVirtualClient({ refresh, respond: () => responses });
    const request = new Subscription();
    api.events$.subscribe((event) => isPhase(event, 'token-expired') && request.unsubscribe());
    request.add(api.get$('/a').subscribe());
    responses.next(response(401));
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe('a session after a failed refresh', () => {
  it('makes requests wait for the next refresh, even if the clock was set back', () => {
    stopClock();
    const grants = [throwError(() => new Error('down')), NEVER];
    const { session } = createVirtualClient({ refresh: () => grants.shift() ?? NEVER });
    observe(session.refresh$());
    vi.advanceTimersByTime(1_000);
    observe(session.refresh$());
    expect(grants).toHaveLength(0);
    vi.setSystemTime(Date.now() - 500);
    expect(observe(session.refresh$()).notifications).toEqual([]);
  });

  it('rejects requests whose responses arrive after its end with the same cause', () => {
    const late = new Subject<HttpResponse>();
    const refresh = () => throwError(() => new SessionExpiredError('spent'));
    const { api } = createVirtualClient({
      refresh,
      respond: ({ url }, now) => (url.endsWith('late') ? late : of(now)),
    });
    const { notifications: seen } = observe(api.get$('/late'));
    observe(api.get$('/a'));
    late.next(response(401));
    expect(seen).toMatchObject([{ error: { code: 'session-expired', cause: { message: 'spent' } } }]);
  });

  it('warns with the name of what onSessionExpired has thrown', () => {
    const warnings = (thrown: unknown) => {
      const client = createVirtualClient({
        refresh: () => throwError(() => new SessionExpiredError('spent')),
        onSessionExpired: () => {
          throw thrown;
        },
      });
      const events = eventsOf(client.api);
      observe(client.session.refresh$());
      return warningsIn(events);
    };
    expect(warnings(new TypeError('T1'))).toEqual(['onSessionExpired: TypeError']);
    expect(warnings('T1')).toEqual(['onSessionExpired: threw a string']);
    expect(warnings(undefined)).toEqual(['onSessionExpired: no answer']);
  });
});

describe('releaseConcurrency', () => {
  it('limits the requests in flight after a refresh, but not waiters without a request', () => {
    const grants = new Subject<TokenGrant>();
    const responses: Subject<HttpResponse>[] = [];
    const { api, session, sent } = createVirtualClient({
      refresh: () => grants,
      releaseConcurrency: 1,
      respond: (_, now) => {
        if (now.status === 401) return of(now);
        const pending = new Subject<HttpResponse>();
        responses.push(pending);
        return pending;
      },
    });
    for (const path of ['/a', '/b', '/c']) observe(api.get$(path));
    const { notifications: seen } = observe(session.accessToken$());
    sent.length = 0;
    grants.next(T2);
    expect(sent).toEqual(['GET /a T2']);
    expect(seen).toEqual(['T2', 'done']);
    responses[0]?.next(response(200));
    expect(sent).toEqual(['GET /a T2', 'GET /b T2']);
  });
});
