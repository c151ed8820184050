// Type-checks renewal/angular with the oldest Angular that it works with, and runs its specs; the newest is what all else runs with.
// Arguments are handed on to vitest.
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldest = join(root, 'spec/package/angular-20');

/** What is copied: the specs, what they test, and what both are read with. */
const COPIED = ['lib', 'spec/angular', 'spec/scenarios/angular', 'spec/support', 'vitest.config.ts'];

// Outside the repository, so that nothing is found there by walking up.
const folder = await mkdtemp(join(await realpath(tmpdir()), 'renewal-angular-'));

/** Runs a command of the repository in the folder; its exit code. */
const run = (command, args) => spawnSync(command, args, { cwd: folder, stdio: 'inherit' }).status ?? 1;
const bin = (name) => join(root, 'node_modules/.bin', name);

/** Everything but Angular and what comes with it is what the repository has. */
async function linkTheRest() {
  const modules = join(root, 'node_modules');
  const own = new Set(await readdir(join(folder, 'node_modules')));
  for (const name of await readdir(modules)) {
    if (!own.has(name)) await symlink(join(modules, name), join(folder, 'node_modules', name));
  }
}

async function prepare() {
  for (const path of COPIED) await cp(join(root, path), join(folder, path), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await cp(join(oldest, name), join(folder, name));
  const code = run('npm', [
    'ci',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (code !== 0) return code;
  await linkTheRest();
  const include = ['lib', 'spec/angular', 'spec/scenarios/angular'];
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.base.json'));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ extends: './tsconfig.base.json', include }));
  return 0;
}

let code = await prepare();
if (code === 0) code = run(bin('tsc'), ['--noEmit']);
if (code === 0) code = run(bin('vitest'), ['run', ...process.argv.slice(2)]);
await rm(folder, { recursive: true, force: true });
process.exitCode = code;
