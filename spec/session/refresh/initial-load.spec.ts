import { setImmediate } from 'node:timers/promises';
import { type Session, SessionExpiredError, type SessionOptions, type TokenGrant, type Tokens } from 'renewal';
import { NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createSessionId } from '../../../lib/session/state/session-id';
import { createCellStore, observe, tokens } from '../../support/cell-store';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { createVirtualClient, virtually } from '../../support/virtual';

describe('an asynchronous store', () => {
  it('delays requests until it has loaded; they are sent with its tokens', async () => {
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

  it('counts as empty after 5 s', () => {
    virtually(({ flush, expectObservable }) => {
      const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
      const { api, session } = createVirtualClient({ store, isDead: () => false });
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: '-' } });
      flush();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });
  });

  it('delays no request whose session ends before it has loaded', () => {
    const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
    const { api, session, sent } = createVirtualClient({ store });
    const { notifications: seen } = observe(api.get$('/a'));
    session.signIn({ accessToken: 'B1' });
    expect(seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(sent).toEqual([]);
  });
});

describe('a session that is loading', () => {
  it('calls restore at its first use, and not before', () => {
    const restore = vi.fn(() => NEVER);
    const { session } = createVirtualClient({ store: createCellStore(null).store, restore });
    expect(restore).not.toHaveBeenCalled();
    session.state$.subscribe();
    expect(restore).toHaveBeenCalledTimes(1);
    session.state$.subscribe();
    expect(restore).toHaveBeenCalledTimes(1);
  });

  it('calls restore after an awaited load if the store is empty', async () => {
    const restore = vi.fn(() => of({ accessToken: 'T2' }));
    const loaded = Promise.resolve(null);
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store, restore });
    const { notifications: seen } = observe(session.accessToken$());
    expect(restore).not.toHaveBeenCalled();
    await setImmediate();
    expect(restore).toHaveBeenCalledTimes(1);
    expect(seen).toEqual(['T2', 'done']);
  });

  it('does not call restore before its first use, even if the store is empty', async () => {
    const restore = vi.fn(() => NEVER);
    const loaded = Promise.resolve(null);
    createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store, restore });
    await loaded;
    expect(restore).not.toHaveBeenCalled();
  });

  it('has one timer for all waiters, and none after load or sign-in', async () => {
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

  it('warns if load does not finish in time', () => {
    virtually(({ flush }) => {
      const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
      const { api } = createVirtualClient({ store });
      const events = eventsOf(api);
      observe(api.get$('/a'));
      flush();
      expect(warningsIn(events)).toEqual(['load: no answer']);
    });
  });

  it('refreshes after the load if refresh$ was subscribed before', async () => {
    const loaded = Promise.resolve(tokens('T1'));
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store });
    const { notifications: seen } = observe(session.refresh$());
    await setImmediate();
    expect(seen).toMatchObject([{ accessToken: 'T2' }, 'done']);
  });
});

