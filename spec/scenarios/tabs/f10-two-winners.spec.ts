import { delay } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { describeEvent } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F10',
    title: 'A lock in localStorage is not atomic: two tabs acquire it',
    renewal:
      'No such lock is used. After a refusal the session polls the storage for up to a second and adopts another tab’s tokens; without Web Locks two tabs may refresh at once.',
    threads: ['auth0/auth0-spa-js#973', 'auth0/auth0-spa-js#553', 'auth0/auth0-spa-js#238'],
  },
  (signal) => {
    it.each([1, 300, 850])(
      'signs no tab out if two refresh at once and the winner writes %d ms later',
      async (laterMs) => {
        const browser = installBrowser(signal);
        browser.losesStorageEvents = true;
        vi.stubGlobal('navigator', {});
        browser.authServer.responseMs = 20;
        const winner = browser.open({
          session: { refresh: (tokens) => browser.authServer.refresh(tokens).pipe(delay(laterMs)) },
        });
        const loser = browser.open();
        const outcomes = [winner.get(), loser.get()];
        await browser.advance(2_000);
        expect(browser.authServer.presented).toEqual(['R1', 'R1']);
        expect(outcomes).toEqual([sentWith('T2'), sentWith('T2')]);
        expect(loser.events.filter(({ type }) => type === 'session').map(describeEvent)).toEqual([
          'session adopted, generation 2',
        ]);
      },
    );

    it('writes only the tokens to the storage', async () => {
      const browser = installBrowser(signal);
      vi.stubGlobal('navigator', {});
      browser.open().get();
      await browser.advance(10);
      expect(browser.writtenKeys).toEqual([]);
      await browser.advance(500);
      expect(browser.writtenKeys).toEqual(['renewal']);
    });
  },
);
