import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { identify } from '../../../lib/node/process-identity';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { REFRESH } from '../../support/server';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G5',
    title: 'A process ends after the server has rotated the tokens, before it stores them',
    renewal:
      'Its lock is removed at once. The next process presents the stored refresh token once: a refusal ends the session for all, with one error each, and no process hangs.',
    threads: ['giantswarm/mcp-oauth#513'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('waits for no lock, and ends the session with one refused refresh', async () => {
      const { clients, path, issued } = await start(3);
      await settleAll(
        clients.slice(0, 1).map(({ http }) => http.post$(REFRESH, { refreshToken: issued.refreshToken })),
      );
      const { pid } = spawnSync(process.execPath, ['-e', '']);
      writeFileSync(`${path}.lock`, JSON.stringify({ ...identify(), pid, nonce: 'abcdef0123456789' }));
      const startedAtMs = performance.now();
      const errors = errorsOf(await settleAll(clients.map(({ api }) => api.get$('/orders'))));
      expect(performance.now() - startedAtMs).toBeLessThan(4_000);
      expect(errors.map((error) => Object(error).code).sort()).toEqual(
        expect.arrayContaining([expect.stringMatching(/^session-expired|signed-out$/)]),
      );
      expect(errors.filter(Boolean)).toHaveLength(3);
      expect(server.presented).toEqual([issued.refreshToken, issued.refreshToken]);
      for (const { session } of clients) expect(session.state.status).toBe('signed-out');
      destroyAll(clients);
    });
  },
);
