import { NEVER, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, tokens, watch } from '../support/cell-store';
import { stopClock } from '../support/clock';
import { eventsOf, warningsIn } from '../support/events';
import { createVirtualClient, virtually } from '../support/virtual';

describe('a store that answers later', () => {
  it('lets requests wait for it, and leave with what it holds', async () => {
    vi.useFakeTimers();
    const loaded = Promise.resolve(tokens('T1'));
    const { store } = createCellStore(null, { load: () => loaded });
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
      const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
      const { api, session } = createVirtualClient({ store, isDead: () => false });
      expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: '-' } });
      flush();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });
  });

  it('is not waited for by those whose session ends meanwhile', () => {
    const { store } = createCellStore(null, { load: () => new Promise(() => {}) });
    const { api, session, sent } = createVirtualClient({ store });
    const { seen } = watch(api.get$('/a'));
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

  it('asks restore once the store has said that it is empty, where it was needed before', async () => {
    const restore = vi.fn(() => of({ accessToken: 'T2' }));
    const loaded = Promise.resolve(null);
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store, restore });
    const { seen } = watch(session.accessToken$());
    expect(restore).not.toHaveBeenCalled();
    await loaded;
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
    for (const { api } of clients) for (const path of ['/a', '/b']) watch(api.get$(path));
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
      watch(api.get$('/a'));
      flush();
      expect(warningsIn(told)).toEqual(['load: no answer']);
    });
  });

  it('renews for those who asked for new tokens while it was', async () => {
    const loaded = Promise.resolve(tokens('T1'));
    const { session } = createVirtualClient({ store: createCellStore(null, { load: () => loaded }).store });
    const { seen } = watch(session.refresh$());
    await loaded;
    expect(seen).toMatchObject([{ accessToken: 'T2' }, 'done']);
  });
});
