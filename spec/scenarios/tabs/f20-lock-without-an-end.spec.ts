import type { SessionOptions } from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F20',
    title: 'The lock is held for as long as the network or the app’s code takes',
    renewal: 'A refresh holds the lock for `refreshTimeoutMs` at most, whatever `refresh` or the storage does.',
    threads: ['supabase/supabase-js#2235'],
  },
  (signal) => {
    const ENDLESS: readonly [string, Partial<SessionOptions>][] = [
      ['refresh never responds', { refresh: () => NEVER }],
      ['refresh is a promise that never settles', { refresh: () => new Promise(() => {}) }],
      ['refresh is retried repeatedly', { refresh: () => throwError(() => new Error('x')), refreshRetries: 1_000 }],
    ];

    it.each(ENDLESS)('releases the lock after refreshTimeoutMs if %s', async (_, session) => {
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

    it('settles requests that wait for a slow tab, within lockTimeoutMs and a refresh', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      const outcome = browser.open({ lockTimeoutMs: 1_000 }).get();
      await browser.advance(1_050);
      expect(outcome).toEqual(sentWith('T2'));
    });
  },
);
