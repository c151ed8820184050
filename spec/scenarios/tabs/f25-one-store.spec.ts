import { memoryStore, type TokenStore, webStorageStore } from 'renewal';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { answered, outcomeOf } from '../../support/http-client';
import { createStorage } from '../../support/http-storage';
import { createVirtualClient } from '../../support/virtual';

const twice = (store: TokenStore): [TokenStore, TokenStore] => [store, store];

/** How two sessions of one page come to share their tokens. */
const SHARED: readonly (readonly [string, () => [TokenStore, TokenStore]])[] = [
  ['one memoryStore', () => twice(memoryStore())],
  [
    'one webStorageStore',
    () => {
      const storage = createStorage();
      return twice(webStorageStore({ storage: () => storage }));
    },
  ],
  [
    'two webStorageStores of one storage',
    () => {
      const storage = createStorage();
      return [webStorageStore({ storage: () => storage }), webStorageStore({ storage: () => storage })];
    },
  ],
];

failureMode(
  {
    id: 'F25',
    title: 'Two sessions of one page share a store: one signs out, and the other goes on as the user before',
    renewal:
      'What one session writes, the other reads before its next request leaves; a request that waits in it ends with `SignedOutError`, and a refresh that runs in it is cancelled.',
    threads: ['AxaFrance/oidc-client#1022'],
  },
  (signal) => {
    describe.each(SHARED)('%s', (_, open) => {
      /** Two sessions without tokens, both in use. */
      const openBoth = () => {
        const [first, second] = open().map((store) =>
          createVirtualClient({ signal, store, isDead: (token) => token === 'A0', refresh: () => NEVER }),
        );
        if (!first || !second) throw new Error('too few sessions');
        for (const { api } of [first, second]) expect(outcomeOf(api.get$('/first'))).toEqual(answered({ by: '-' }));
        return { first, second };
      };

      it('sends the next request with the tokens of a sign-in in the other session', () => {
        const { first, second } = openBoth();
        first.session.signIn({ accessToken: 'A1', refreshToken: 'R1' });
        expect(outcomeOf(second.api.get$('/a'))).toEqual(answered({ by: 'A1' }));
        expect(second.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'A1' } });
      });

      it('sends the next request without a token after a sign-out in the other session', () => {
        const { first, second } = openBoth();
        first.session.signIn({ accessToken: 'A1', refreshToken: 'R1' });
        outcomeOf(second.api.get$('/a'));
        first.session.signOut();
        expect(outcomeOf(second.api.get$('/a'))).toEqual(answered({ by: '-' }));
        expect(second.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      });

      it('never sends the tokens of the previous user once another one has signed in', () => {
        const { first, second } = openBoth();
        first.session.signIn({ accessToken: 'A1', refreshToken: 'R1' });
        outcomeOf(second.api.get$('/a'));
        first.session.signOut();
        first.session.signIn({ accessToken: 'B1', refreshToken: 'S1' });
        expect(outcomeOf(second.api.get$('/b'))).toEqual(answered({ by: 'B1' }));
        second.session.signOut();
        expect(outcomeOf(first.api.get$('/c'))).toEqual(answered({ by: '-' }));
      });

      it('changes the state of a session that is subscribed in the same tick', () => {
        const { first, second } = openBoth();
        const seen: string[] = [];
        second.session.state$.subscribe((state) =>
          seen.push('tokens' in state ? state.tokens.accessToken : state.status),
        );
        first.session.signIn({ accessToken: 'A1', refreshToken: 'R1' });
        first.session.signOut();
        first.session.signIn({ accessToken: 'B1', refreshToken: 'S1' });
        expect(seen).toEqual(['signed-out', 'A1', 'signed-out', 'B1']);
      });

      it('ends a request that waits for a refresh, and that refresh, when another user signs in', () => {
        const { first, second } = openBoth();
        first.session.signIn({ accessToken: 'A0', refreshToken: 'R0' });
        const outcome = outcomeOf(second.api.post$('/transfer', { amount: 1 }));
        expect(second.session.state.status).toBe('refreshing');
        first.session.signIn({ accessToken: 'B1', refreshToken: 'S1' });
        expect(outcomeOf(second.api.get$('/b'))).toEqual(answered({ by: 'B1' }));
        expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
        expect(second.sent).toEqual(['GET /first -', 'POST /transfer A0', 'GET /b B1']);
      });
    });
  },
);
