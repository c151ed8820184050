import type { SessionOptions } from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F20',
    title: 'The lock is held for as long as the network or someone’s code likes',
    renewal: 'A refresh holds the lock for `refreshTimeoutMs` at the most, whatever `refresh` or the storage do.',
    threads: ['supabase/supabase-js#2235'],
  },
  (signal) => {
    const ENDLESS: readonly [string, Partial<SessionOptions>][] = [
      ['refresh never answers', { refresh: () => NEVER }],
      ['refresh is a promise that never settles', { refresh: () => new Promise(() => {}) }],
      ['refresh is tried again and again', { refresh: () => throwError(() => new Error('x')), refreshRetries: 1_000 }],
    ];

    it.each(ENDLESS)('is let go after refreshTimeoutMs where %s', async (_, session) => {
      const browser = installBrowser(signal);
      browser.open({ session: { ...session, refreshTimeoutMs: 2_000 } }).get();
      await browser.advance();
      expect(browser.locks.held).toHaveLength(1);
      let isIn = false;
      browser
        .open()
        .store.exclusive?.(of(1))
        .subscribe(() => {
          isIn = true;
        });
      await browser.advance(2_049);
      expect(isIn).toBe(true);
    });

    it('settles those who wait for a tab that takes its time, each within lockTimeoutMs and its own refresh', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      const outcome = browser.open({ lockTimeoutMs: 1_000 }).get();
      await browser.advance(1_050);
      expect(outcome).toEqual(sentWith('T2'));
    });
  },
);
