import { expect, it } from 'vitest';
import { run } from '../../examples/run';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G12',
    title: 'A lease, a watcher or a background failure keeps a process alive, or ends it',
    renewal:
      'Only a wait for the lock keeps a process alive: timers of leases and watchers do not. No rejection of renewal is unhandled.',
    threads: ['auth0/node-auth0#9', 'mailgun/mailgun-js-boland#141', 'jaredwray/cacheable#637'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it.each([
      ['after a refresh', undefined, 'fulfilled'],
      ['after a failed refresh', { status: 503 }, 'rejected'],
    ] as const)('ends by itself within a second %s', { timeout: 30_000 }, async (_name, reply, result) => {
      const { clients, path } = await start(1);
      server.refreshReply = reply;
      const { code, stdout, stderr } = await run('spec/support/scripts/exits-with-file.ts', [server.origin, path]);
      expect([code, stderr]).toEqual([0, '']);
      const { results, waitedMs } = JSON.parse(stdout);
      expect(results).toEqual([result, result, result]);
      expect(waitedMs).toBeLessThan(1_000);
      destroyAll(clients);
    });
  },
);
