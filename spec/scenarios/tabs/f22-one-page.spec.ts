import { memoryStore, type TokenStore, webStorageStore } from 'renewal';
import { map, NEVER, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createStorage } from '../../support/http-storage';
import { createVirtualClient } from '../../support/virtual';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F22',
    title: 'Two sessions of one page share a store, and one keeps the user that signed out',
    renewal:
      'They follow each other in the same tick, and refresh once, over one store or two stores of the same storage: a browser fires no event for a page’s own writes, so the stores notify each other.',
  },
  (signal) => {
    const PAIRS: readonly [string, () => readonly [TokenStore, TokenStore]][] = [
      [
        'one memoryStore',
        () => {
          const store = memoryStore();
          return [store, store];
        },
      ],
      [
        'one webStorageStore',
        () => {
          const storage = createStorage();
          const store = webStorageStore({ storage: () => storage });
          return [store, store];
        },
      ],
      [
        'two webStorageStores',
        () => {
          const storage = createStorage();
          return [webStorageStore({ storage: () => storage }), webStorageStore({ storage: () => storage })];
        },
      ],
      [
        'two webStorageStores, two plain entries',
        () => {
          const storage = createStorage();
          const options = { storage: () => storage, keys: { accessToken: 'token', refreshToken: 'refreshToken' } };
          return [webStorageStore(options), webStorageStore(options)];
        },
      ],
    ];

    describe.each(PAIRS)('over %s', (_, createStores) => {
      const setUp = () => {
        installBrowser(signal);
        const clients = createStores().map((store) => createVirtualClient({ signal, store }));
        const [one, other] = clients as [(typeof clients)[number], (typeof clients)[number]]; // one per store
        return { one, other };
      };

      it('signs the other session out and in, in the same tick', async () => {
        const { one, other } = setUp();
        other.session.state$.subscribe();
        await one.session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
        expect(other.session.state).toEqual({ ...one.session.state, generation: expect.any(Number) });
        const signedOut = one.session.signOut();
        expect(other.session.state.status).toBe('signed-out');
        await signedOut;
        await other.session.signIn({ accessToken: 'T3', refreshToken: 'R3' });
        expect(one.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3' } });
      });

      it('sends no token of the previous user, even before the other session was used', async () => {
        const { one, other } = setUp();
        await one.session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
        expect(outcomeOf(other.api.get$('/a'))).toEqual(sentWith('T2'));
        await one.session.signOut();
        await one.session.signIn({ accessToken: 'T3', refreshToken: 'R3' });
        expect(outcomeOf(other.api.get$('/b'))).toEqual(sentWith('T3'));
        await one.session.signOut();
        outcomeOf(other.api.get$('/c'));
        expect(other.sent).toEqual(['GET /a T2', 'GET /b T3', 'GET /c -']);
      });

      it('ends a waiting request and refresh of the other session at another sign-in', () => {
        installBrowser(signal);
        const clients = createStores().map((store) => createVirtualClient({ signal, store, refresh: () => NEVER }));
        const [one, other] = clients as [(typeof clients)[number], (typeof clients)[number]]; // one per store
        one.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
        const waiting = outcomeOf(other.api.post$('/transfer', { amount: 1 }));
        expect(other.session.state.status).toBe('refreshing');
        one.session.signIn({ accessToken: 'T3', refreshToken: 'R3' });
        expect(outcomeOf(other.api.get$('/b'))).toEqual(sentWith('T3'));
        expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
        expect(other.sent).toEqual(['POST /transfer T1', 'GET /b T3']);
      });

      it('refreshes once for both sessions', async () => {
        const browser = installBrowser(signal);
        let refreshes = 0;
        const refresh = () => {
          refreshes++;
          return timer(20).pipe(map(() => ({ accessToken: 'T2', refreshToken: 'R2' })));
        };
        const clients = createStores().map((store) => createVirtualClient({ signal, store, refresh }));
        await clients[0]?.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
        const outcomes = clients.map(({ api }) => outcomeOf(api.get$('/a')));
        await browser.advance(500);
        expect(outcomes).toEqual([sentWith('T2'), sentWith('T2')]);
        expect(refreshes).toBe(1);
      });
    });
  },
);
