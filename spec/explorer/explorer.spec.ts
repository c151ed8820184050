import { expect, it } from 'vitest';
import { explore } from './explore';
import { INVARIANTS } from './invariants';

/**
 * The same plans in each run, so that a failure is due to the change at hand. `npm run explore` makes other plans.
 */
const { EXPLORER_RUNS = '4000', EXPLORER_SEED = '20261124', EXPLORER_PATH } = process.env;

it('the explorer checks twelve invariants', () => {
  expect(INVARIANTS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

it('the explorer finds no plan that breaks an invariant', { timeout: 120_000 }, async () => {
  const seed = Number(EXPLORER_SEED);
  const failure = await explore({ runs: Number(EXPLORER_RUNS), seed, path: EXPLORER_PATH });
  if (failure) expect.fail(failure);
});
