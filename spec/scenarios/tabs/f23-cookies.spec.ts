import { memoryStore } from 'renewal';
import { defer, map, type Observable, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { installChannels } from '../../support/channels';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F23',
    title: 'The refresh token is in a cookie, and all tabs present it at once',
    renewal:
      'Tabs whose `memoryStore` has the same name restore and refresh one after another. Sign-ins and sign-outs reach all of them; tokens stay in their tab.',
    threads: ['LanternOps/breeze#1107'],
  },
  (signal) => {
    /** Tabs whose server accepts each refresh token once, and keeps the next one in their shared cookie. */
    const setUp = (answerMs: number) => {
      const browser = installBrowser(signal);
      const channels = installChannels();
      browser.storage.clear();
      browser.authServer.responseMs = answerMs;
      let cookie = 'R1';
      const ask = (): Observable<{ accessToken: string }> =>
        defer(() => browser.authServer.refresh({ refreshToken: cookie })).pipe(
          tap(({ refreshToken }) => {
            cookie = refreshToken;
          }),
          map(({ accessToken }) => ({ accessToken })),
        );
      const open = () =>
        browser.open({
          session: { store: memoryStore(undefined, { name: 'shop' }), refresh: ask, restore: ask },
        });
      return {
        browser,
        channels,
        open,
        setCookie: (value: string) => {
          cookie = value;
        },
      };
    };
    const openSix = (open: ReturnType<typeof setUp>['open']) => Array.from({ length: 6 }, open);
    const once = (tokens: readonly string[]) => expect(new Set(tokens).size).toBe(tokens.length);

    describe.each([20, 1_500])('if the server responds after %d ms', (answerMs) => {
      it('signs in six tabs that open at once', async () => {
        const { browser, open } = setUp(answerMs);
        const outcomes = openSix(open).map(({ get }) => get());
        await browser.advance(6 * answerMs + 500);
        expect(outcomes).toEqual([2, 3, 4, 5, 6, 7].map((nth) => sentWith(`T${nth}`)));
        expect(browser.authServer.presented).toHaveLength(6);
        once(browser.authServer.presented);
      });

      it('keeps six tabs signed in whose token expires at once', async () => {
        const { browser, open } = setUp(answerMs);
        const tabs = openSix(open);
        for (const { get } of tabs) get();
        await browser.advance(6 * answerMs + 500);
        browser.authServer.expire();
        const outcomes = tabs.map(({ get }) => get());
        await browser.advance(6 * answerMs + 500);
        expect(outcomes.filter(({ error }) => error)).toEqual([]);
        expect(tabs.map(({ session }) => session.state.status)).toEqual(Array(6).fill('active'));
        once(browser.authServer.presented);
      });
    });

    it("signs all tabs out, and in again with a token of each tab's own", async () => {
      const { browser, open, setCookie } = setUp(20);
      const tabs = openSix(open);
      for (const { get } of tabs) get();
      await browser.advance(500);
      const [first] = tabs;
      await first?.session.signOut();
      await browser.advance(100);
      expect(tabs.map(({ session }) => session.state.status)).toEqual(Array(6).fill('signed-out'));
      setCookie('R50');
      await first?.session.signIn({ accessToken: 'T50' });
      const known = browser.authServer.presented.length;
      await browser.advance(500);
      expect(tabs.map(({ session }) => session.state.status)).toEqual(Array(6).fill('active'));
      expect(browser.authServer.presented.slice(known)[0]).toBe('R50');
      expect(browser.authServer.presented.slice(known)).toHaveLength(5);
      once(browser.authServer.presented);
    });

    it('signs out a tab that was restoring while another one signed out', async () => {
      const { browser, open } = setUp(1_000);
      const first = open();
      first.get();
      await browser.advance(1_100);
      const late = open();
      late.get();
      await browser.advance(500);
      await first.session.signOut();
      await browser.advance(2_000);
      expect(late.session.state.status).toBe('signed-out');
    });

    it('sends no request of one user for the next', async () => {
      const { browser, open, setCookie } = setUp(20);
      const [one, other] = [open(), open()];
      for (const { get } of [one, other]) get();
      await browser.advance(500);
      browser.authServer.expire();
      browser.authServer.responseMs = 1_000;
      const waiter = other.get();
      await browser.advance(100);
      setCookie('R50');
      await one.session.signIn({ accessToken: 'T50' });
      await browser.advance(100);
      expect(waiter.error).toMatchObject({ code: 'signed-out' });
    });

    it('switches all tabs to another user, whatever each of them is doing', async () => {
      const { browser, open, setCookie } = setUp(20);
      const tabs = openSix(open);
      const [first] = tabs;
      for (const { get } of tabs) get();
      await browser.advance(500);
      browser.authServer.expire();
      const waiting = tabs.slice(1).map(({ get }) => get());
      await browser.advance(50);
      setCookie('R50');
      await first?.session.signIn({ accessToken: 'T50' });
      await browser.advance(1_000);
      const sessionIds = tabs.map(({ session }) => Object(session.state).tokens?.sessionId);
      expect(new Set(sessionIds)).toEqual(new Set([sessionIds[0]]));
      expect(sessionIds[0]).toBeDefined();
      // Some had refreshed before it, and the others belong to the previous user.
      for (const { error, values } of waiting)
        expect(error ?? values).toMatchObject(error ? { code: 'signed-out' } : [{}]);
      expect(waiting.filter(({ error }) => error)).not.toEqual([]);
      once(browser.authServer.presented);
    });

    it('sends the first request of a visitor as soon as `restore` is refused', async () => {
      const { browser, open, setCookie } = setUp(20);
      setCookie('none');
      browser.authServer.refresh({ refreshToken: 'none' }).subscribe();
      const tab = open();
      tab.get();
      await browser.advance(50);
      expect(tab.sent).toEqual(['GET /a -']);
      expect(tab.session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });

    it('sends no token over a channel, and stores none', async () => {
      const { browser, channels, open } = setUp(20);
      const tabs = openSix(open);
      for (const { get } of tabs) get();
      await browser.advance(500);
      await tabs[0]?.session.signIn({ accessToken: 'T50' });
      await browser.advance(500);
      expect(channels.messages).not.toEqual([]);
      expect(JSON.stringify([channels.messages, channels.names, browser.locks.requests])).not.toMatch(/"[TR]\d/);
      expect(browser.writtenKeys).toEqual([]);
    });
  },
);
