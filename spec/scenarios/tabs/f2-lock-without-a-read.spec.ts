import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F2',
    title: 'A lock without a read after it: waiting tabs refresh one after another',
    renewal:
      'Inside the lock the storage is read again, and the lock is kept for a moment after a write, since other tabs may read it a little later. Only tokens past their own expiry are refreshed all the same, with their own refresh token.',
    threads: ['auth0/auth0-spa-js#973', 'damienbod/angular-auth-oidc-client#2237'],
  },
  (signal) => {
    it('adopts the tokens of the previous holder, even without an event', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const tabs = Array.from({ length: 4 }, () => browser.open());
      const outcomes = tabs.map((tab) => tab.get());
      await browser.advance(2_000);
      expect(outcomes).toEqual(Array(4).fill(sentWith('T2')));
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it('reads no old tokens, although a write takes time to reach other tabs', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const first = browser.open();
      let read = (): string | null => browser.storage.getItem('renewal');
      const stale: Storage = Object.create(browser.storage, { getItem: { value: () => read() } });
      const second = browser.open({ storage: () => stale });
      const before = read();
      read = () => before;
      first.get();
      await browser.advance(10);
      const outcome = second.get();
      await browser.advance(15);
      // The write of the first tab has not arrived yet.
      await browser.advance(100);
      expect(outcome).toEqual({ values: [] });
      read = () => browser.storage.getItem('renewal');
      await browser.advance(500);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it('refreshes stored tokens past their own expiry, with their own refresh token', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const tab = browser.open();
      const tokens = { accessToken: 'T1', refreshToken: 'R9', sessionId: 'first', expiresAtMs: Date.now() - 1 };
      browser.storage.setItem('renewal', JSON.stringify({ ...tokens, accessToken: 'T1b' }));
      const outcome = tab.get();
      await browser.advance(500);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.authServer.presented).toEqual(['R9']);
    });
  },
);
