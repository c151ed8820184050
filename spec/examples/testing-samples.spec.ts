import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../angular/support/testbed';
import { createShop } from '../../examples/testing/shop';
import { run } from './run';

const FOLDER = fileURLToPath(new URL('../../examples/testing', import.meta.url));

/** The test that each runner has. */
const TITLE = 'shows a page although its token expires in the middle';
const RUNNERS = ['vitest.spec.ts', 'jest.test.js', 'node.test.ts', 'angular.spec.ts'];

const MAX_LINES = 8;
const MAX_MS = 50;

/** The code is run three times: on a busy machine, the shortest run counts. */
const ROUNDS = [1, 2, 3];

/** The lines of the test, its first and last included. */
const linesOf = (name: string): readonly string[] => {
  const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(`it('${TITLE}'`));
  return lines.slice(start, lines.indexOf('});', start) + 1);
};

describe('the test of an expiry', () => {
  it.each(RUNNERS)('has at most eight lines: %s', (name) => {
    const { length } = linesOf(name);
    expect(length).toBeGreaterThan(4);
    expect(length).toBeLessThanOrEqual(MAX_LINES);
  });

  it('lets the token expire after five of ten requests', async () => {
    const backend = fakeBackend({ routes: { '/orders': async () => ({ id: 7 }) } });
    const { session, page$ } = createShop({ transport: backend.transport });
    await session.signIn(backend.issue());
    const page = firstValueFrom(page$);
    backend.expireTokens();
    await page;
    const orders = backend.log.filter(({ path }) => path === '/orders');
    expect(orders.map(({ token, status }) => `${token} ${status}`)).toEqual([
      ...Array(5).fill('user.access.1 200'),
      'user.access.1 401',
      ...Array(5).fill('user.access.2 200'),
    ]);
  });

  it('is green in node:test, in less than 50 ms', async () => {
    const measured: number[] = [];
    for (const _round of ROUNDS) {
      const { code, stdout } = await run('--test', ['--test-reporter=tap', `${FOLDER}/node.test.ts`]);
      expect(stdout).toMatch(/^# fail 0$/m);
      expect(code).toBe(0);
      measured.push(Number(new RegExp(`^ok \\d+ - ${TITLE}\\n.*\\n *duration_ms: (.+)$`, 'm').exec(stdout)?.[1]));
    }
    expect(Math.min(...measured)).toBeLessThan(MAX_MS);
  }, 30_000);
});

// A sample may have replaced the clock.
const now = performance.now.bind(performance);

describe.each(['vitest', 'angular'])('the samples for %s', (runner) => {
  const durations: number[] = [];
  let startedAt = 0;

  beforeEach(() => {
    startedAt = now();
  });

  afterEach(({ task }) => {
    if (task.name === TITLE) durations.push(now() - startedAt);
  });

  afterAll(() => {
    expect(durations).toHaveLength(ROUNDS.length);
    expect(Math.min(...durations)).toBeLessThan(MAX_MS);
  });

  describe.each(ROUNDS)('round %i', async (round) => {
    // Another query loads the file once more, which declares its tests.
    await import(/* @vite-ignore */ `${FOLDER}/${runner}.spec.ts?round=${round}`);
  });
});

const OTHERS = readdirSync(FOLDER).filter((name) => name.endsWith('.spec.ts') && !RUNNERS.includes(name));

describe.each(OTHERS)('the sample %s', async (name) => {
  await import(/* @vite-ignore */ `${FOLDER}/${name}`);
});
