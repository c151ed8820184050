import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type ApiEvent,
  createApi,
  createSession,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenGrant,
  type Tokens,
} from 'renewal';
import { EMPTY, NEVER, noop, type Observable, of, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../support/cell-store';
import { stopClock } from '../support/clock';
import { createVirtualClient, virtually } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe('createSession', () => {
  it.each([
    ['refresh', {}],
    ['refresh', { refresh: 'x' }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: -1 }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: Number.NaN }],
    ['refreshTimeoutMs', { refresh: () => EMPTY, refreshTimeoutMs: '5' }],
    ['refreshAheadMs', { refresh: () => EMPTY, refreshAheadMs: -1 }],
    ['refreshAheadMs', { refresh: () => EMPTY, refreshAheadMs: Number.NaN }],
    ['refreshRetries', { refresh: () => EMPTY, refreshRetries: 1.5 }],
    ['releaseConcurrency', { refresh: () => EMPTY, releaseConcurrency: 0 }],
  ])('throws a TypeError for a wrong %s: %o', (name, options) => {
    // What plain JavaScript may pass.
    const create = () => createSession(options as unknown as SessionOptions);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(name);
  });

  it('treats undefined as an omitted option', () => {
    const options = { refresh: () => EMPTY, refreshTimeoutMs: undefined, store: undefined };
    expect(createSession(options as unknown as SessionOptions).state.status).toBe('signed-out'); // plain JavaScript
  });

  it('loads a synchronous store at once', () => {
    const { session } = createVirtualClient();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    expect(createSession({ refresh: () => EMPTY }).state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });

  it('keeps and refreshes the tokens of a sign-in without a store', () => {
    const grants = [T2, { accessToken: 'T3', refreshToken: 'R3' }];
    const session = createSession({ refresh: () => of(grants.shift() ?? T2) });
    session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
    for (const accessToken of ['T2', 'T3']) {
      expect(observe(session.refresh$()).notifications).toMatchObject([{ accessToken }, 'done']);
    }
    session.signOut();
    expect(observe(session.refresh$()).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
  });

  it('starts no timer and calls only load before its first use', () => {
    vi.useFakeTimers();
    const { store, log } = createCellStore(tokens('T1', { expiresAtMs: Date.now() + 1 }));
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
  it('change the state at once, and resolve when the store is written', async () => {
    const { store, log } = createCellStore(null);
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

  it('resolve even if the store throws, and warn', async () => {
    const fails = () => {
      throw new RangeError('T1');
    };
    const { store } = createCellStore(null, { save: fails, clear: fails });
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
  ])('reject a malformed grant, and keep the state: %o', async (grant) => {
    const { session } = createVirtualClient();
    const before = session.state;
    await expect(session.signIn(grant as TokenGrant)).rejects.toThrow(TypeError); // what a server may have sent
    expect(session.state).toBe(before);
  });

  it('keep the last change, even if the store makes it during a write', () => {
    const { cell, store } = createCellStore(tokens('T1'), {
      clear: () => {
        session.signIn({ accessToken: 'B1' });
      },
    });
    const session: Session = createSession({ store, refresh: () => NEVER });
    session.signOut();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
    expect(cell.tokens).toMatchObject({ accessToken: 'B1' });
  });

  it('are stored even if the store starts a refresh during the write', () => {
    const calls = [() => session.refresh$().subscribe({ error: noop })];
    const { cell, store } = createCellStore(tokens('T1'), {
      save: (saved) => {
        cell.tokens = saved;
        calls.pop()?.();
      },
    });
    const session: Session = createSession({ store, refresh: () => of(T2) });
    session.signIn({ accessToken: 'B1' });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1' } });
    expect(cell.tokens).toMatchObject({ accessToken: 'B1' });
  });

  it('are stored even if a refresh during the write skips the read of a hanging store', async () => {
    stopClock();
    const calls = [() => session.refresh$().subscribe({ error: noop })];
    const loads = [() => cell.tokens];
    const { cell, store } = createCellStore(tokens('T1'), {
      load: () => loads.pop()?.() ?? new Promise(noop),
      clear: async () => {
        calls.pop()?.();
        await null;
        cell.tokens = null;
      },
    });
    const session: Session = createSession({ store, refresh: () => of(T2) });
    session.refresh$().subscribe();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(cell.tokens).toMatchObject({ accessToken: 'T2' });
    await session.signOut();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(cell.tokens).toBeNull();
  });

  it('begin no session if the store destroys it during the write', () => {
    const { store } = createCellStore(null, { save: () => session.destroy() });
    const session: Session = createSession({ store, refresh: () => NEVER });
    session.signIn({ accessToken: 'B1' });
    expect(session.state.status).toBe('signed-out');
  });

  it('keep what another session of the page does in response, in the same tick', () => {
    const store = memoryStore({ accessToken: 'A1', refreshToken: 'R1' });
    const [one, other] = [1, 2].map(() => createSession({ store, refresh: () => NEVER }));
    if (!one || !other) throw new Error('too few sessions');
    one.state$.subscribe();
    other.state$.subscribe(({ status }) => status === 'signed-out' && other.signIn({ accessToken: 'B1' }));
    one.signOut();
    for (const { state } of [one, other])
      expect(state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
    other.state$.subscribe((state) => 'tokens' in state && state.tokens.accessToken === 'C1' && other.signOut());
    one.signIn({ accessToken: 'C1' });
    // The other session signs out on `C1`, and then signs in again, as it did before.
    for (const { state } of [one, other])
      expect(state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
  });

  it('do not write to the store once the session is destroyed', async () => {
    const { store, log } = createCellStore(tokens('T1'));
    const session = createSession({ refresh: () => NEVER, store });
    session.destroy();
    await expect(session.signOut()).resolves.toBeUndefined();
    await expect(session.signIn({ accessToken: 'T2' })).rejects.toMatchObject({ code: 'signed-out' });
    expect(log).toEqual([]);
  });

  it('settle if a subscriber destroys the session before the store is written', async () => {
    const { store } = createCellStore(null, { save: () => new Promise(() => {}), load: () => new Promise(() => {}) });
    const { api, session } = createVirtualClient({ store });
    api.get$('/a').subscribe({ error: () => session.destroy() });
    await expect(session.signIn({ accessToken: 'T1' })).resolves.toBeUndefined();
    expect(session.state.status).toBe('signed-out');
  });

  it.each(['signIn', 'signOut', 'destroy'] as const)(
    'reject at once the waiters for a read of the store: %s',
    (end) => {
      virtually(({ flush }) => {
        const { cell, store } = createCellStore(tokens('T1'));
        let version = 0;
        const { api, session, sent } = createVirtualClient({
          isDead: () => false,
          store: { ...store, load: () => (version ? new Promise(noop) : cell.tokens), version: () => version },
        });
        version = 1;
        const seen = [api.get$('/a'), session.accessToken$()].map((each$) => observe<unknown>(each$).notifications);
        expect(seen).toEqual([[], []]);
        if (end === 'signIn') session.signIn(T2).catch(noop);
        else if (end === 'signOut') session.signOut().catch(noop);
        else session.destroy();
        expect(seen).toMatchObject(Array(2).fill([{ error: { code: 'signed-out' } }]));
        expect(sent).toEqual([]);
        flush();
      });
    },
  );

  it('reject all waiters for one read, even if called while they are released', async () => {
    const { cell, store } = createCellStore(tokens('T1'));
    let version = 0;
    const { api, session, sent } = createVirtualClient({
      isDead: () => false,
      store: { ...store, load: () => (version ? Promise.resolve(cell.tokens) : cell.tokens), version: () => version },
      refresh: () => NEVER,
    });
    session.state$.subscribe(({ status }) => status === 'refreshing' && session.signIn({ accessToken: 'B1' }));
    version = 1;
    const waiting = [session.refresh$(), api.get$('/a'), session.accessToken$(), session.refresh$()];
    const seen = waiting.map((each$) => observe<unknown>(each$).notifications);
    await setImmediate();
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1' } });
    expect(seen).toMatchObject(Array(4).fill([{ error: { code: 'signed-out' } }]));
    expect(sent).toEqual([]);
  });

  it('leave no timer after destroy', () => {
    stopClock();
    const { cell, store } = createCellStore(tokens('T1'));
    let version = 0;
    const { api, session } = createVirtualClient({
      store: { ...store, load: () => (version ? new Promise(noop) : cell.tokens), version: () => version },
    });
    version = 1;
    const { notifications: seen } = observe(api.get$('/a'));
    expect(vi.getTimerCount()).toBe(1);
    session.destroy();
    expect(seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('make a new session id each time', () => {
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
    ['the `exp` of a JWT that has nothing else', { accessToken: `e30.${btoa('{"exp":14}')}.x` }, 14_000],
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

describe('refresh$ and accessToken$', () => {
  it('emit one live token, after a refresh if it is needed', () => {
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

  it('error in a session that is signed out', () => {
    const session = createSession({ refresh: () => NEVER, store: memoryStore() });
    // Only the notifications are compared, whatever their type.
    for (const waiter$ of [session.refresh$(), session.accessToken$()] as Observable<unknown>[]) {
      expect(observe(waiter$).notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    }
  });

  it('error if the refresh fails, even while the token lives', () => {
    const { session } = createVirtualClient({ refresh: () => throwError(() => new Error('offline')) });
    expect(observe(session.refresh$()).notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    expect(session.state.status).toBe('active');
  });
});

describe('a session behind a proxy', () => {
  /** Reads as `reactive` of Vue does: each object that is extensible is a proxy in its turn. */
  const deep = <T>(value: T): T =>
    typeof value === 'object' && value && Object.isExtensible(value)
      ? new Proxy(value, { get: (target, name, self) => deep(Reflect.get(target, name, self)) })
      : value;

  it.each([
    ['shallow', (session: Session) => new Proxy(session, {})],
    ['deep', deep<Session>],
    ['that inherits', (session: Session): Session => Object.create(session)],
  ])('is that session: %s', async (_, wrap) => {
    const session = wrap(createSession({ refresh: () => of(T2) }));
    const { signIn, refresh$, accessToken$, keepFresh$, destroy } = session;
    await signIn({ accessToken: 'T1', refreshToken: 'R1' });
    const fresh = observe(keepFresh$());
    expect([session.state.status, observe(accessToken$()).notifications]).toEqual(['active', ['T1', 'done']]);
    expect(observe(refresh$()).notifications).toMatchObject([T2, 'done']);
    expect(fresh.notifications).toMatchObject([T2]);
    expect(() => createApi({ baseUrl: 'https://backend.test', session })).not.toThrow();
    destroy();
    expect(session.state.status).toBe('signed-out');
  });
});

describe('secrets', () => {
  it('are in nothing that a session or a client prints', () => {
    const { api, session } = createVirtualClient({ refresh: () => of(T2) });
    const events = observe(api.events$).notifications;
    const errors = observe(api.post$('/a?secret=1', { password: 'hidden' })).notifications;
    const shown = [session, api, session.state$, api.events$, events].map((each) => [
      inspect(each, { depth: 9, showHidden: false }),
      JSON.stringify(each),
    ]);
    expect(events.length).toBeGreaterThan(5);
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(shown)).not.toMatch(/T1|T2|R1|R2|secret|hidden/);
  });
});
