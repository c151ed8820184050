import type { TokenGrant } from 'renewal';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, tokens, watch } from '../support/cell-store';
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
