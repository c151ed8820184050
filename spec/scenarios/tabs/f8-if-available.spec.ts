import { expect, it } from 'vitest';
import { warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F8',
    title: 'A lock that is requested only if it is free: noise, or no lock at all',
    renewal:
      '`ifAvailable` is not used. If a lock manager grants no lock all the same, the refresh runs without one, and the app is not notified.',
    threads: ['supabase/supabase-js#936', 'supabase/auth-js#761'],
  },
  (signal) => {
    it('continues without the lock if none is granted, and throws nothing', async () => {
      const browser = installBrowser(signal);
      browser.locks.request = async (_name, _options, run) => run(null);
      const tab = browser.open();
      const outcome = tab.get();
      await browser.advance(100);
      expect(outcome).toEqual(sentWith('T2'));
      expect(warningsIn(tab.events)).toEqual([]);
    });

    it('does not treat a null lock as held: it requests the fallback lock', async () => {
      const browser = installBrowser(signal);
      const { request } = browser.locks;
      let isFirst = true;
      browser.locks.request = async (name, options, run) => {
        if (!isFirst) return request(name, options, run);
        isFirst = false;
        // In a later turn, as lock managers do.
        await new Promise((resolve) => setTimeout(resolve, 1));
        return run(null);
      };
      browser.open().get();
      await browser.advance(10);
      expect(browser.locks.held).toHaveLength(1);
    });

    it('requests no lock with ifAvailable', async () => {
      const browser = installBrowser(signal);
      browser.open().get();
      await browser.advance(100);
      expect(browser.locks.requests.map(({ options }) => Object.keys(options))).toEqual([['signal']]);
    });
  },
);
