import type { TokenGrant } from 'renewal';
import { NEVER, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F4',
    title: 'A stolen lock: the one it was taken from goes on, and steals it back',
    renewal:
      'Locks are never stolen. Whose lock was taken by someone else goes on, but what it brings late overwrites nothing: tokens that others have written meanwhile are taken over.',
    threads: ['supabase/supabase-js#2106', 'supabase/supabase-js#2178', 'supabase/supabase-js#2235'],
  },
  (signal) => {
    it('asks for no lock with steal', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      browser.open().get();
      await browser.advance(6_000);
      expect(browser.locks.requests.filter(({ options }) => options.steal)).toEqual([]);
    });

    it('writes nothing over what others have written while it believed to be alone', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const answer = new Subject<TokenGrant>();
      const robbed = browser.open({ session: { refresh: () => answer } });
      const late = robbed.get();
      await browser.advance();
      const [name = ''] = browser.locks.held;
      browser.locks.request(name, { steal: true }, () => undefined);
      const other = browser.open().get();
      await browser.advance(500);
      expect(other).toEqual(sentWith('T2'));
      answer.next({ accessToken: 'T9', refreshToken: 'R9' });
      await browser.advance(500);
      expect(late).toEqual(sentWith('T2'));
      expect(browser.storage.getItem('renewal')).toContain('R2');
      expect(browser.storage.getItem('renewal')).not.toContain('R9');
      expect(robbed.session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R2' } });
    });
  },
);
