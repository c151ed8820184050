import type { SessionOptions } from 'renewal';
import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'I12',
    title: 'The page’s own code clears the storage, or writes the entries at login',
    renewal:
      'A browser fires no event in the page that wrote. The entry is compared before each request, so the next one leaves with the stored token, and `state$` emits before it.',
  },
  (signal) => {
    const keys = { accessToken: 'token', refreshToken: 'refreshToken' };

    const setUp = (options: Partial<SessionOptions> = {}) => {
      const browser = installBrowser(signal);
      browser.storage.clear();
      const { session, ...tab } = browser.open({ keys, session: options });
      browser.losesStorageEvents = true;
      const seen: string[] = [];
      session.state$.subscribe((state) => {
        seen.push('tokens' in state ? state.tokens.accessToken : state.status);
      });
      return { browser, session, seen, ...tab };
    };

    it('sends no token after the page has cleared the storage', async () => {
      const { browser, session, seen, sent, get } = setUp();
      await session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      browser.storage.clear();
      get();
      expect(sent).toEqual(['GET /a -']);
      expect(seen).toEqual(['signed-out', 'T5', 'signed-out']);
    });

    it('sends the token of the user whom the page signs in after that', async () => {
      const { browser, session, seen, sent, get } = setUp();
      await session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      browser.storage.clear();
      browser.storage.setItem('token', 'T6');
      browser.storage.setItem('refreshToken', 'R6');
      expect(get()).toEqual(sentWith('T6'));
      expect(sent).toEqual(['GET /a T6']);
      expect(seen).toEqual(['signed-out', 'T5', 'T6']);
    });

    it('finds a first login of the page, for a request and for accessToken$', () => {
      const { browser, session, sent, get } = setUp();
      get();
      browser.storage.setItem('token', 'T6');
      expect(outcomeOf(session.accessToken$()).values).toEqual(['T6']);
      expect(get()).toEqual(sentWith('T6'));
      expect(sent).toEqual(['GET /a -', 'GET /a T6']);
    });

    it.each([true, false])('ends a waiting request (the storage is cleared first: %s)', async (isCleared) => {
      const { browser, session, sent, get } = setUp({ refresh: () => NEVER });
      await session.signIn({ accessToken: 'T1', refreshToken: 'R1', expiresInMs: 600_000 });
      const waiting = get();
      await browser.advance(10);
      if (isCleared) browser.storage.clear();
      browser.storage.setItem('token', 'T6');
      browser.storage.setItem('refreshToken', 'R6');
      expect(get()).toEqual(sentWith('T6'));
      expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(sent).toEqual(['GET /a T1', 'GET /a T6']);
      expect(session.state).not.toHaveProperty('tokens.expiresAtMs');
    });

    it('never returns to the first user', async () => {
      const { browser, session, sent, get } = setUp();
      await session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      browser.storage.clear();
      get();
      browser.storage.setItem('token', 'T6');
      browser.storage.setItem('refreshToken', 'R6');
      for (let count = 0; count < 3; count++) {
        get();
        await browser.advance(60_000);
      }
      expect(sent).toEqual(['GET /a -', 'GET /a T6', 'GET /a T6', 'GET /a T6']);
      expect(browser.storage.getItem('token')).toBe('T6');
    });

    it('reads one entry for a request with a live token', async () => {
      const { browser, session, get } = setUp();
      await session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      let reads = 0;
      const { getItem } = browser.storage;
      browser.storage.getItem = (key) => {
        reads++;
        return getItem(key);
      };
      for (let count = 0; count < 10; count++) expect(get()).toEqual(sentWith('T5'));
      expect(reads).toBe(10);
    });
  },
);
