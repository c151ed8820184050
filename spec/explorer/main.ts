// Runs many more plans than the tests do, until a plan breaks an invariant: `npm run explore -- --runs=200000`.
// `--seed` and `--path` repeat a plan.
import { parseArgs } from 'node:util';
import { explore } from './explore';

/** The number of plans between two lines of progress. */
const BATCH = 5_000;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200000' }, seed: { type: 'string' }, path: { type: 'string' } },
});
const runs = values.path === undefined ? Number(values.runs) : 1;
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(runs) || !Number.isInteger(firstSeed))
  throw new TypeError('--runs and --seed: not whole numbers');

const startedMs = performance.now();
let done = 0;
while (done < runs) {
  const batch = Math.min(BATCH, runs - done);
  const seed = firstSeed + done / BATCH;
  const failure = await explore({ runs: batch, seed, path: values.path });
  if (failure) {
    console.error(failure);
    process.exit(1);
  }
  done += batch;
  const each = (performance.now() - startedMs) / done;
  console.log(`${done} of ${runs} runs hold, ${Math.round(1000 / each)} a second (seed ${seed})`);
}
