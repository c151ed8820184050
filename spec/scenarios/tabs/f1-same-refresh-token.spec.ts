import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F1',
    title: 'Tabs refresh with the same refresh token',
    renewal:
      'Refreshes of one storage run one after another, kept apart by a Web Lock: the first asks the server, and the others take over what it has written.',
    threads: [
      'authts/oidc-client-ts#430',
      'supabase/auth-js#213',
      'manfredsteyer/angular-oauth2-oidc#850',
      'damienbod/angular-auth-oidc-client#1838',
      'bluesky-social/social-app#2498',
    ],
  },
  (signal) => {
    it.each([2, 6, 20])('refreshes once for %d tabs whose token is dead for all', async (count) => {
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

    it('does so again with each token that dies, and presents none twice', async () => {
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

    it('does not wait for itself: a page that has just written goes on under the lock that it has still', async () => {
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

    it('holds a lock no longer than a refresh takes, and none while nothing is refreshed', async () => {
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
