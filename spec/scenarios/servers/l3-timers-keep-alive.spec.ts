import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../examples/run';
import { failureMode } from '../../support/failure-mode';
import { startServer, type TestServer } from '../../support/server';

const SCRIPT = 'spec/support/scripts/exits.ts';

failureMode(
  {
    id: 'L3',
    title: 'Timers and listeners keep a worker or a server-side render alive',
    renewal:
      'A session sets no timer and listens to nothing when it is made, nor when its requests are done, also while a failed refresh cools down. A process that only sends requests ends after the last one.',
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
    });
    afterEach(() => server.close());

    /** A process of its own, which ends by itself or keeps this test waiting. */
    const runExpired = async () => {
      const { accessToken, refreshToken } = server.issue();
      server.live.delete(accessToken);
      return run(SCRIPT, [server.origin, accessToken, refreshToken]);
    };

    describe('a process that only sends requests', { timeout: 60_000 }, () => {
      it('ends by itself after they were renewed for, with nothing left at any step but what keeps the session fresh', async () => {
        const { code, stdout, stderr } = await runExpired();
        expect([code, stderr]).toEqual([0, '']);
        expect(JSON.parse(stdout)).toEqual({
          results: ['answered', 'answered', 'answered'],
          left: { before: [], made: [], asked: [], 'kept fresh': ['Timeout'], 'no longer kept fresh': [] },
        });
        expect(server.refreshes).toBe(1);
      });

      it('ends by itself after a refresh that failed, although the next one would have to wait', async () => {
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
