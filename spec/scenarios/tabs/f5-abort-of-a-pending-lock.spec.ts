import { NEVER } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F5',
    title: 'After a timeout a tab believes the lock is free, or gets it later and keeps it',
    renewal:
      'The timeout aborts the pending request and assumes nothing else. A lock that is granted in the same instant, or long after, is released at once.',
    threads: ['supabase/supabase-js#2106'],
  },
  (signal) => {
    it('leaves the lock queue after its timeout, and does not touch the held lock', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER, refreshTimeoutMs: 0 } }).get();
      await browser.advance();
      const { held } = browser.locks;
      // Otherwise the event of the new tokens would end its refresh.
      browser.losesStorageEvents = true;
      browser.open().get();
      await browser.advance();
      expect(browser.locks.pending).toEqual(held);
      await browser.advance(6_000);
      expect(browser.locks.pending).toEqual([]);
      expect(browser.locks.held).toEqual(held);
    });

    it('leaves the lock queue if no request needs the refresh any more', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      const tab = browser.open();
      tab.get();
      await browser.advance();
      expect(browser.locks.pending).toHaveLength(1);
      tab.session.destroy();
      await browser.advance();
      expect(browser.locks.pending).toEqual([]);
    });

    it('releases a lock at once that is granted after the timeout, despite the abort', async () => {
      const browser = installBrowser(signal);
      const grants: ((lock: object) => unknown)[] = [];
      browser.locks.request = (_name, _options, run) => {
        grants.push(run);
        return new Promise(() => {});
      };
      const outcome = browser.open().get();
      await browser.advance(5_100);
      const [late] = grants;
      expect(late?.({})).toBeUndefined();
      await browser.advance(6_000);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it('waits for tabs that may have overtaken a sleeping page at its grant', async () => {
      const browser = installBrowser(signal);
      const grants: ((lock: object) => unknown)[] = [];
      const { request } = browser.locks;
      browser.locks.request = (name, options, run) => {
        if (grants.push(run) > 1) return request(name, options, run);
        return new Promise(() => {});
      };
      const outcome = browser.open().get();
      await browser.advance();
      // Asleep: the clock advances, and no timer has fired when the lock is granted.
      vi.setSystemTime(Date.now() + 60_000);
      let isReleased = false;
      Promise.resolve(grants[0]?.({})).then(() => {
        isReleased = true;
      });
      await browser.advance(100);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.locks.requests.map(({ name }) => name)).toEqual(['renewal:renewal:overtaken']);
      await browser.advance(300);
      expect([isReleased, browser.locks.held]).toEqual([true, []]);
    });
  },
);
