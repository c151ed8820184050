import { expect, it } from 'vitest';
import { explore } from './explore';
import { INVARIANTS } from './invariants';

/** Other plans each time; what a failure prints repeats it. */
const { EXPLORER_RUNS = '5000', EXPLORER_SEED, EXPLORER_PATH } = process.env;

it('checks ten invariants', () => {
  expect(INVARIANTS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

it('finds no order of things that breaks one of them', { timeout: 120_000 }, async () => {
  const seed = EXPLORER_SEED === undefined ? undefined : Number(EXPLORER_SEED);
  const failure = await explore({ runs: Number(EXPLORER_RUNS), seed, path: EXPLORER_PATH });
  if (failure) expect.fail(failure);
});
