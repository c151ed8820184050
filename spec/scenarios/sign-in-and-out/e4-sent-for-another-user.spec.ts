import { memoryStore } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { createBarrier, type Gate } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { type Echo, type Hit, REFRESH } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { QUEUED, SENT, waitForRefresh } from '../../support/server-waiting';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const A1 = 'a.access.1';

failureMode(
  {
    id: 'E4',
    title: 'A queued request of A is sent with the token of B',
    renewal:
      'A waiting request is bound to its session: a sign-in or sign-out ends it with `SignedOutError`. No request of A is ever sent for B.',
    threads: ['nearai/ironclaw#4174'],
  },
  (signal) => {
    const server = withServer(signal);
    let refresh: Gate<Hit>;

    beforeEach(() => {
      refresh = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
    });

    it('never sends the waiting POSTs of A, even after both sessions have refreshed', async () => {
      const client = createExpiredClient(server);
      const { api, session } = client;
      const { errors } = await waitForRefresh(client, refresh);
      await session.signIn(server.issue('b'));
      refresh.open();
      server.live.clear();
      expect(await lastValueFrom(api.post$<Echo>('/b', { by: 'B' }))).toMatchObject({ by: 'b.access.2' });

      for (const path of SENT) expect(server.tokensOf(path)).toEqual([A1]);
      for (const path of QUEUED) expect(server.hitsOf(path)).toEqual([]);
      expect(server.hits.filter(({ token }) => token.startsWith('b')).map(({ body }) => `${body}`)).toEqual([
        '{"by":"B"}',
        '{"by":"B"}',
      ]);
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
    });

    it('never sends them after A signs out and in again', async () => {
      const client = createExpiredClient(server);
      const { api, session } = client;
      const { errors } = await waitForRefresh(client, refresh);
      const again = server.issue('a');
      await Promise.all([session.signOut(), session.signIn(again)]);
      refresh.open();

      expect(await lastValueFrom(api.get$<Echo>('/again'))).toMatchObject({ by: again.accessToken });
      expect(await client.store.load()).toMatchObject(again);
      for (const path of SENT) expect(server.tokensOf(path)).toEqual([A1]);
      for (const path of QUEUED) expect(server.hitsOf(path)).toEqual([]);
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
    });

    it('never sends a request that waits for the store to load', async () => {
      const loaded = createBarrier();
      const load = loaded.opened.then(() => null);
      const { api, session, sent } = createVirtualClient({ signal, store: { ...memoryStore(), load: () => load } });
      const outcome = outcomeOf(api.post$('/pay', { amount: 1 }));
      await session.signIn({ accessToken: 'B1' });
      expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      loaded.open();
      await load;
      expect(sent).toEqual([]);
    });
  },
);
