import { memoryStore, type TokenGrant } from 'renewal';
import { lastValueFrom, NEVER, of } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import type { Gate } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, type Hit, REFRESH } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { waitForRefresh } from '../../support/server-waiting';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const B1 = 'b.access.1';

failureMode(
  {
    id: 'E5',
    title: 'A new sign-in waits for the refresh of the old session, which may never end',
    renewal:
      '`signIn()` cancels the old refresh and releases its lock: later requests leave at once with the new token, and can be refreshed before the old response arrives.',
    threads: ['reduxjs/redux-toolkit#2045'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
    });

    it("sends the requests of B at once, and closes the connection of A's refresh", async () => {
      const client = createExpiredClient(server);
      await waitForRefresh(client, refresh);
      const signedIn = client.session.signIn(server.issue('b'));
      // These have their responses while the refresh of A is still held.
      const results = await settleAll(paths(5, 'b').map((path) => client.api.get$<Echo>(path)));
      expect(errorsOf(results)).toEqual(Array(5).fill(undefined));
      for (const path of paths(5, 'b')) expect(server.tokensOf(path)).toEqual([B1]);
      await signedIn;
      await server.aborted(REFRESH);
      refresh.open();
    });

    it('refreshes the session of B while the refresh of A is still held', async () => {
      const client = createExpiredClient(server);
      await waitForRefresh(client, refresh);
      await client.session.signIn(server.issue('b'));
      server.live.clear();

      expect(await lastValueFrom(client.api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2', nth: 2 });
      expect(server.presented).toEqual(['a.refresh.1', 'b.refresh.1']);
      const renewed = { accessToken: 'b.access.2', refreshToken: 'b.refresh.2' };
      expect(client.session.state).toMatchObject({ status: 'active', tokens: renewed });
      expect(await client.store.load()).toMatchObject(renewed);
      refresh.open();
    });

    it('sends the requests of B at once during the cool-down of A', async () => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = { status: 503, headers: { 'retry-after': '3600' } };
      refresh.open();
      expect(await errorOf(api.get$('/a'))).toMatchObject({ code: 'refresh' });
      await session.signIn(server.issue('b'));
      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: B1, nth: 1 });

      server.refreshReply = undefined;
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2' });
    });

    it('needs no refreshTimeoutMs for that, and leaves no timer of A behind', () => {
      virtually(({ cold, expectSubscriptions, flush }) => {
        const stuck = cold<TokenGrant>('-');
        const { api, session } = createVirtualClient({
          signal,
          isDead: (token) => token !== 'B2',
          refresh: ({ accessToken }) => (accessToken === 'T1' ? stuck : of({ accessToken: 'B2' })),
        });
        const ofA = outcomeOf(api.get$('/a'));
        cold('---b', { b: 0 }).subscribe(() => session.signIn({ accessToken: 'B1' }));
        const ofB = cold('----b', { b: 0 });
        const outcomes: unknown[] = [];
        ofB.subscribe(() => outcomes.push(outcomeOf(api.get$('/b'))));
        flush();
        expect(ofA).toMatchObject({ values: [], error: { code: 'signed-out' } });
        expect(outcomes).toEqual([completedWith({ by: 'B2' })]);
        expectSubscriptions(stuck.subscriptions).toBe('^--!');
      });
    });

    it("releases the store's lock that the refresh of A held", async () => {
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const { api, session } = createVirtualClient({ signal, store, refresh: () => NEVER });
      outcomeOf(api.get$('/a'));
      await session.signIn({ accessToken: 'B1' });
      expect(outcomeOf(store.exclusive?.(of('free')) ?? NEVER)).toEqual(completedWith('free'));
    });
  },
);
