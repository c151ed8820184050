import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { json } from '../../support/server';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G10',
    title: 'Only a success is shared: each process presents the refused refresh token itself',
    renewal:
      'A refusal clears the store before the lock is released: the refused refresh token is presented once. A transient failure is not shared.',
    threads: ['neondatabase/mcp-server-neon#233', 'OpenHikmah/openhikmah-web#595'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('presents a refused refresh token once, and ends all sessions', async () => {
      const { clients, issued } = await start(4);
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const errors = errorsOf(await settleAll(clients.map(({ api }) => api.get$('/orders'))));
      for (const error of errors) expect(Object(error).code).toMatch(/^session-expired$|^signed-out$/);
      expect(server.presented).toEqual([issued.refreshToken]);
      expect(await clients[0]?.store.load()).toBeNull();
      destroyAll(clients);
    });

    it('lets another process try after a transient failure', async () => {
      const { clients } = await start(2);
      server.refreshReply = { status: 503 };
      const errors = errorsOf(await settleAll(clients.map(({ api }) => api.get$('/orders'))));
      expect(errors).toMatchObject([{ code: 'refresh' }, { code: 'refresh' }]);
      expect(server.refreshes).toBe(2);
      destroyAll(clients);
    });
  },
);
