import { delay } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { toldBy } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { by, installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F10',
    title: 'A lock in localStorage is not atomic: two tabs win it',
    renewal:
      'There is no such lock. Whoever is refused looks into the storage for up to a second, and takes over what another has written: where Web Locks are missing, two may refresh at once.',
    threads: ['auth0/auth0-spa-js#973', 'auth0/auth0-spa-js#553', 'auth0/auth0-spa-js#238'],
  },
  (signal) => {
    it.each([1, 300, 850])(
      'signs no one out where two refresh at once, and the winner writes %d ms later',
      async (laterMs) => {
        const browser = installBrowser(signal);
        browser.isDeaf = true;
        vi.stubGlobal('navigator', {});
        browser.authority.answerMs = 20;
        const winner = browser.open({
          session: { refresh: (tokens) => browser.authority.refresh(tokens).pipe(delay(laterMs)) },
        });
        const loser = browser.open();
        const outcomes = [winner.get(), loser.get()];
        await browser.pass(2_000);
        expect(browser.authority.presented).toEqual(['R1', 'R1']);
        expect(outcomes).toEqual([by('T2'), by('T2')]);
        expect(loser.events.filter(({ type }) => type === 'session').map(toldBy)).toEqual([
          'session adopted, generation 2',
        ]);
      },
    );

    it('writes nothing to the storage but the tokens', async () => {
      const browser = installBrowser(signal);
      vi.stubGlobal('navigator', {});
      browser.open().get();
      await browser.pass(10);
      expect(browser.written).toEqual([]);
      await browser.pass(500);
      expect(browser.written).toEqual(['renewal']);
    });
  },
);
