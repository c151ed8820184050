import { setImmediate } from 'node:timers/promises';
import { type Session, SessionExpiredError, type SessionOptions, type TokenGrant, type Tokens } from 'renewal';
import { NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createSessionId } from '../../../lib/session/state/session-id';
import { createCellStore, observe, tokens } from '../../support/cell-store';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { createVirtualClient, virtually } from '../../support/virtual';

describe('a store that answers later', () => {
  it('lets requests wait for it, and leave with what it holds', async () => {
    vi.useFakeTimers();
    const loaded = Promise.resolve(tokens('T1'));
    const { store } = createCellStore(null, { load: () => loaded });
    const { api, session, sent } = createVirtualClient({ store, isDead: () => false });
    const { notifications: seen } = observe(api.get$('/a'));
    expect(session.state.status).toBe('loading');
    expect(sent).toEqual([]);
    await loaded;
    expect(seen).toMatchObject([{ by: 'T1' }, 'done']);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('is waited for 5 s at most, and then taken for empty', () => {
    virtually(({ flush, expectObservable }) => {
      const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
      const { api, session } = createVirtualClient({ store, isDead: () => false });
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: '-' } });
      flush();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });
  });

  it('is not waited for by those whose session ends in between', () => {
    const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
    const { api, session, sent } = createVirtualClient({ store });
    const { notifications: seen } = observe(api.get$('/a'));
    session.signIn({ accessToken: 'B1' });
    expect(seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(sent).toEqual([]);
  });
});

describe('a session that is being loaded', () => {
  it('asks restore when someone needs it, and not before', () => {
    const restore = vi.fn(() => NEVER);
    const { session } = createVirtualClient({ store: createCellStore(null).store, restore });
    expect(restore).not.toHaveBeenCalled();
    session.state$.subscribe();
    expect(restore).toHaveBeenCalledTimes(1);
    session.state$.subscribe();
    expect(restore).toHaveBeenCalledTimes(1);
  });

  it('calls restore once an awaited store turns out to be empty', async () => {
    const restore = vi.fn(() => of({ accessToken: 'T2' }));
    const loaded = Promise.resolve(null);
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store, restore });
    const { notifications: seen } = observe(session.accessToken$());
    expect(restore).not.toHaveBeenCalled();
    await setImmediate();
    expect(restore).toHaveBeenCalledTimes(1);
    expect(seen).toEqual(['T2', 'done']);
  });

  it('asks no restore early where the store is empty and no one has needed it yet', async () => {
    const restore = vi.fn(() => NEVER);
    const loaded = Promise.resolve(null);
    createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store, restore });
    await loaded;
    expect(restore).not.toHaveBeenCalled();
  });

  it('has one timer however many need it, and none once it is loaded or signed in', async () => {
    stopClock();
    const loaded = Promise.resolve(tokens('T1'));
    const clients = [() => loaded, () => new Promise<never>(() => {})].map((load) =>
      createVirtualClient({ store: createCellStore(null, { load }).store, isDead: () => false }),
    );
    for (const { api } of clients) for (const path of ['/a', '/b']) observe(api.get$(path));
    expect(vi.getTimerCount()).toBe(2);
    await loaded;
    expect(vi.getTimerCount()).toBe(1);
    clients[1]?.session.signIn({ accessToken: 'T1' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says that the store gave no answer', () => {
    virtually(({ flush }) => {
      const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
      const { api } = createVirtualClient({ store });
      const told = eventsOf(api);
      observe(api.get$('/a'));
      flush();
      expect(warningsIn(told)).toEqual(['load: no answer']);
    });
  });

  it('renews for those who asked for new tokens while it was', async () => {
    const loaded = Promise.resolve(tokens('T1'));
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store });
    const { notifications: seen } = observe(session.refresh$());
    await setImmediate();
    expect(seen).toMatchObject([{ accessToken: 'T2' }, 'done']);
  });
});

