import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { playStorm } from '../support/processes/storm';
import { roundsOf, timeoutOf } from '../support/rounds';

const root = mkdtempSync(join(tmpdir(), 'renewal-processes-'));
afterAll(() => rmSync(root, { recursive: true }));

const ROUNDS = roundsOf(5, 200);

describe('fileStore in 12 processes, of which some are killed and stopped', () => {
  it.each(['status', 'code'] as const)(
    'refreshes once a round and signs nobody out, by %s',
    async (signal) => {
      const report = await playStorm({
        entry: 'spec/support/processes/file-process.ts',
        place: join(root, `${signal}.json`),
        signal,
        rounds: ROUNDS,
      });
      if (process.env.ROUNDS === 'all') process.stdout.write(`${JSON.stringify({ signal, ...report }, null, 2)}\n`);
      expect(report.faults).toEqual([]);
    },
    timeoutOf(ROUNDS),
  );
});
