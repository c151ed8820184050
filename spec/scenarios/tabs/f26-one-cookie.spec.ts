import { memoryStore, type TokenGrant } from 'renewal';
import { Observable } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { installChannels } from '../../support/channels';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';
import { installBrowser } from '../../support/virtual-tabs';

const ANSWER_MS = 20;
const refused = new Error('refused');

/**
 * A server that keeps its refresh token in a cookie, which all tabs share, and ends the session if one comes twice. The
 * cookie that goes along is the one at that moment, and the next one is set as the response arrives.
 */
const createCookieServer = () => {
  let cookie: string | undefined;
  let count = 0;
  let oldest = 1;
  let isRevoked = false;
  const spent = new Set<string>();
  const next = (user: string): TokenGrant => {
    cookie = `${user}-R${++count}`;
    return { accessToken: `${user}-T${count}` };
  };
  const server = {
    spent,
    get isRevoked() {
      return isRevoked;
    },
    login: next,
    logout: () => {
      cookie = undefined;
    },
    expire: () => {
      oldest = count + 1;
    },
    /** Access tokens outlive a rotation, as those that are signed do. */
    isDead: (accessToken: string) => Number(accessToken.split('-T')[1]) < oldest,
    renew: () =>
      new Observable<TokenGrant>((subscriber) => {
        const presented = cookie;
        if (presented && spent.has(presented)) isRevoked = true;
        const isTaken = presented !== undefined && !isRevoked;
        if (presented) spent.add(presented);
        const timer = setTimeout(() => {
          if (isTaken) subscriber.next(next(presented.split('-')[0] ?? ''));
          else subscriber.error(refused);
        }, ANSWER_MS);
        return () => clearTimeout(timer);
      }),
  };
  return server;
};

failureMode(
  {
    id: 'F26',
    title: 'The refresh token is one cookie for all tabs: six that open at once end the session by reuse',
    renewal:
      '`memoryStore(undefined, { name })`: tabs take turns under a Web Lock of that name, so each presents the cookie that the one before it was given. A sign-in makes the others ask `restore`, a sign-out signs them out, and no token travels.',
    threads: ['LanternOps/breeze#1107', 'opendefender/OpenRisk#700'],
  },
  (signal) => {
    const openShop = () => {
      const browser = installBrowser(signal);
      const channels = installChannels();
      const server = createCookieServer();
      const open = () => {
        const client = createVirtualClient({
          signal,
          store: memoryStore(undefined, { name: 'shop' }),
          isDead: server.isDead,
          refresh: server.renew,
          restore: server.renew,
          isRefused: (error) => error === refused,
        });
        onTestFinished(() => client.session.destroy());
        return { ...client, get: () => outcomeOf(client.api.get$('/a')) };
      };
      return { browser, channels, server, open };
    };

    const openSix = () => {
      const shop = openShop();
      shop.server.login('ada');
      return { ...shop, tabs: Array.from({ length: 6 }, shop.open) };
    };
    const userOf = (outcome: { readonly values: readonly unknown[] }): unknown =>
      `${Object(outcome.values[0]).by}`.split('-')[0];

    it('restores six tabs that open at once, and no cookie comes twice', async () => {
      const { browser, server, tabs } = openSix();
      const outcomes = tabs.flatMap((tab) => [tab.get(), tab.get()]);
      await browser.pass(10_000);
      expect(outcomes.map(userOf)).toEqual(Array(12).fill('ada'));
      expect(server.isRevoked).toBe(false);
      expect(server.spent.size).toBeLessThanOrEqual(6);
      for (const { session } of tabs) expect(session.state.status).toBe('active');
      expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
    });

    it('renews six tabs whose token dies at once, each time again', async () => {
      const { browser, server, tabs } = openSix();
      for (const tab of tabs) tab.get();
      await browser.pass(10_000);
      for (let round = 0; round < 3; round++) {
        server.expire();
        const outcomes = tabs.map((tab) => tab.get());
        await browser.pass(10_000);
        expect(outcomes.map(userOf)).toEqual(Array(6).fill('ada'));
        expect(server.isRevoked).toBe(false);
      }
    });

    it('brings a sign-in in one tab to the others, which ask for tokens of their own', async () => {
      const { browser, server, open } = openShop();
      const [one, ...others] = [open(), open(), open()];
      for (const { session } of others) session.state$.subscribe();
      await browser.pass(10_000);
      for (const { session } of others) expect(session.state.status).toBe('signed-out');
      await one.session.signIn(server.login('ada'));
      await browser.pass(1_000);
      const outcomes = others.map((tab) => tab.get());
      await browser.pass(1_000);
      expect(outcomes.map(userOf)).toEqual(['ada', 'ada']);
      expect(server.isRevoked).toBe(false);
    });

    it('brings another user to all tabs, and ends what waits for the one before', async () => {
      const { browser, server, tabs } = openSix();
      const [one, waiting, ...others] = tabs;
      if (!one || !waiting) throw new Error('too few tabs');
      for (const tab of tabs) tab.get();
      await browser.pass(10_000);
      server.expire();
      const outcome = waiting.get();
      await browser.pass(ANSWER_MS / 2);
      await one.session.signIn(server.login('grace'));
      await browser.pass(10_000);
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      const outcomes = [one, waiting, ...others].map((tab) => tab.get());
      await browser.pass(10_000);
      expect(outcomes.map(userOf)).toEqual(Array(6).fill('grace'));
    });

    it('brings a sign-out in one tab to the others', async () => {
      const { browser, server, tabs } = openSix();
      const [one] = tabs;
      for (const tab of tabs) tab.get();
      await browser.pass(10_000);
      server.logout();
      await one?.session.signOut();
      await browser.pass(1_000);
      for (const { session } of tabs) expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      const outcomes = tabs.map((tab) => tab.get());
      await browser.pass(1_000);
      expect(outcomes.map(userOf)).toEqual(Array(6).fill(''));
    });

    it('leaves without a token as soon as `restore` is refused, in a tab that no one has signed in', async () => {
      const { browser, open } = openShop();
      const tab = open();
      tab.get();
      await browser.pass(ANSWER_MS + 10);
      expect(tab.sent).toEqual(['GET /a -']);
      expect(tab.session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });

    it('sends no token over a channel, and writes none down', async () => {
      const { browser, channels, server, tabs } = openSix();
      const before = browser.storage.getItem('renewal');
      for (const tab of tabs) tab.get();
      await browser.pass(10_000);
      await tabs[0]?.session.signIn(server.login('grace'));
      await browser.pass(10_000);
      expect(JSON.stringify([channels.messages, channels.names, browser.locks.asked])).not.toMatch(/-[TR]\d/);
      expect(browser.storage.getItem('renewal')).toBe(before);
      expect(browser.written).toEqual([]);
    });
  },
);
