import type { SessionOptions, WebStorageStoreOptions } from 'renewal';
import { map } from 'rxjs';
import { expect, it } from 'vitest';
import { warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'I10',
    title: 'The storage is full, and the new tokens are longer than the old ones',
    renewal:
      'The spent refresh token does not stay where another tab finds it: the new one is stored alone, and the other tab gets an access token with it. If that does not fit either, the entry is removed. The tab itself continues from memory, and a warning says so.',
  },
  (signal) => {
    const keys = { accessToken: 'token', refreshToken: 'refreshToken' };
    const LAYOUTS: readonly [string, WebStorageStoreOptions][] = [
      ['one entry', {}],
      ['two plain entries', { keys }],
    ];
    const long = (token: string): string => `${token}.${'x'.repeat(100)}`;

    /** Two tabs of a session whose storage has no room for an access token longer than the first, which is dead. */
    const setUp = async (options: WebStorageStoreOptions, given?: number) => {
      let room = given ?? (options.keys ? 100 : 130);
      const browser = installBrowser(signal);
      const refresh: SessionOptions['refresh'] = (tokens) =>
        browser.authServer
          .refresh(tokens)
          .pipe(map(({ accessToken, refreshToken }) => ({ accessToken: long(accessToken), refreshToken })));
      const isDead = (token: string): boolean => browser.authServer.isDead(token.split('.')[0] ?? '');
      const open = () => browser.open({ ...options, session: { refresh, isDead } });
      browser.storage.clear();
      const first = open();
      await first.session.signIn({ accessToken: `T1.${'x'.repeat(40)}`, refreshToken: 'R1' });
      const { setItem } = browser.storage;
      browser.storage.setItem = (key, value) => {
        if (value.length > room) throw new DOMException('full', 'QuotaExceededError');
        setItem(key, value);
      };
      await browser.advance(10);
      const makeRoom = () => {
        room = Infinity;
      };
      return { browser, open, first, other: open(), makeRoom };
    };

    it.each(LAYOUTS)('signs no tab out, and presents each refresh token once (%s)', async (_, options) => {
      const { browser, open, first, other } = await setUp(options);
      const outcome = first.get();
      await browser.advance(300);
      expect(outcome).toEqual(sentWith(long('T2')));
      expect(warningsIn(first.events)).toEqual(['write: QuotaExceededError']);
      const next = other.get();
      await browser.advance(300);
      expect(next).toEqual(sentWith(long('T3')));
      const reloaded = open();
      const last = reloaded.get();
      await browser.advance(300);
      expect(last).toEqual(sentWith(long('T4')));
      expect(browser.authServer.presented).toEqual(['R1', 'R2', 'R3']);
      expect([first, other, reloaded].map(({ session }) => session.state.status)).not.toContain('signed-out');
    });

    it.each(LAYOUTS)(
      'starts no refresh for tokens of which only this tab has a better copy (%s)',
      async (_, options) => {
        const { browser, first } = await setUp(options);
        first.get();
        await browser.advance(300);
        for (let count = 0; count < 3; count++) {
          expect(first.get()).toEqual(sentWith(long('T2')));
          await browser.advance(10);
        }
        expect(browser.authServer.presented).toEqual(['R1']);
      },
    );

    it.each(LAYOUTS)('continues in this tab if there is no room for any token (%s)', async (_, options) => {
      const { browser, first } = await setUp(options, 0);
      const outcome = first.get();
      await browser.advance(300);
      expect(outcome).toEqual(sentWith(long('T2')));
      expect(browser.storage.getItem(options.keys?.accessToken ?? 'renewal')).toBeNull();
      expect(first.get()).toEqual(sentWith(long('T2')));
      expect(first.session.state.status).toBe('active');
    });

    it.each(LAYOUTS)('stores all tokens again once there is room (%s)', async (_, options) => {
      const { browser, open, first, other, makeRoom } = await setUp(options);
      first.get();
      await browser.advance(300);
      makeRoom();
      other.get();
      await browser.advance(300);
      expect(open().get()).toEqual(sentWith(long('T3')));
      expect(browser.authServer.presented).toEqual(['R1', 'R2']);
    });
  },
);
