import type { WebStorageStoreOptions } from 'renewal';
import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F19',
    title: 'Two apps of one origin share keys, locks or channels',
    renewal:
      'The names of lock and channel contain the key of the store. Two stores with different keys share nothing.',
    threads: ['auth0/auth0-spa-js#1068'],
  },
  (signal) => {
    const PAIRS: readonly [string, WebStorageStoreOptions, WebStorageStoreOptions][] = [
      ['one entry each', { key: 'a' }, { key: 'b' }],
      [
        'two entries each',
        { keys: { accessToken: 'a', refreshToken: 'ar' } },
        { keys: { accessToken: 'b', refreshToken: 'br' } },
      ],
    ];

    it.each(PAIRS)('lets two apps refresh at once, and notifies neither of the other (%s)', async (_, a, b) => {
      const browser = installBrowser(signal);
      const tokens = { accessToken: 'T1', refreshToken: 'R1', sessionId: 'a' };
      const tabs = [browser.open(a), browser.open(b)];
      for (const { session } of tabs) await session.signIn(tokens);
      browser.authServer.responseMs = 1_000;
      for (const tab of tabs) tab.get();
      await browser.advance(500);
      expect(browser.locks.pending).toEqual([]);
      expect(new Set(browser.locks.held).size).toBe(2);
      await tabs[0]?.session.signOut();
      await browser.advance(100);
      expect(tabs[1]?.session.state.status).toBe('refreshing');
    });

    it('keeps the lock of one key apart from the fallback lock of another', async () => {
      const browser = installBrowser(signal);
      for (const key of ['a', 'a:overtaken']) browser.open({ key }).store.exclusive?.(NEVER).subscribe();
      await browser.advance();
      expect(new Set(browser.locks.held).size).toBe(2);
    });
  },
);
