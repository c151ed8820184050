import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { errorsOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G1',
    title: 'Replicas refresh the same refresh token',
    renewal:
      'Processes that share a store refresh once for all. The others wait for the lock and adopt the new tokens.',
    threads: [
      'neondatabase/mcp-server-neon#233',
      'OpenHikmah/openhikmah-web#595',
      'BerriAI/litellm#31474',
      'BerriAI/litellm#31493',
      'giantswarm/mcp-oauth#513',
    ],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('refreshes once for 4 processes of 25 requests each', async () => {
      const { clients, issued } = await start(4);
      const requests = clients.flatMap(({ api }) => paths(25).map((path) => api.get$(path)));
      expect(errorsOf(await settleAll(requests)).filter(Boolean)).toEqual([]);
      expect(server.presented).toEqual([issued.refreshToken]);
      destroyAll(clients);
    });
  },
);
