// Mutation testing of `lib`, part by part: `npm run mutation` for all parts, `npm run mutation -- stores` for one. The
// specs beside a part come first; mutants that they do not notice are tested with all specs in virtual time. Prints the
// score of each part and of all, and what survives; `docs/mutation.md` explains it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PARTS = ['session', 'stores', 'http', 'interceptors', 'transports'];
const MIN_SCORE = 93;

const named = process.argv.slice(2);
const parts = PARTS.filter((part) => named.length === 0 || named.includes(part));
if (parts.length < named.length) throw new TypeError(`expected parts among ${PARTS.join(', ')}`);

/** The mutants of a pass that count: those that are ignored or do not compile do not. */
const test = (part, specs, ranges) => {
  const env = { ...process.env, MUTATION_PART: part, MUTATION_SPECS: specs, MUTATION_RANGES: ranges ?? '' };
  const { status } = spawnSync('npx', ['stryker', 'run'], { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`${part}: the pass with ${specs} specs has failed`);
  const { files } = JSON.parse(readFileSync(`.tmp/mutation/${part}-${specs}.json`, 'utf8'));
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants
      .filter(({ status }) => /^(Killed|Timeout|Survived|NoCoverage)$/.test(status))
      .map(({ status, location: { start, end }, mutatorName, replacement }) => ({
        range: `${file}:${start.line}:${start.column}-${end.line}:${end.column}`,
        change: `${mutatorName}, ${String(replacement).replace(/\s+/g, ' ').slice(0, 60)}`,
        isNoticed: /^(Killed|Timeout)$/.test(status),
      })),
  );
};

const nameOf = ({ range, change }) => `${range} ${change}`;

const print = (name, noticed, all) => {
  console.log(`${name.padEnd(14)}${noticed} of ${all} noticed, ${((100 * noticed) / all).toFixed(1)} %`);
};

let [noticed, all] = [0, 0];
for (const part of parts) {
  const near = test(part, 'near');
  const left = near.filter(({ isNoticed }) => !isNoticed);
  const ranges = [...new Set(left.map(({ range }) => range))];
  const far = ranges.length > 0 ? test(part, 'far', JSON.stringify(ranges)) : [];
  const found = new Set(far.filter(({ isNoticed }) => isNoticed).map(nameOf));
  const survivors = left.filter((mutant) => !found.has(nameOf(mutant)));
  for (const survivor of survivors) console.log(nameOf(survivor));
  print(part, near.length - survivors.length, near.length);
  noticed += near.length - survivors.length;
  all += near.length;
}
print('all', noticed, all);
process.exit((100 * noticed) / all < MIN_SCORE ? 1 : 0);
