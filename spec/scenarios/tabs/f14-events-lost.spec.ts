import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { VirtualTab } from '../../support/virtual-tabs';
import { installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F14',
    title: 'Events are late or lost: a tab misses a sign-out and another user’s sign-in',
    renewal:
      'When a page becomes visible or leaves the back/forward cache, and before each refresh, the session reads the storage and compares the session id, not only the presence of tokens.',
    threads: ['geolens-io/geolens#1446'],
  },
  (signal) => {
    /** Signed in as another user by another tab, without an event to this one. */
    const sleepThrough = async (act: (tab: VirtualTab) => unknown) => {
      const browser = installBrowser(signal);
      const [sleeper, other] = [browser.open({ session: { refresh: () => NEVER } }), browser.open()];
      const waiter = sleeper.get();
      await browser.advance(10);
      browser.losesStorageEvents = true;
      await act(other);
      await browser.advance(10);
      return { browser, sleeper, waiter };
    };

    it('adopts the new session when shown again, and sends no request of the old one', async () => {
      const { browser, sleeper, waiter } = await sleepThrough(async ({ session }) => {
        await session.signOut();
        await session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      });
      browser.show();
      expect(waiter.error).toMatchObject({ code: 'signed-out' });
      expect(sleeper.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5' } });
      expect(sleeper.session.state).not.toMatchObject({ tokens: { sessionId: 'first' } });
      expect(sleeper.sent).toEqual(['GET /a T1']);
    });

    it('signs out when shown again if the others have signed out', async () => {
      const { browser, sleeper, waiter } = await sleepThrough(({ session }) => session.signOut());
      browser.show();
      expect(waiter.error).toMatchObject({ code: 'signed-out' });
      expect(sleeper.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });

    it.each([
      ['sign-out', '-', 'signed-out'],
      ['sign-in', 'T5', 'active'],
    ])('finds the new session before its next request without any wake event (%s)', async (what, token, status) => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      browser.losesStorageEvents = true;
      if (what === 'sign-out') await other.session.signOut();
      else await other.session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      one.get();
      expect(one.session.state.status).toBe(status);
      expect(one.sent).toEqual([`GET /a ${token}`]);
      await browser.advance(500);
      expect(browser.authServer.presented).toEqual([]);
    });
  },
);
