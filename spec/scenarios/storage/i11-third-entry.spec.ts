import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'I11',
    title: 'An older page writes two plain entries beside an unknown third',
    renewal:
      'The third entry names the access token that it belongs to. Any other access token is another session of unknown expiry: no request of the first user is sent with it, and no late refresh of the first user ends it.',
  },
  (signal) => {
    const keys = { accessToken: 'token', refreshToken: 'refreshToken' };
    const bob = { token: 'T5', refreshToken: 'R5' };

    /** Ann's tab, with a request that waits for a refresh, and the page that knows two entries. */
    const setUp = async () => {
      const browser = installBrowser(signal);
      browser.storage.clear();
      const ann = browser.open({ keys, session: { refresh: () => NEVER } });
      await ann.session.signIn({ accessToken: 'T1', refreshToken: 'R1', expiresInMs: 60_000 });
      const waiter = ann.get();
      await browser.advance(10);
      return { browser, ann, waiter };
    };
    const write = ({ storage }: { readonly storage: Storage }): void => {
      for (const [key, value] of Object.entries(bob)) storage.setItem(key, value);
    };
    const LOGINS: readonly [string, (browser: ReturnType<typeof installBrowser>) => void | Promise<void>][] = [
      ['overwrites both entries', write],
      [
        'overwrites both entries, the refresh token first and the access token later',
        async (browser) => {
          browser.storage.setItem('refreshToken', bob.refreshToken);
          await browser.advance(10);
          browser.storage.setItem('token', bob.token);
        },
      ],
      [
        'removes both and writes them later',
        async (browser) => {
          for (const key of Object.keys(bob)) browser.storage.removeItem(key);
          await browser.advance(10);
          write(browser);
        },
      ],
    ];

    it.each(LOGINS)('keeps bob signed in, and sends nothing of ann for him, if the page %s', async (_, login) => {
      const { browser, ann, waiter } = await setUp();
      const { sessionId } = (ann.store.load() ?? {}) as { sessionId?: string };
      await login(browser);
      await browser.advance(10);
      expect(waiter.error).toMatchObject({ code: 'signed-out' });
      expect(ann.sent).toEqual(['GET /a T1']);
      expect(ann.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5', refreshToken: 'R5' } });
      expect(ann.session.state).not.toMatchObject({ tokens: { sessionId } });
      expect(ann.session.state).not.toHaveProperty('tokens.expiresAtMs');
      expect(ann.get()).toEqual(sentWith('T5'));
      await browser.advance(60_000);
      expect(ann.get()).toEqual(sentWith('T5'));
      expect([browser.storage.getItem('token'), browser.storage.getItem('refreshToken')]).toEqual(['T5', 'R5']);
    });

    it('adopts both tokens of bob, even if it read the first entry before the second', async () => {
      const { browser, ann } = await setUp();
      browser.storage.setItem('token', 'T5');
      await browser.advance(10);
      expect(ann.get()).toEqual(sentWith('T5'));
      browser.storage.setItem('refreshToken', 'R5');
      await browser.advance(300);
      expect(ann.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5', refreshToken: 'R5' } });
    });

    it('refreshes once for two tabs that read the entries of a refresh one by one', async () => {
      const browser = installBrowser(signal);
      browser.storage.clear();
      const tabs = [browser.open({ keys }), browser.open({ keys })];
      for (const { session } of tabs) session.state$.subscribe();
      browser.storage.setItem('token', 'T1');
      browser.storage.setItem('refreshToken', 'R1');
      await browser.advance(300);
      const { setItem } = browser.storage;
      const writes: [string, string][] = [];
      browser.storage.setItem = (key, value) => {
        // Each reaches the other tab by itself.
        writes.push([key, value]);
        setTimeout(() => setItem(key, value), 5 * writes.length);
      };
      const outcomes = tabs.map(({ get }) => get());
      await browser.advance(1_000);
      expect(outcomes).toEqual([sentWith('T2'), sentWith('T2')]);
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it('is one session for all tabs that read the same two entries', async () => {
      const browser = installBrowser(signal);
      browser.storage.clear();
      write(browser);
      const tabs = [browser.open({ keys }), browser.open({ keys })];
      expect(tabs[0]?.session.state).toEqual(tabs[1]?.session.state);
      expect(tabs.map(({ get }) => get())).toEqual([sentWith('T5'), sentWith('T5')]);
      browser.authServer.expire();
      const outcomes = tabs.map(({ get }) => get());
      await browser.advance(500);
      expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined]);
    });
  },
);
