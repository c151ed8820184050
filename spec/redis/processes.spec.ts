import { describe, expect, it } from 'vitest';
import { playStorm } from '../support/processes/storm';
import { withRedis } from '../support/redis-server';
import { roundsOf, timeoutOf } from '../support/rounds';

const redis = withRedis();
const ROUNDS = roundsOf(5, 200);

describe('redisStore in 12 processes, of which some are killed and stopped', () => {
  it.each(['status', 'code'] as const)(
    'refreshes once a round and signs nobody out, by %s',
    async (signal) => {
      const report = await playStorm({
        entry: 'spec/support/processes/redis-process.ts',
        place: `${redis.server.url}#${signal}`,
        signal,
        rounds: ROUNDS,
      });
      if (process.env.ROUNDS === 'all') process.stdout.write(`${JSON.stringify({ signal, ...report }, null, 2)}\n`);
      expect(report.faults).toEqual([]);
    },
    // The lock of a process that was killed lapses after 10 s.
    timeoutOf(2 * ROUNDS),
  );
});
