import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { REFRESH } from '../../support/server';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G2',
    title: 'A process that gets the lock refreshes without a second look',
    renewal:
      'A refresh reads the store again under the lock. If it holds newer tokens, they are adopted, and nothing is sent.',
    threads: ['giantswarm/mcp-oauth#513', 'neondatabase/mcp-server-neon#233'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('adopts what the process before it has stored', async () => {
      const { clients, issued } = await start(2);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const all = settleAll(clients.map(({ api }) => api.get$('/orders')));
      await Promise.all([refresh.arrived(1), ...clients.map(({ received }) => received('/orders'))]);
      refresh.open();
      expect(errorsOf(await all)).toEqual([undefined, undefined]);
      expect(server.presented).toEqual([issued.refreshToken]);
      expect(clients.map(({ session }) => session.state)).toEqual([
        expect.objectContaining({ status: 'active', tokens: expect.objectContaining({ accessToken: 'a.access.2' }) }),
        expect.objectContaining({ status: 'active', tokens: expect.objectContaining({ accessToken: 'a.access.2' }) }),
      ]);
      destroyAll(clients);
    });
  },
);
