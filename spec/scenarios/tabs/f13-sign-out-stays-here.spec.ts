import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F13',
    title: 'A sign-out does not reach the other tabs',
    renewal:
      'A sign-out clears the storage and so signs the other tabs out: waiting requests there error with `SignedOutError`, a running refresh is cancelled, and its late tokens are cleared again.',
    threads: [
      'cgwire/kitsu#1805',
      'GCTC-NTGC/gc-digital-talent#9504',
      'CDCgov/prime-reportstream#6868',
      'Greenstand/treetracker-wallet-app#885',
    ],
  },
  (signal) => {
    it('ends the sessions of all tabs, and the waits for their refreshes', async () => {
      const browser = installBrowser(signal);
      const [one, refreshing, waiting, idle] = [browser.open(), browser.open(), browser.open(), browser.open()];
      browser.authServer.responseMs = 1_000;
      idle.session.state$.subscribe();
      const outcomes = [refreshing.get()];
      await browser.advance(10);
      outcomes.push(waiting.get());
      await browser.advance(10);
      await one.session.signOut();
      await browser.advance(10);
      for (const { error } of outcomes) expect(error).toMatchObject({ code: 'signed-out' });
      for (const { session } of [one, refreshing, waiting, idle]) {
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      }
      await browser.advance(2_000);
      expect(browser.storage.getItem('renewal')).toBeNull();
      expect(browser.authServer.presented).toEqual(['R1']);
      expect(browser.locks.held).toEqual([]);
    });

    it('stays signed out if a late refresh of another tab writes its tokens', async () => {
      const browser = installBrowser(signal);
      const one = browser.open();
      one.session.state$.subscribe();
      await one.session.signOut();
      await browser.advance(10);
      browser.storage.setItem('renewal', JSON.stringify({ accessToken: 'T2', refreshToken: 'R2', sessionId: 'first' }));
      await browser.advance(10);
      expect(browser.storage.getItem('renewal')).toBeNull();
      expect(one.session.state.status).toBe('signed-out');
    });

    it('signs all tabs in if one signs in', async () => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      other.session.state$.subscribe();
      await one.session.signOut();
      await browser.advance(10);
      browser.authServer.expire();
      await one.session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      await browser.advance(10);
      expect(other.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5' } });
      expect(other.get()).toEqual(sentWith('T5'));
    });
  },
);
