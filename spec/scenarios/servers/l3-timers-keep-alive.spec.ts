import { describe, expect, it } from 'vitest';
import { run } from '../../examples/run';
import { failureMode } from '../../support/failure-mode';
import { withServer } from '../../support/with-server';

const SCRIPT = 'spec/support/scripts/exits.ts';

failureMode(
  {
    id: 'L3',
    title: 'Timers and listeners keep a worker or a server-side render alive',
    renewal:
      'A session sets no timer and no listener at its creation, nor after its requests, even during a cool-down. A process that only sends requests ends after the last one.',
  },
  (signal) => {
    const server = withServer(signal);

    /** A child process, which ends by itself or makes this test wait. */
    const runExpired = async () => {
      const { accessToken, refreshToken } = server.issue();
      server.live.delete(accessToken);
      return run(SCRIPT, [server.origin, accessToken, refreshToken]);
    };

    describe('a process that only sends requests', { timeout: 60_000 }, () => {
      it('ends by itself after a refresh; only keepFresh$ keeps a timer', async () => {
        const { code, stdout, stderr } = await runExpired();
        expect([code, stderr]).toEqual([0, '']);
        expect(JSON.parse(stdout)).toEqual({
          results: ['answered', 'answered', 'answered'],
          left: { before: [], made: [], asked: [], 'kept fresh': ['Timeout'], 'no longer kept fresh': [] },
        });
        expect(server.refreshes).toBe(1);
      });

      it('ends by itself after a failed refresh, in spite of the cool-down', async () => {
        server.refreshReply = { status: 503, headers: { 'retry-after': '3600' } };
        const { code, stdout, stderr } = await runExpired();
        expect([code, stderr]).toEqual([0, '']);
        expect(JSON.parse(stdout)).toEqual({
          results: ['refresh', 'refresh', 'refresh'],
          left: { before: [], made: [], asked: [], 'kept fresh': ['Timeout'], 'no longer kept fresh': [] },
        });
      });
    });
  },
);
