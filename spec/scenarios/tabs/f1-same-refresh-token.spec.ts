import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F1',
    title: 'Tabs refresh with the same refresh token',
    renewal:
      'A Web Lock serialises the refreshes of one storage: the first tab calls the server, and the others adopt its stored tokens.',
    threads: [
      'authts/oidc-client-ts#430',
      'supabase/auth-js#213',
      'manfredsteyer/angular-oauth2-oidc#850',
      'damienbod/angular-auth-oidc-client#1838',
      'bluesky-social/social-app#2498',
    ],
  },
  (signal) => {
    it.each([2, 6, 20])('refreshes once for %d tabs whose token has expired', async (count) => {
      const browser = installBrowser(signal);
      const tabs = Array.from({ length: count }, () => browser.open());
      const outcomes = tabs.flatMap((tab) => [tab.get(), tab.get()]);
      await browser.advance(1_000);
      expect(browser.authServer.presented).toEqual(['R1']);
      expect(outcomes).toEqual(Array(2 * count).fill(sentWith('T2')));
      for (const { session } of tabs) {
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
      }
      expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
    });

    it('refreshes once for each token that dies, and presents none twice', async () => {
      const browser = installBrowser(signal);
      const tabs = Array.from({ length: 3 }, () => browser.open());
      for (const token of ['T2', 'T3', 'T4']) {
        const outcomes = tabs.map((tab) => tab.get());
        await browser.advance(1_000);
        expect(outcomes).toEqual(Array(3).fill(sentWith(token)));
        browser.authServer.expire();
      }
      expect(browser.authServer.presented).toEqual(['R1', 'R2', 'R3']);
    });

    it('refreshes again at once under a lock that the page still holds after a write', async () => {
      const browser = installBrowser(signal);
      const tab = browser.open();
      tab.get();
      await browser.advance(25);
      browser.authServer.expire();
      const outcome = tab.get();
      await browser.advance(25);
      expect(outcome).toEqual(sentWith('T3'));
      expect(browser.locks.requests).toHaveLength(1);
      await browser.advance(300);
      expect(browser.locks.held).toEqual([]);
    });

    it('holds a lock only for the duration of a refresh', async () => {
      const browser = installBrowser(signal);
      const tab = browser.open();
      expect(browser.locks.requests).toEqual([]);
      tab.get();
      await browser.advance(10);
      expect(browser.locks.held).toHaveLength(1);
      await browser.advance(300);
      expect(browser.locks.held).toEqual([]);
      tab.get();
      await browser.advance();
      expect(browser.locks.requests).toHaveLength(1);
    });
  },
);
