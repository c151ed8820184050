// Runs every check that a change has to pass, and stops at the first failure. `npm test -- lint quick` runs these steps
// only. The last line counts the tests that ran.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url));
const counts = await mkdtemp(join(tmpdir(), 'renewal-test-'));

/** Runs first, since it takes seconds and detects most faults. */
const QUICK = ['session', 'http', 'interceptors', 'stores', 'platform', 'devtools', 'servers.spec.ts', 'api.spec.ts'];

/** The other suites that `npm run unit` includes. */
const others = readdirSync(join(root, 'spec')).filter(
  (name) => !['package', 'browser', 'redis', ...QUICK].includes(name),
);

const filters = (names) => names.map((name) => (name.endsWith('.ts') ? `spec/${name}` : `spec/${name}/`));

const step = (name) => ({ name, script: name, args: [] });
const suite = (name, { script = name, args = [] } = {}) => ({
  name,
  script,
  args: [`--reporter=${reporter}`, ...args],
  counts: join(counts, `${name.replace(':', '-')}.json`),
});

/** The path of Chromium on this machine, if there is one. */
function findChromium() {
  const { stdout } = spawnSync('command -v chromium', { shell: true, encoding: 'utf8' });
  return [process.env.CHROMIUM, '/usr/bin/chromium', stdout.trim()].find((path) => path && existsSync(path));
}

/** The path of a Redis server on this machine, if there is one. */
function findRedis() {
  const { stdout } = spawnSync('command -v redis-server', { shell: true, encoding: 'utf8' });
  return [process.env.REDIS_SERVER, stdout.trim()].find((path) => path && existsSync(path));
}

const chromium = findChromium();
const redis = findRedis();
const NO_CHROMIUM = 'no Chromium found (CHROMIUM, /usr/bin/chromium, or chromium in the PATH)';
const NO_REDIS = 'no Redis server found (REDIS_SERVER, or redis-server in the PATH)';

/** A suite that needs a program. A developer's machine may lack it; in CI nothing is left out. */
const suiteWith = (name, env, missing) => {
  if (Object.values(env).every(Boolean)) return { ...suite(name), env };
  return process.env.CI === 'true' ? { name, fails: missing } : { name, isLeftOut: true, missing };
};

const steps = [
  step('lint'),
  suite('quick', { script: 'unit', args: filters(QUICK) }),
  step('types'),
  step('build'),
  suite('unit', { args: filters(others) }),
  suite('angular:versions'),
  suiteWith('redis', { REDIS_SERVER: redis }, NO_REDIS),
  suiteWith('browser', { CHROMIUM: chromium }, NO_CHROMIUM),
  suite('package'),
  step('size'),
];

/** The maximum silence of a step: a longer one means an endless loop. */
const MAX_SILENCE_MS = 600_000;

let running;

/** Ends all processes that a step has started. */
function kill() {
  try {
    if (running?.pid) process.kill(-running.pid, 'SIGKILL');
  } catch {} // all of them have ended
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    kill();
    process.kill(process.pid, signal);
  });
}

/** Runs a script of package.json and shows its output; resolves with its success. */
function run({ script, args, env, counts: RENEWAL_COUNTS }) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, to be killed with all its children.
      detached: true,
      env: { ...process.env, ...env, ...(RENEWAL_COUNTS && { RENEWAL_COUNTS }) },
    });
    running = child;
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        process.stdout.write(`nothing was printed for ${MAX_SILENCE_MS / 1000} s\n`);
        kill();
      }, MAX_SILENCE_MS);
    };
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.on('data', heard).pipe(to, { end: false });
    }
    heard();
    child.on('error', (error) => process.stderr.write(`${error.message}\n`));
    // Leftovers of a failed run keep its output open, so this does not wait for 'close'.
    child.on('exit', (code) => code !== 0 && kill());
    child.on('close', (code) => {
      clearTimeout(silence);
      resolve(code === 0);
    });
  });
}

const NONE = { passed: 0, failed: 0, skipped: 0 };
const total = { ...NONE };

/** True if the step has passed. A suite that ran no test has proved nothing, whatever its exit code. */
async function hold(each) {
  if (each.fails) {
    process.stdout.write(`${each.fails}\n`);
    return false;
  }
  const ok = await run(each);
  if (!each.counts) return ok;
  const counted = JSON.parse(await readFile(each.counts, 'utf8').catch(() => JSON.stringify(NONE)));
  for (const key of Object.keys(NONE)) total[key] += counted[key];
  if (counted.passed + counted.failed === 0) process.stdout.write('no test has run\n');
  return ok && counted.passed > 0;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !steps.some((each) => each.name === name));
if (unknown.length > 0)
  throw new Error(`there is no step ${unknown.join(', ')}; there are ${steps.map(({ name }) => name).join(', ')}`);

let ok = true;
let leftOut = '';
for (const each of steps) {
  const { name, isLeftOut, missing } = each;
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (isLeftOut) {
    leftOut += `== ${name} left out: ${missing}\n`;
    continue;
  }
  process.stdout.write(`== ${name}\n`);
  const startedAt = performance.now();
  ok = await hold(each);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`== ${name} ${ok ? 'ok' : 'FAILED'}, ${seconds} s\n`);
  if (!ok) break;
}

await rm(counts, { recursive: true, force: true });
process.stdout.write(`${leftOut}${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = ok ? 0 : 1;
