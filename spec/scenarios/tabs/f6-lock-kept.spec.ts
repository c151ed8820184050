import type { SessionOptions } from 'renewal';
import { EMPTY, NEVER, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { VirtualTab } from '../../support/virtual-tabs';
import { installBrowser } from '../../support/virtual-tabs';

const thrower = (): never => {
  throw new Error('x');
};

failureMode(
  {
    id: 'F6',
    title: 'The lock is not released when the refresh fails',
    renewal:
      'It is released as soon as the refresh has failed, timed out or was cancelled. Only after a write is it kept for 250 ms, and other tabs do not wait for that if they see the new tokens.',
    threads: ['auth0/auth0-spa-js#275', 'auth0/auth0-spa-js#276'],
  },
  (signal) => {
    const ENDS: readonly [string, Partial<SessionOptions>, (tab: VirtualTab) => void][] = [
      ['throws', { refresh: thrower }, () => {}],
      ['errors', { refresh: () => throwError(() => new Error('x')) }, () => {}],
      ['takes too long', { refresh: () => NEVER, refreshTimeoutMs: 10 }, () => {}],
      ['completes with nothing', { refresh: () => EMPTY }, () => {}],
      ['is cancelled by destroy()', { refresh: () => NEVER }, ({ session }) => session.destroy()],
    ];

    it.each(ENDS)('admits the next tab within 50 ms if the refresh %s', async (_, session, end) => {
      const browser = installBrowser(signal);
      const first = browser.open({ session });
      first.get();
      await browser.advance();
      let isIn = false;
      browser
        .open()
        .store.exclusive?.(of(1))
        .subscribe(() => {
          isIn = true;
        });
      end(first);
      await browser.advance(49);
      expect(isIn).toBe(true);
      expect(browser.locks.held).toEqual([]);
    });

    it('keeps the lock for a moment after a sign-out, so that the next tab reads it', async () => {
      const browser = installBrowser(signal);
      const first = browser.open({ session: { refresh: () => NEVER } });
      first.get();
      await browser.advance();
      await first.session.signOut();
      await browser.advance(240);
      expect(browser.locks.held).toHaveLength(1);
      await browser.advance(20);
      expect(browser.locks.held).toEqual([]);
    });

    it('releases the lock after a refusal, once no other tab has newer tokens', async () => {
      const browser = installBrowser(signal);
      browser.authServer.refresh({ refreshToken: 'R1' }).subscribe();
      const outcome = browser.open().get();
      await browser.advance(1_100);
      expect(outcome.error).toMatchObject({ code: 'session-expired' });
      await browser.advance(300);
      expect(browser.locks.held).toEqual([]);
    });
  },
);
