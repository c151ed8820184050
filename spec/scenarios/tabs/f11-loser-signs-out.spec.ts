import { expect, it } from 'vitest';
import { describeEvent } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F11',
    title: 'The tab that lost a race gets `invalid_grant`, and signs all tabs out',
    renewal:
      'After a refusal, newer tokens in the storage are adopted. Requests are replayed with them, and no tab sees a sign-out.',
    threads: ['bluesky-social/social-app#8695', 'supabase/auth-js#213'],
  },
  (signal) => {
    it('adopts the stored tokens after a refusal, and replays the waiting requests', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      // Spent by code that takes no lock and has not written yet.
      browser.authServer.refresh({ refreshToken: 'R1' }).subscribe();
      const tab = browser.open();
      const others = browser.open();
      const outcomes = [tab.get(), tab.get()];
      await browser.advance(100);
      browser.storage.setItem('renewal', JSON.stringify({ accessToken: 'T7', refreshToken: 'R7', sessionId: 'first' }));
      await browser.advance(1_500);
      expect(outcomes).toEqual([sentWith('T7'), sentWith('T7')]);
      expect(tab.session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R7' } });
      for (const { events } of [tab, others]) {
        expect(events.map(describeEvent).filter((line) => /^session (signed-out|session-expired)/.test(line))).toEqual(
          [],
        );
      }
    });

    it('signs all tabs out, once, if no tab has newer tokens', async () => {
      const browser = installBrowser(signal);
      browser.authServer.refresh({ refreshToken: 'R1' }).subscribe();
      const tabs = [browser.open(), browser.open()];
      const outcomes = tabs.map((tab) => tab.get());
      await browser.advance(1_500);
      expect(outcomes.map(({ error }) => Object(error).code).sort()).toEqual(['session-expired', 'signed-out']);
      for (const { session } of tabs) expect(session.state.status).toBe('signed-out');
      expect(browser.storage.getItem('renewal')).toBeNull();
      expect(browser.authServer.presented).toEqual(['R1', 'R1']);
    });
  },
);
