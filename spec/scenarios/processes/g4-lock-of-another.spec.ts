import { readFileSync, unlinkSync } from 'node:fs';
import type { TokenGrant } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G4',
    title: 'A process releases a lock that another one has taken over',
    renewal: 'A lock has a random name of its holder, and only that holder releases it.',
    threads: ['neondatabase/mcp-server-neon#233', 'giantswarm/mcp-oauth#513'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('leaves the lock of the other process in place', async () => {
      const grants: Subject<TokenGrant>[] = [];
      const refresh = () => {
        const grant = new Subject<TokenGrant>();
        grants.push(grant);
        return grant;
      };
      const { clients, path } = await start(2, { refresh });
      const requests = clients.map(({ api }) => settleAll([api.get$('/orders')]));
      await vi.waitFor(() => expect(grants).toHaveLength(1));
      unlinkSync(`${path}.lock`);
      await vi.waitFor(() => expect(grants).toHaveLength(2));
      const lock = readFileSync(`${path}.lock`, 'utf8');
      grants[0]?.error(new Error('the first refresh has failed'));
      const first = (await Promise.race(requests)) ?? [];
      expect(errorsOf(first)).toMatchObject([{ code: 'refresh' }]);
      expect(readFileSync(`${path}.lock`, 'utf8')).toBe(lock);
      grants[1]?.next(server.issue());
      await Promise.all(requests);
      destroyAll(clients);
    });
  },
);
