import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G6',
    title: 'A lock that is impossible counts as held, or one that is held counts as free',
    renewal:
      'Held and impossible are two outcomes. A held lock is waited for. If no lock is possible, the process refreshes by itself, and a warning says that the tokens could not be stored.',
    threads: ['BerriAI/litellm#31474', 'neondatabase/mcp-server-neon#233'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('refreshes once for all requests of a process without a directory, and warns', async () => {
      const { clients, path, issued } = await start(1);
      const [client] = clients;
      if (!client) throw new Error('expected a client');
      const warnings: string[] = [];
      client.api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
      rmSync(dirname(path), { recursive: true });
      const requests = ['/a', '/b', '/c'].map((each) => client.api.get$(each));
      expect(errorsOf(await settleAll(requests)).filter(Boolean)).toEqual([]);
      expect(server.presented).toEqual([issued.refreshToken]);
      expect(warnings).toContain('write: FileStoreError ENOENT');
      destroyAll(clients);
    });
  },
);
