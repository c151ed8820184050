import type { TokenGrant } from 'renewal';
import { NEVER, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F4',
    title: 'A stolen lock: its former holder continues, and steals it back',
    renewal:
      'Locks are never stolen. A tab whose lock was stolen continues, but its late tokens overwrite nothing: tokens that another tab has written are adopted.',
    threads: ['supabase/supabase-js#2106', 'supabase/supabase-js#2178', 'supabase/supabase-js#2235'],
  },
  (signal) => {
    it('requests no lock with steal', async () => {
      const browser = installBrowser(signal);
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance();
      browser.open().get();
      await browser.advance(6_000);
      expect(browser.locks.requests.filter(({ options }) => options.steal)).toEqual([]);
    });

    it('overwrites no tokens that another tab wrote while both held the lock', async () => {
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