describe('a session that begins or ends while it is loading', () => {
  const setUp = (options: Partial<SessionOptions> = {}) => {
    const loads: ((found: Tokens | null) => void)[] = [];
    const { cell, store } = createCellStore(null, { load: () => new Promise((resolve) => loads.push(resolve)) });
    return {
      cell,
      ...createVirtualClient({ store, ...options }),
      finishLoad: (found: Tokens | null) => loads.shift()?.(found),
    };
  };

  it('sends no waiting request if it ends', () => {
    const { api, session, sent } = setUp();
    const { notifications: seen } = observe(api.get$('/a'));
    session.signOut();
    expect(seen).toMatchObject([{ error: { message: 'the session has ended or changed hands' } }]);
    expect(sent).toEqual([]);
  });

  it('can be refreshed if it begins', async () => {
    const { api, session, finishLoad, cell } = setUp();
    session.signIn({ accessToken: 'T1' });
    const { notifications: seen } = observe(api.get$('/a'));
    // Two loads at the start, as the sign-in has crossed the first; one before and one after the refresh.
    for (let look = 0; look < 4; look++) {
      finishLoad(cell.tokens);
      await setImmediate();
    }
    expect(seen).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('is not refreshed when the store finishes its load after a sign-in', async () => {
    const refresh = vi.fn(() => NEVER);
    const { session, finishLoad } = setUp({ refresh, restore: () => NEVER });
    session.state$.subscribe();
    session.signIn({ accessToken: 'T1' });
    finishLoad(null);
    await setImmediate();
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state.status).toBe('active');
  });

  it('adopts tokens that the store returns late, and cancels restore', async () => {
    stopClock();
    const grants = new Subject<TokenGrant>();
    const { session, finishLoad } = setUp({ restore: () => grants });
    session.state$.subscribe();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(grants.observed).toBe(true);
    finishLoad(tokens('T1'));
    await setImmediate();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    expect(grants.observed).toBe(false);
  });

  it.each<[string, (session: Session) => void, string]>([
    ['signed in', (session) => session.signIn({ accessToken: 'B1' }), 'active'],
    ['signed out', (session) => session.signOut(), 'signed-out'],
  ])('ignores late tokens of the store after it has %s', async (_, act, status) => {
    stopClock();
    const { session, finishLoad } = setUp();
    session.state$.subscribe();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    act(session);
    finishLoad(tokens('T1'));
    await setImmediate();
    expect(session.state.status).toBe(status);
    expect(Object(session.state).tokens?.accessToken).not.toBe('T1');
  });
});

describe('a session whose tokens are elsewhere', () => {
  const elsewhere: Tokens = { accessToken: '', sessionId: createSessionId(Date.now() + 60_000) };

  /** A client of the user Ann over a store. `writeExternally` writes to it as another tab does. */
  const setUp = (options: Parameters<typeof createVirtualClient>[0] = {}) => {
    const { cell, store } = createCellStore(null);
    const changes = new Subject<null>();
    const client = createVirtualClient({ store: { ...store, changes$: changes }, isDead: () => false, ...options });
    client.session.state$.subscribe();
    const writeExternally = (written: Tokens | null) => {
      cell.tokens = written;
      changes.next(null);
    };
    return { ...client, cell, writeExternally };
  };

  it('calls restore, and keeps the id of the sign-in elsewhere', () => {
    const grants = new Subject<TokenGrant>();
    let restores = 0;
    const restore = () => (restores++ ? grants : of({ accessToken: 'A1' }));
    const { session, api, cell, writeExternally } = setUp({
      restore,
      isDead: (token) => token === 'A1',
      refresh: () => NEVER,
    });
    const waiting = observe(api.get$('/ann'));
    writeExternally(elsewhere);
    expect(session.state).toMatchObject({ status: 'loading' });
    expect(waiting.notifications).toMatchObject([{ error: { code: 'signed-out' } }]);
    const bob = observe(api.get$('/bob'));
    grants.next({ accessToken: 'B1' });
    expect(bob.notifications).toMatchObject([{ by: 'B1' }, 'done']);
    expect(cell.tokens).toMatchObject({ accessToken: 'B1', sessionId: elsewhere.sessionId });
  });

  it('is signed out if restore is missing or refused', () => {
    let restores = 0;
    const refused = () => (restores++ ? throwError(() => new SessionExpiredError('no')) : of({ accessToken: 'A1' }));
    for (const restore of [undefined, refused]) {
      const { session, writeExternally } = setUp({ restore });
      if (!restore) void session.signIn({ accessToken: 'A1' });
      writeExternally(elsewhere);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    }
  });

  it('is signed out if the other tab signs out while restore runs', () => {
    const { session, writeExternally } = setUp({ restore: () => NEVER });
    writeExternally(elsewhere);
    expect(session.state.status).toBe('loading');
    writeExternally(null);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('calls restore if the first load finds it', () => {
    const { session } = setUp({ restore: () => of({ accessToken: 'B1' }), store: createCellStore(elsewhere).store });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1', sessionId: elsewhere.sessionId } });
  });
});
