import { NEVER } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F21',
    title: 'Tabs that share nothing wait for each other’s lock',
    renewal: 'Each tab has its own `sessionStorage`, so no lock is taken between tabs.',
  },
  (signal) => {
    it('refreshes at once, although the refresh of another tab hangs', async () => {
      const browser = installBrowser(signal);
      const renewal = `${browser.storage.getItem('renewal')}`;
      const open = (session = {}) => {
        const own = createStorage({ renewal });
        vi.stubGlobal('sessionStorage', own);
        return browser.open({ storage: () => own, session });
      };
      open({ refresh: () => NEVER }).get();
      await browser.advance();
      const outcome = open().get();
      await browser.advance(50);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.locks.requests).toEqual([]);
    });
  },
);
