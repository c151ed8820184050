import type { TokenGrant } from 'renewal';
import { NEVER, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F3',
    title: 'The tab that holds the lock is frozen, discarded or in the back/forward cache',
    renewal:
      'Others wait for `lockTimeoutMs` and then refresh without the lock. A second lock serialises the tabs that timed out, so they too refresh once.',
    threads: [
      'supabase/supabase-js#2426',
      'supabase/supabase-js#1594',
      'supabase/supabase-js#2013',
      'auth0/auth0-spa-js#974',
    ],
  },
  (signal) => {
    it.each([1, 5])('proceeds after lockTimeoutMs, and refreshes once for %d waiting tabs', async (count) => {
      const browser = installBrowser(signal);
      const frozen = browser.open({ session: { refresh: () => NEVER } });
      frozen.get();
      await browser.advance();
      const outcomes = Array.from({ length: count }, () => browser.open().get());
      await browser.advance(4_990);
      expect(outcomes).toEqual(Array(count).fill({ values: [] }));
      expect(browser.authServer.presented).toEqual([]);
      await browser.advance(100);
      expect(outcomes).toEqual(Array(count).fill(sentWith('T2')));
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it('waits for the given lockTimeoutMs', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      const outcome = browser.open({ lockTimeoutMs: 300 }).get();
      await browser.advance(299);
      expect(outcome).toEqual({ values: [] });
      await browser.advance(30);
      expect(outcome).toEqual(sentWith('T2'));
    });

    it.each([0, Infinity])('waits for refreshTimeoutMs if lockTimeoutMs is %d', async (lockTimeoutMs) => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER, refreshTimeoutMs: 0 } }).get();
      await browser.advance();
      const outcome = browser.open({ lockTimeoutMs }).get();
      await browser.advance(29_990);
      expect(outcome).toEqual({ values: [] });
      await browser.advance(20);
      expect(outcome.error).toMatchObject({ code: 'refresh' });
    });

    it('adopts the tokens of other tabs and cancels its own refresh after a freeze', async () => {
      const browser = installBrowser(signal);
      const answer = new Subject<TokenGrant>();
      const frozen = browser.open({ session: { refresh: () => answer } });
      const late = frozen.get();
      await browser.advance();
      browser.losesStorageEvents = true;
      browser.open().get();
      await browser.advance(5_500);
      browser.losesStorageEvents = false;
      browser.show();
      expect(late).toEqual(sentWith('T2'));
      answer.next({ accessToken: 'T0', refreshToken: 'R0' });
      await browser.advance(1_000);
      expect(frozen.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
      expect(browser.storage.getItem('renewal')).toContain('R2');
    });
  },
);
