import { memoryStore, type SessionOptions, type TokenStore, webStorageStore } from 'renewal';
import { EMPTY, NEVER, of } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { createBarrier, type Gate } from '../../support/barrier';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createStorage, namesIn } from '../../support/http-storage';
import { type Hit, json, REFRESH } from '../../support/server';
import { createExpiredClient, resultOf } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { tokensOfWaiting, waitForRefresh } from '../../support/server-waiting';
import { createSlowStore } from '../../support/slow-store';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const A1 = 'a.access.1';
const GRANT = { accessToken: 'T1', refreshToken: 'R1' };

failureMode(
  {
    id: 'E1',
    title: 'A refresh in flight signs a user in again after a sign-out',
    renewal:
      '`signOut()` ends all waits with `SignedOutError` in the same tick and cancels the refresh: its late result is neither published nor stored.',
    threads: ['logto-io/kotlin#253', 'danny-avila/LibreChat#15334', 'supabase/supabase-js#2392'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path }) => path === REFRESH);
    });

    /** A client that counts the refresh tokens that are used. */
    const createCounted = (
      options: Partial<SessionOptions>,
      refresh: SessionOptions['refresh'] = () => NEVER,
    ): VirtualClient & { readonly used: unknown[] } => {
      const used: unknown[] = [];
      const client = createVirtualClient({
        signal,
        ...options,
        refresh: (tokens) => {
          used.push(tokens.refreshToken);
          return refresh(tokens);
        },
      });
      return { ...client, used };
    };

    it.each([
      ['succeeds', undefined],
      ['is refused', json({ error: 'invalid_grant' }, 400)],
      ['fails', { status: 500 }],
    ])('ends all waits at once, and ignores a late refresh that %s', async (_, reply) => {
      server.refreshReply = reply;
      const expired: unknown[] = [];
      const client = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error) });
      const { errors } = await waitForRefresh(client, refresh);
      expect(errors).toEqual([]);
      const done = client.session.signOut();
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
      const { state } = client.session;
      expect(state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      await done;
      expect(await client.store.load()).toBeNull();

      await server.aborted(REFRESH);
      refresh.open();
      // Its response comes after any effect of a late refresh.
      await resultOf(client.api.get$('/public'));
      expect(client.session.state).toBe(state);
      expect(await client.store.load()).toBeNull();
      expect(server.hitsOf('/public')).toMatchObject([{ authorization: undefined }]);
      expect(tokensOfWaiting(server)).toEqual(Array(5).fill(A1));
      expect(server.refreshes).toBe(1);
      expect(expired).toEqual([]);
      expect(tokensShownBy(errors)).toEqual([]);
    });

    it('reports the failed refresh and the sign-out, and nothing after them', async () => {
      const client = createExpiredClient(server);
      const events = eventsOf(client.api);
      await waitForRefresh(client, refresh);
      await client.session.signOut();
      await server.aborted(REFRESH);
      refresh.open();

      const reported = events.flatMap((event) =>
        event.type === 'request' ? [] : `${event.type} ${Object(event).phase}`,
      );
      expect(reported.sort()).toEqual(['refresh failed', 'refresh started', 'session signed-out']);
    });

    it.each([
      ['one entry', {}],
      ['plain entries', { keys: { accessToken: 'access', refreshToken: 'refresh' } }],
    ])('leaves nothing in a web storage of %s', async (_, options) => {
      const storage = createStorage();
      const issued = server.issue();
      const client = createExpiredClient(server, {
        issued,
        store: webStorageStore({ storage: () => storage, ...options }),
      });
      await client.session.signIn(issued);
      await waitForRefresh(client, refresh);
      await client.session.signOut();
      await server.aborted(REFRESH);
      refresh.open();
      expect(namesIn(storage)).toEqual([]);
    });

    it('leaves the store empty after a sign-out during the write of the new tokens', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const { api, session } = createExpiredClient(server, { store, issued });
      const outcome = outcomeOf(api.get$('/orders'));
      refresh.open();
      await writes.arrived(1);
      const done = session.signOut();
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      writes.open();
      await done;

      expect(await store.load()).toBeNull();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      expect(server.tokensOf('/orders')).toEqual([A1]);
    });

    it('sends no refresh while the store is still being read', async () => {
      const read = createBarrier();
      const kept = memoryStore(GRANT);
      let isRefreshing = false;
      const loaded = read.opened.then(() => kept.load());
      const store: TokenStore = { ...kept, load: () => (isRefreshing ? loaded : kept.load()) };
      const { api, session, used } = createCounted({ store });
      isRefreshing = true;
      const outcome = outcomeOf(api.get$('/a'));
      await session.signOut();
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      read.open();
      await loaded;
      expect(used).toEqual([]);
      expect(kept.load()).toBeNull();
    });

    it("sends no refresh while another session holds the store's lock", async () => {
      const store = memoryStore(GRANT);
      const other = store.exclusive?.(NEVER).subscribe();
      const { api, session, used } = createCounted({ store });
      const outcome = outcomeOf(api.get$('/a'));
      await session.signOut();
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      other?.unsubscribe();
      expect(used).toEqual([]);
      expect(store.load()).toBeNull();
      // It has left no lock request pending either.
      expect(outcomeOf(store.exclusive?.(of('free')) ?? EMPTY)).toEqual(completedWith('free'));
    });

    it('ignores a promise that cannot be cancelled', async () => {
      const answer = createBarrier();
      const renewed = answer.opened.then(() => ({ accessToken: 'T2', refreshToken: 'R2' }));
      const store = memoryStore(GRANT);
      const { api, session, used } = createCounted({ store }, () => renewed);
      const outcome = outcomeOf(api.get$('/a'));
      await session.signOut();
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      const { state } = session;
      answer.open();
      await renewed;
      expect(used).toEqual(['R1']);
      expect(session.state).toBe(state);
      expect(store.load()).toBeNull();
    });
  },
);
