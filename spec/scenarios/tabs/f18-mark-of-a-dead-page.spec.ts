import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F18',
    title: 'A mark of a running refresh outlives the page that set it',
    renewal:
      'There is no such mark: only tokens are stored, and a lock ends with its page. A page that reloads during a refresh can refresh at once.',
    threads: ['damienbod/angular-auth-oidc-client#432', 'damienbod/angular-auth-oidc-client#942'],
  },
  (signal) => {
    it('stores nothing while a refresh runs', async () => {
      const browser = installBrowser(signal);
      const before = browser.storage.getItem('renewal');
      browser.open({ session: { refresh: () => NEVER } }).get();
      await browser.advance(1_000);
      expect(browser.storage.getItem('renewal')).toBe(before);
      expect(browser.writtenKeys).toEqual([]);
    });

    it('refreshes at once in a page that was reloaded during a refresh', async () => {
      const browser = installBrowser(signal);
      const before = browser.open({ session: { refresh: () => NEVER } });
      before.get();
      await browser.advance(1_000);
      // The browser releases the locks of a closed page.
      before.session.destroy();
      const outcome = browser.open().get();
      await browser.advance(50);
      expect(outcome).toEqual(sentWith('T2'));
    });
  },
);
