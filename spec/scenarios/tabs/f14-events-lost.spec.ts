import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { VirtualTab } from '../../support/virtual-tabs';
import { installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F14',
    title: 'Events come late or never: a tab sleeps through a sign-out and the sign-in of another user',
    renewal:
      'When a page is shown again or comes back from the cache, the storage is looked into, and what it holds is compared by the id of its session, not by whether there is something. So it is before each refresh.',
    threads: ['geolens-io/geolens#1446'],
  },
  (signal) => {
    /** Signed in as someone else by another tab, of which this one was told nothing. */
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

    it('belongs to the new session when it wakes, and no request of the old one is sent for it', async () => {
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

    it('is signed out when it wakes where the others are', async () => {
      const { browser, sleeper, waiter } = await sleepThrough(({ session }) => session.signOut());
      browser.show();
      expect(waiter.error).toMatchObject({ code: 'signed-out' });
      expect(sleeper.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });

    it.each([
      ['sign-out', '-', 'signed-out'],
      ['sign-in', 'T5', 'active'],
    ])('finds out before its next request leaves if nothing wakes it (%s)', async (what, token, status) => {
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
