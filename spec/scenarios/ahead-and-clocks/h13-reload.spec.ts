import { createSession, type TokenStore, webStorageStore } from 'renewal';
import { delay, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createStorage } from '../../support/http-storage';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const LIFE_MS = 60 * MINUTE_MS;

const STORES: Readonly<Record<string, (storage: Storage) => TokenStore>> = {
  'one entry': (storage) => webStorageStore({ storage: () => storage }),
  'two plain entries': (storage) =>
    webStorageStore({ storage: () => storage, keys: { accessToken: 'token', refreshToken: 'refreshToken' } }),
};

failureMode(
  {
    id: 'H13',
    title: 'After a reload no refresh is scheduled, or only after a whole token lifetime',
    renewal:
      'The time of expiry is stored with the tokens. After a reload the refresh is due before that time, however old the tokens are.',
    threads: ['manfredsteyer/angular-oauth2-oidc#103', 'saleor/saleor-dashboard#6795'],
  },
  (signal) => {
    const clock = createWallClock();

    describe.each(Object.entries(STORES))('tokens of an hour in a Storage, as %s,', (_, createStore) => {
      /** Signs in, and loads the page again after that time. */
      const reloadAfter = async (ms: number, answerMs = 0) => {
        const storage = createStorage();
        const issuer = createIssuer({ expiresInMs: LIFE_MS }, (grant) =>
          answerMs ? of(grant).pipe(delay(answerMs)) : of(grant),
        );
        const { refresh } = issuer;
        const before = createSession({ refresh, store: createStore(storage) });
        await before.signIn({ accessToken: 'T1', refreshToken: 'R1', expiresInMs: LIFE_MS });
        clock.advance(ms);
        const store = createStore(storage);
        const client = createVirtualClient({ signal, store, refresh, isDead: () => false });
        const reloadedAtMs = Date.now();
        return { ...client, issuer, asked: () => issuer.askedAtMs.map((atMs) => atMs - reloadedAtMs) };
      };

      it.each([
        ['at once', 0, 59 * MINUTE_MS],
        ['at half of it', 30 * MINUTE_MS, 29 * MINUTE_MS],
        ['at 90 % of it', 54 * MINUTE_MS, 5 * MINUTE_MS],
        ['with 90 s left', LIFE_MS - 90 * SECOND_MS, 45 * SECOND_MS],
        ['with 30 s left', LIFE_MS - 30 * SECOND_MS, 15 * SECOND_MS],
        ['at their expiry', LIFE_MS, 0],
        ['a day later', 24 * LIFE_MS, 0],
      ])('are refreshed on time after a reload %s, when kept fresh', async (_, ageMs, dueMs) => {
        const { session, asked } = await reloadAfter(ageMs);
        session.keepFresh$().subscribe();
        clock.advance(dueMs);
        expect(asked()).toEqual([dueMs]);
        // From here on the new ones count.
        clock.advance(59 * MINUTE_MS);
        expect(asked()).toEqual([dueMs, dueMs + 59 * MINUTE_MS]);
      });

      it('are refreshed beside the first request near their expiry', async () => {
        const { api, asked } = await reloadAfter(54 * MINUTE_MS, SECOND_MS);
        clock.advance(5 * MINUTE_MS - 1);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T1' }));
        expect(asked()).toEqual([]);
        clock.advance(1);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T1' }));
        expect(asked()).toEqual([5 * MINUTE_MS]);
        clock.advance(SECOND_MS);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      });

      it('are refreshed before the first request past their expiry', async () => {
        const { api, sent, issuer } = await reloadAfter(LIFE_MS);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
        expect(sent).toEqual(['GET /a T2']);
        expect(issuer.presented).toEqual(['R1']);
      });

      it('are not refreshed, and no timer is set, by loading the page alone', async () => {
        const { session, asked } = await reloadAfter(58 * MINUTE_MS);
        expect(session.state.status).toBe('active');
        expect([asked(), clock.timers]).toEqual([[], 0]);
      });
    });

    it('are refreshed on a rejection if another writer stored them without their expiry', () => {
      const storage = createStorage({ token: 'T1', refreshToken: 'R1' });
      const store = webStorageStore({
        storage: () => storage,
        keys: { accessToken: 'token', refreshToken: 'refreshToken' },
      });
      const issuer = createIssuer({ expiresInMs: LIFE_MS });
      const { session, api } = createVirtualClient({ signal, store, refresh: issuer.refresh });
      session.keepFresh$().subscribe();
      clock.advance(24 * LIFE_MS);
      expect(issuer.presented).toEqual([]);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      clock.advance(59 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1', 'R2']);
    });

    it('are scheduled in the same way from a slow store', async () => {
      const expiresAtMs = Date.now() + 6 * MINUTE_MS;
      const issuer = createIssuer({ expiresInMs: LIFE_MS });
      const loaded = Promise.resolve({ accessToken: 'T1', refreshToken: 'R1', expiresAtMs, sessionId: 's' });
      const { session } = createVirtualClient({
        signal,
        store: { load: () => loaded, save: () => {}, clear: () => {}, exclusive: (work) => work },
        refresh: issuer.refresh,
      });
      session.keepFresh$().subscribe();
      await loaded;
      clock.advance(5 * MINUTE_MS - 1);
      expect(issuer.presented).toEqual([]);
      clock.advance(1);
      await loaded;
      expect(issuer.presented).toEqual(['R1']);
    });
  },
);