describe('a session that is being loaded, and begins or ends before it is', () => {
  const setUp = (options: Partial<SessionOptions> = {}) => {
    const answers: ((found: Tokens | null) => void)[] = [];
    const { cell, store } = createCellStore(null, { load: () => new Promise((resolve) => answers.push(resolve)) });
    return {
      cell,
      ...createVirtualClient({ store, ...options }),
      answer: (found: Tokens | null) => answers.shift()?.(found),
    };
  };

  it('sends nothing of what has waited where it ends', () => {
    const { api, session, sent } = setUp();
    const { notifications: seen } = observe(api.get$('/a'));
    session.signOut();
    expect(seen).toMatchObject([{ error: { message: 'the session has ended or changed hands' } }]);
    expect(sent).toEqual([]);
  });

  it('is renewed as ever where it begins', async () => {
    const { api, session, answer, cell } = setUp();
    session.signIn({ accessToken: 'T1' });
    const { notifications: seen } = observe(api.get$('/a'));
    // Twice for what the session began with, as the sign-in has crossed it, and before and after the refresh.
    for (let look = 0; look < 4; look++) {
      answer(cell.tokens);
      await setImmediate();
    }
    expect(seen).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('is renewed for nothing where it begins and the store answers then', async () => {
    const refresh = vi.fn(() => NEVER);
    const { session, answer } = setUp({ refresh, restore: () => NEVER });
    session.state$.subscribe();
    session.signIn({ accessToken: 'T1' });
    answer(null);
    await setImmediate();
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state.status).toBe('active');
  });

  it('adopts tokens that a store returns too late, and cancels the restore', async () => {
    stopClock();
    const grants = new Subject<TokenGrant>();
    const { session, answer } = setUp({ restore: () => grants });
    session.state$.subscribe();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(grants.observed).toBe(true);
    answer(tokens('T1'));
    await setImmediate();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    expect(grants.observed).toBe(false);
  });

  it.each<[string, (session: Session) => void, string]>([
    ['signed in', (session) => session.signIn({ accessToken: 'B1' }), 'active'],
    ['signed out', (session) => session.signOut(), 'signed-out'],
  ])('takes nothing that a store answers after someone has %s', async (_, act, status) => {
    stopClock();
    const { session, answer } = setUp();
    session.state$.subscribe();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    act(session);
    answer(tokens('T1'));
    await setImmediate();
    expect(session.state.status).toBe(status);
    expect(Object(session.state).tokens?.accessToken).not.toBe('T1');
  });
});

describe('a session whose tokens are elsewhere', () => {
  const elsewhere: Tokens = { accessToken: '', sessionId: createSessionId(Date.now() + 60_000) };

  /** A client of ann's, over a store that tells of a sign-in elsewhere. */
  const setUp = (options: Parameters<typeof createVirtualClient>[0] = {}) => {
    const { cell, store } = createCellStore(null);
    const changes = new Subject<null>();
    const client = createVirtualClient({ store: { ...store, changes$: changes }, isDead: () => false, ...options });
    client.session.state$.subscribe();
    const tell = (held: Tokens | null) => {
      cell.tokens = held;
      changes.next(null);
    };
    return { ...client, cell, tell };
  };

  it('asks restore, and keeps the id of that sign-in', () => {
    const grants = new Subject<TokenGrant>();
    let restores = 0;
    const restore = () => (restores++ ? grants : of({ accessToken: 'A1' }));
    const { session, api, cell, tell } = setUp({ restore, isDead: (token) => token === 'A1', refresh: () => NEVER });
    const waiting = observe(api.get$('/ann'));
    tell(elsewhere);
    expect(session.state).toMatchObject({ status: 'loading' });
    expect(waiting.notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    const bob = observe(api.get$('/bob'));
    grants.next({ accessToken: 'B1' });
    expect(bob.notifications).toMatchObject([{ by: 'B1' }, 'done']);
    expect(cell.tokens).toMatchObject({ accessToken: 'B1', sessionId: elsewhere.sessionId });
  });

  it('is signed out without restore, or if that is refused', () => {
    let restores = 0;
    const refused = () => (restores++ ? throwError(() => new SessionExpiredError('no')) : of({ accessToken: 'A1' }));
    for (const restore of [undefined, refused]) {
      const { session, tell } = setUp({ restore });
      if (!restore) void session.signIn({ accessToken: 'A1' });
      tell(elsewhere);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    }
  });

  it('is signed out once that session is, while restore is asked', () => {
    const { session, tell } = setUp({ restore: () => NEVER });
    tell(elsewhere);
    expect(session.state.status).toBe('loading');
    tell(null);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('is asked for when the first look finds it', () => {
    const { session } = setUp({ restore: () => of({ accessToken: 'B1' }), store: createCellStore(elsewhere).store });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1', sessionId: elsewhere.sessionId } });
  });
});
