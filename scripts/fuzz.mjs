// Random responses, most of them invalid, over both transports: `npm run fuzz -- 20000`, or with the Node binaries to
// run it on, `npm run fuzz -- 20000 path/to/node …`. Fails on an uncaught exception, an unhandled rejection, a hang, or
// a valid response that did not arrive.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [count = '20000', ...binaries] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(count)) throw new TypeError('count: expected a whole number above 0');

const root = fileURLToPath(new URL('..', import.meta.url));
const args = ['node_modules/vitest/vitest.mjs', 'run', 'spec/transports/node/fuzz.spec.ts', '--reporter=dot'];
const env = { ...process.env, FUZZ_COUNT: count, FUZZ_SEED: process.env.FUZZ_SEED ?? String(Date.now() % 2 ** 31) };

for (const binary of binaries.length > 0 ? binaries : [process.execPath]) {
  const { stdout: version } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(binary, args, { cwd: root, env, encoding: 'utf8' });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const outcome = status === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`Node ${version?.trim()}: ${count} answers, seed ${env.FUZZ_SEED}: ${outcome} (${seconds} s)\n`);
  if (status === 0) continue;
  process.stdout.write(`${stdout}\n${stderr}\n`);
  process.exitCode = 1;
}
