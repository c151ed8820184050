import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { by, installBrowser, type VirtualBrowser } from '../../support/virtual-tabs';

const KEYS = { accessToken: 'token', refreshToken: 'refreshToken' };

/** What the code of the page does at a login: a browser tells this page nothing of it. */
const logIn = ({ storage }: VirtualBrowser, number: number): void => {
  storage.setItem('token', `T${number}`);
  storage.setItem('refreshToken', `R${number}`);
};

failureMode(
  {
    id: 'F27',
    title: 'The page’s own code clears the storage or writes the two entries, and the session goes on as before',
    renewal:
      'The raw entries are compared before each request, one `getItem` and one comparison. If someone has written them, the storage is read before the request leaves.',
    threads: ['AxaFrance/oidc-client#1022'],
  },
  (signal) => {
    /** A page that no storage event reaches, signed in with T5 and R5, or others; T1 is dead. */
    const openPage = async (number = 5) => {
      const browser = installBrowser(signal);
      browser.isDeaf = true;
      const tab = browser.open({ keys: KEYS, storage: () => browser.storage, session: { refresh: () => NEVER } });
      await tab.session.signIn({ accessToken: `T${number}`, refreshToken: `R${number}`, expiresInMs: 600_000 });
      return { browser, tab };
    };

    it.each<[string, (browser: VirtualBrowser) => void]>([
      ['clear()', ({ storage }) => storage.clear()],
      ['removeItem() of both', ({ storage }) => Object.values(KEYS).forEach(storage.removeItem)],
    ])('sends the next request without a token after %s', async (_, clear) => {
      const { browser, tab } = await openPage();
      expect(tab.get()).toEqual(by('T5'));
      clear(browser);
      tab.get();
      expect(tab.sent.at(-1)).toBe('GET /a -');
      expect(tab.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });

    describe.each([true, false])('a login of another user (the storage is cleared first: %s)', (isCleared) => {
      it('counts for the next request, and the expiry of the tokens before is forgotten', async () => {
        const { browser, tab } = await openPage();
        if (isCleared) browser.storage.clear();
        logIn(browser, 7);
        expect(tab.get()).toEqual(by('T7'));
        expect(tab.session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R7' } });
        expect(tab.session.state).not.toHaveProperty('tokens.expiresAtMs');
        expect(browser.storage.getItem('token')).toBe('T7');
      });

      it('ends a request that waits, which is never sent for that user', async () => {
        const { browser, tab } = await openPage(1);
        const waiting = tab.get();
        await browser.pass(10);
        if (isCleared) browser.storage.clear();
        logIn(browser, 7);
        expect(tab.get()).toEqual(by('T7'));
        expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
        expect(tab.sent).toEqual(['GET /a T1', 'GET /a T7']);
      });
    });

    it('takes over both tokens when another tab has read the first of two entries too early', async () => {
      const browser = installBrowser(signal);
      const tab = browser.open({ keys: KEYS, session: { refresh: () => NEVER } });
      await tab.session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      await browser.pass(10);
      browser.storage.setItem('token', 'T7');
      await browser.pass(10);
      expect(tab.get()).toEqual(by('T7'));
      browser.storage.setItem('refreshToken', 'R7');
      await browser.pass(10);
      expect(tab.session.state).toMatchObject({ tokens: { accessToken: 'T7', refreshToken: 'R7' } });
      expect(tab.get()).toEqual(by('T7'));
    });

    it('never shows the data of the first user after a sign-out and a login by code of the page', async () => {
      const { browser, tab } = await openPage();
      expect(tab.get()).toEqual(by('T5'));
      browser.storage.clear();
      tab.get();
      expect(tab.sent.at(-1)).toBe('GET /a -');
      logIn(browser, 7);
      expect(tab.get()).toEqual(by('T7'));
      await browser.pass(60_000);
      expect(tab.get()).toEqual(by('T7'));
      expect(tab.sent).toEqual(['GET /a T5', 'GET /a -', 'GET /a T7', 'GET /a T7']);
    });

    it('reads nothing but the raw entries for a request with a live token', async () => {
      const { browser, tab } = await openPage();
      let reads = 0;
      const { getItem } = browser.storage;
      browser.storage.getItem = (key) => {
        reads++;
        return getItem(key);
      };
      for (let count = 0; count < 10; count++) expect(tab.get()).toEqual(by('T5'));
      expect(reads).toBeLessThanOrEqual(10);
      expect(browser.written).toHaveLength(3);
    });
  },
);
