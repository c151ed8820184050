import { unlinkSync } from 'node:fs';
import type { TokenGrant } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G3',
    title: 'A lock ends before the refresh, and a late write replaces newer tokens',
    renewal:
      'The holder extends its lock while it works. Whatever happens to the lock, the store refuses a write of older tokens, and the session adopts what the store holds.',
    threads: ['the-momentum/open-wearables#1440'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('ends with the newest tokens in the store and in both sessions', async () => {
      const grants: Subject<TokenGrant>[] = [];
      const refresh = () => {
        const grant = new Subject<TokenGrant>();
        grants.push(grant);
        return grant;
      };
      const { clients, path } = await start(2, { refresh });
      const [slow, fast] = clients.map(({ api }) => settleAll([api.get$('/orders')]));
      await vi.waitFor(() => expect(grants).toHaveLength(1));
      unlinkSync(`${path}.lock`);
      await vi.waitFor(() => expect(grants).toHaveLength(2));
      const newest = server.issue();
      grants[1]?.next(newest);
      await fast;
      grants[0]?.next(server.issue('late'));
      expect(errorsOf([...((await slow) ?? []), ...((await fast) ?? [])])).toEqual([undefined, undefined]);
      const tokens = await clients[0]?.store.load();
      await vi.waitFor(() => {
        for (const { session } of clients) expect(session.state).toMatchObject({ status: 'active', tokens });
      });
      expect(tokens).toMatchObject(newest);
      destroyAll(clients);
    });
  },
);
