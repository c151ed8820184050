// Breaks the library on purpose, in ways that other libraries get wrong, and expects the scenarios and the explorer to
// detect each break. `npm run breaks` tries all, `npm run breaks -- cool-down` those with that text in the name.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { breaks } from './breaks-list.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const copied = ['lib', 'spec', 'examples', 'docs', 'scripts', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
const suites = ['spec/scenarios', 'spec/explorer'];

/** Detects a break that makes the library loop: no suite takes this long otherwise. */
const MAX_RUN_MS = 300_000;

const copy = await mkdtemp(join(tmpdir(), 'renewal-breaks-'));
const report = join(copy, 'report.json');

/** Runs a suite in the copy until its first failure; returns the failure, or `undefined` if all passed. */
async function firstFailure(suite) {
  await rm(report, { force: true });
  const args = ['vitest', 'run', suite, '--bail=1', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn('npx', args, { cwd: copy, stdio: 'ignore', detached: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // Its workers too.
    process.kill(-child.pid, 'SIGKILL');
  }, MAX_RUN_MS);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (code === 0) return undefined;
  if (isLate) return `it ran for more than ${MAX_RUN_MS / 1000} s`;
  const { testResults = [] } = JSON.parse(await readFile(report, 'utf8').catch(() => '{}'));
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  if (!failed) throw new Error(`${suite} failed without a failing test`);
  return failed.fullName;
}

async function apply(edits) {
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    const source = await readFile(path, 'utf8');
    if (source.split(from).length !== 2) throw new Error(`${file} no longer holds, once: ${from}`);
    await writeFile(
      path,
      source.replace(from, () => to),
    );
  }
}

const wanted = process.argv.slice(2);
const chosen = breaks.filter(({ name }) => wanted.every((part) => name.includes(part)));
let missed = 0;

try {
  for (const name of copied) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const suite of suites) {
    const failure = await firstFailure(suite);
    if (failure) throw new Error(`nothing is broken yet, and ${suite} fails: ${failure}`);
  }
  for (const { name, edits } of chosen) {
    await cp(join(root, 'lib'), join(copy, 'lib'), { recursive: true });
    await apply(edits);
    console.log(name);
    for (const suite of suites) {
      const failure = await firstFailure(suite);
      if (!failure) missed++;
      console.log(`  ${suite.padEnd(15)} ${failure ? `noticed: ${failure.split('\n')[0].slice(0, 150)}` : 'MISSED'}`);
    }
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}

console.log(
  `${chosen.length} breaks, ${chosen.length * suites.length - missed} of ${chosen.length * suites.length} noticed`,
);
process.exitCode = missed > 0 || chosen.length === 0 ? 1 : 0;
