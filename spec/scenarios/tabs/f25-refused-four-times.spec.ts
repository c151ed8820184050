import { memoryStore, SessionExpiredError } from 'renewal';
import { mergeMap, type Observable, throwError, timer } from 'rxjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { installChannels } from '../../support/channels';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';
import { installBrowser } from '../../support/virtual-tabs';

/** A server that refuses every refresh after 20 ms. */
const createRefuser = () => {
  const presented: unknown[] = [];
  const refresh = ({ refreshToken }: { readonly refreshToken?: string | undefined }): Observable<never> => {
    presented.push(refreshToken);
    return timer(20).pipe(mergeMap(() => throwError(() => new SessionExpiredError('refused'))));
  };
  return { presented, refresh };
};

failureMode(
  {
    id: 'F25',
    title: 'Each of four tabs presents the refresh token that the first tab saw refused',
    renewal:
      'The store is checked for newer tokens, the store is cleared and the session ends before the lock is released: the next tab finds an empty store, and presents nothing.',
    threads: ['bluesky-social/social-app#8695'],
  },
  (signal) => {
    const checkAll = async (clients: readonly VirtualClient[], pass: () => Promise<unknown>): Promise<void> => {
      const outcomes = clients.flatMap(({ api }) => [outcomeOf(api.get$('/a')), outcomeOf(api.get$('/b'))]);
      await pass();
      const codes = outcomes.map(({ error }) => Object(error).code);
      expect(codes).toEqual(Array(2 * clients.length).fill(expect.stringMatching(/^(session-expired|signed-out)$/)));
      expect(codes).toContain('session-expired');
      for (const { session } of clients) expect(session.state.status).toBe('signed-out');
    };

    it.each([
      ['storage events arrive', false],
      ['storage events are lost', true],
    ])('presents a refused token once for four tabs, if %s', async (_, isDeaf) => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = isDeaf;
      const { presented, refresh } = createRefuser();
      const tabs = Array.from({ length: 4 }, () => browser.open({ session: { refresh, isRefused: () => true } }));
      await checkAll(tabs, () => browser.advance(5_000));
      expect(presented).toEqual(['R1']);
      expect(browser.storage.getItem('renewal')).toBeNull();
      expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
    });

    it('presents a refused token once for four tabs with a cookie', async () => {
      const browser = installBrowser(signal);
      installChannels();
      const { presented, refresh } = createRefuser();
      const tabs = Array.from({ length: 4 }, () =>
        browser.open({
          session: { store: memoryStore({ accessToken: 'T1' }, { name: 'shop' }), refresh, isRefused: () => true },
        }),
      );
      await checkAll(tabs, () => browser.advance(5_000));
      expect(presented).toHaveLength(1);
    });

    it('presents a refused token once for four sessions over one memoryStore', async () => {
      stopClock();
      const { presented, refresh } = createRefuser();
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const clients = Array.from({ length: 4 }, () => createVirtualClient({ signal, store, refresh }));
      onTestFinished(() => {
        for (const { session } of clients) session.destroy();
      });
      await checkAll(clients, () => vi.advanceTimersByTimeAsync(5_000));
      expect(presented).toEqual(['R1']);
      expect(store.load()).toBeNull();
    });

    it('presents a refused token once although the store clears slowly', async () => {
      stopClock();
      const { presented, refresh } = createRefuser();
      const kept = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const later = <T>(work: () => T | PromiseLike<T>): Promise<T> =>
        new Promise((resolve) => setTimeout(() => resolve(work()), 200));
      const store = { ...kept, version: undefined, load: () => later(kept.load), clear: () => later(kept.clear) };
      const clients = Array.from({ length: 4 }, () => createVirtualClient({ signal, store, refresh }));
      await checkAll(clients, () => vi.advanceTimersByTimeAsync(20_000));
      expect(presented).toEqual(['R1']);
      expect(await kept.load()).toBeNull();
    });
  },
);
