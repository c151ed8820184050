import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F17',
    title: 'All windows wake at once, and each of them refreshes',
    renewal:
      'Tabs that wake together all find that a refresh is due, and the lock admits one of them; the others adopt its tokens. Hidden tabs do nothing until they are shown, unless `whileHidden` is set.',
    threads: ['supabase/auth-js#764', 'supabase/supabase#16736', 'supabase/auth-js#274'],
  },
  (signal) => {
    it('refreshes once when five tabs are shown after a long sleep', async () => {
      const browser = installBrowser(signal);
      const tokens = { accessToken: 'T2', refreshToken: 'R1', sessionId: 'first', expiresAtMs: Date.now() + 600_000 };
      browser.storage.setItem('renewal', JSON.stringify(tokens));
      const tabs = Array.from({ length: 5 }, () => browser.open());
      for (const { session } of tabs) session.keepFresh$().subscribe();
      await browser.advance(1_000);
      expect(browser.authServer.presented).toEqual([]);
      // Asleep: no timer fires.
      vi.setSystemTime(Date.now() + 8 * 3_600_000);
      browser.show();
      await browser.advance(1_000);
      expect(browser.authServer.presented).toEqual(['R1']);
      for (const { session } of tabs)
        expect(session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R2' } });
    });

    it.each([
      [false, 0],
      [true, 1],
    ])('refreshes on a timer of a hidden tab if whileHidden is %s: %d times', async (whileHidden, times) => {
      const browser = installBrowser(signal);
      const tokens = { accessToken: 'T2', refreshToken: 'R1', sessionId: 'first', expiresAtMs: Date.now() + 600_000 };
      browser.storage.setItem('renewal', JSON.stringify(tokens));
      const tab = browser.open();
      tab.session.keepFresh$({ whileHidden }).subscribe();
      await browser.advance(1_000);
      browser.hide();
      await browser.advance(600_000);
      expect(browser.authServer.presented).toHaveLength(times);
      browser.show();
      await browser.advance(1_000);
      expect(browser.authServer.presented).toEqual(['R1']);
    });
  },
);
