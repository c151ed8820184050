import { expect, it } from 'vitest';
import { explore } from './explore';
import { INVARIANTS } from './invariants';

/**
 * The same plans each time, so that a test that fails has found something in the change at hand; `npm run explore`
 * makes others.
 */
const { EXPLORER_RUNS = '4000', EXPLORER_SEED = '20261124', EXPLORER_PATH } = process.env;

it('checks twelve invariants', () => {
  expect(INVARIANTS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

it('finds no order of things that breaks one of them', { timeout: 120_000 }, async () => {
  const seed = Number(EXPLORER_SEED);
  const failure = await explore({ runs: Number(EXPLORER_RUNS), seed, path: EXPLORER_PATH });
  if (failure) expect.fail(failure);
});
