// Runs everything that has to hold before a change goes in, and stops at the first step that fails.
// The last line counts the tests that ran.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const reports = await mkdtemp(join(tmpdir(), 'renewal-test-'));

const step = (script) => ({ script, args: [] });
const suite = (script) => {
  const report = join(reports, `${script.replace(':', '-')}.json`);
  return { script, report, args: ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`] };
};

/** Where the Chromium of this machine is, if it has one. */
function findChromium() {
  const { stdout } = spawnSync('command -v chromium', { shell: true, encoding: 'utf8' });
  return [process.env.CHROMIUM, '/usr/bin/chromium', stdout.trim()].find((path) => path && existsSync(path));
}

const chromium = findChromium();

/** A suite that needs Chromium. A machine of one's own may do without; what CI leaves out, no one runs. */
const browserSuite = (script) => {
  if (chromium) return { ...suite(script), env: { CHROMIUM: chromium } };
  return process.env.CI === 'true' ? { script, fails: 'there is no Chromium here' } : { script, isLeftOut: true };
};

const steps = [
  step('lint'),
  step('types'),
  step('build'),
  suite('unit'),
  suite('angular:versions'),
  browserSuite('browser'),
  suite('package'),
  step('size'),
];

/** Runs a script of package.json. Its output is kept until it is known whether anyone needs to read it. */
function run({ script, args, env, fails }) {
  if (fails) return { ok: false, output: fails };
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(output).toString() }));
  });
}

/** A file that could not be loaded, or whose set-up failed, has failed although none of its tests did. */
const broke = ({ status, assertionResults }) =>
  status === 'failed' && assertionResults.every((test) => test.status !== 'failed');

/** Counts the tests of one suite; none, if it ended before it could write its report. */
async function count(report) {
  const text = await readFile(report, 'utf8').catch(() => '{}');
  const { testResults: files = [] } = JSON.parse(text);
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failed = tests.filter((test) => test.status === 'failed').length;
  return { passed, failed: failed + files.filter(broke).length, skipped: tests.length - passed - failed };
}

const total = { passed: 0, failed: 0, skipped: 0 };
let ok = true;

for (const each of steps) {
  process.stdout.write(`${each.script.padEnd(16)}`);
  if (each.isLeftOut) {
    process.stdout.write('left out: no Chromium found (CHROMIUM, /usr/bin/chromium, or chromium in the PATH)\n');
    continue;
  }
  const startedAt = performance.now();
  const outcome = await run(each);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const counted = each.report ? await count(each.report) : undefined;
  for (const key of Object.keys(counted ?? {})) total[key] += counted[key];
  // a suite that ran nothing has shown nothing, whatever its exit code says
  ok = outcome.ok && (counted === undefined || counted.passed + counted.failed > 0);
  process.stdout.write(`${seconds.padStart(6)} s  ${ok ? 'ok' : 'FAILED'}\n`);
  if (!ok) {
    process.stdout.write(`\n${outcome.output}\n`);
    break;
  }
}

await rm(reports, { recursive: true, force: true });
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = ok ? 0 : 1;
