import { memoryStore } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { createBarrier, type Gate } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { type Echo, type Hit, REFRESH } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { tokensOfWaiting, waitForRefresh } from '../../support/server-waiting';
import { createSlowStore } from '../../support/slow-store';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const A1 = 'a.access.1';
const B1 = 'b.access.1';

failureMode(
  {
    id: 'E2',
    title: 'The tokens of A arrive after B has signed in, and replace the tokens of B',
    renewal:
      '`signIn()` begins another session: it ends all waits of the previous one with `SignedOutError`, and a refresh in flight reaches neither state nor store.',
    threads: ['auth0/auth0-spa-js#1456', 'lbryio/lbry-desktop#6829', 'geolens-io/geolens#1446'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
    });

    it('ends the waits of A in the same tick, and keeps the tokens of B', async () => {
      const client = createExpiredClient(server);
      const { api, session, store } = client;
      const { errors } = await waitForRefresh(client, refresh);
      expect(errors).toEqual([]);
      const ofB = server.issue('b');
      const signedIn = session.signIn(ofB);
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
      const { state } = session;
      expect(state).toMatchObject({ status: 'active', tokens: ofB });
      await signedIn;

      await server.aborted(REFRESH);
      refresh.open();
      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: B1 });
      expect(session.state).toBe(state);
      expect(await store.load()).toMatchObject(ofB);
      expect(tokensOfWaiting(server)).toEqual(Array(5).fill(A1));
      expect(tokensShownBy(errors)).toEqual([]);
    });

    it('keeps the tokens of B in the store after a sign-in during a write of A', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const { api, session } = createExpiredClient(server, { store, issued });
      const outcome = outcomeOf(api.get$('/orders'));
      refresh.open();
      await writes.arrived(1);
      const ofB = server.issue('b');
      const done = session.signIn(ofB);
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: B1 });
      writes.open();
      await done;

      expect(await store.load()).toMatchObject(ofB);
      expect(session.state).toMatchObject({ status: 'active', tokens: ofB });
      expect(server.tokensOf('/orders')).toEqual([A1]);
    });

    it('ignores a promise of A that cannot be cancelled', async () => {
      const answer = createBarrier();
      const renewed = answer.opened.then(() => ({ accessToken: 'A2', refreshToken: 'RA2' }));
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const { api, session } = createVirtualClient({ signal, store, refresh: () => renewed });
      const outcome = outcomeOf(api.get$('/a'));
      await session.signIn({ accessToken: 'B1', refreshToken: 'RB1' });
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      const { state } = session;
      answer.open();
      await renewed;
      expect(session.state).toBe(state);
      expect(store.load()).toMatchObject({ accessToken: 'B1', refreshToken: 'RB1' });
    });

    it.each([
      ['A again', 'a'],
      ['B, with the tokens of A', 'same'],
    ])('treats a sign-in as %s as another session', async (_, user) => {
      const client = createExpiredClient(server);
      const { session, issued } = client;
      const { errors } = await waitForRefresh(client, refresh);
      const { state } = session;
      await session.signIn(user === 'same' ? issued : server.issue(user));
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
      const ids = [state, session.state].map((each) => 'tokens' in each && each.tokens.sessionId);
      expect(new Set(ids).size).toBe(2);
      expect(tokensOfWaiting(server)).toEqual(Array(5).fill(A1));
      refresh.open();
    });
  },
);
