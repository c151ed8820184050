// Type-checks renewal/angular with each supported version of Angular, and runs its specs with each.
//
//   node scripts/angular-versions.mjs [major ...] [--options of vitest]
//
// By default it runs 20 and 22, the versions that the repository itself does not use. The last line is
// `N passed, M failed, K skipped`. It counts specs; a failed type check is one failure, a version that cannot run here
// is one skipped, and a line says why. The exit code is 0 if something passed and nothing failed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The versions, each with the minimum major version of Node. Packages of the repository's own version come from the
 * repository.
 */
const VERSIONS = new Map([
  ['20', { node: 20, packages: 'spec/package/angular-20' }],
  ['21', { node: 20 }],
  ['22', { node: 24, packages: 'spec/package/angular-22' }],
]);

/** The folders that run, and the files that they need. */
const SPECS = ['spec/angular', 'spec/scenarios/angular'];
const COPIED = ['lib', ...SPECS, 'spec/support', 'docs/angular.md', 'vitest.config.ts'];

const NPM_FLAGS = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

const cache =
  process.env.RENEWAL_COMPAT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'renewal-compat');

/** The reason why a version cannot run here. */
class LeftOut extends Error {}

/** Runs a command; its exit code. */
const run = (cwd, command, args) => spawnSync(command, args, { cwd, stdio: 'inherit' }).status ?? 1;

/** A recent enough Node: this one, or one from the npm registry, installed outside the repository. */
async function nodeBinary(major) {
  if (Number.parseInt(process.versions.node, 10) >= major) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `angular-node-${major}`);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) {
    await mkdir(folder, { recursive: true });
    const code = run(folder, 'npm', ['install', ...NPM_FLAGS, '--prefix', folder, `${name}@${major}`]);
    if (code !== 0 || !existsSync(binary)) throw new LeftOut(`it needs Node ${major}, and ${name} cannot be installed`);
  }
  return binary;
}

/** Everything except Angular and its dependencies comes from the repository. */
async function linkTheRest(folder) {
  const modules = join(root, 'node_modules');
  const own = new Set(await readdir(join(folder, 'node_modules')));
  for (const name of await readdir(modules)) {
    if (!own.has(name)) await symlink(join(modules, name), join(folder, 'node_modules', name));
  }
}

/** Fills a folder with this version of Angular, the specs, and the code under test. */
async function prepare(folder, packages) {
  for (const path of COPIED) await cp(join(root, path), join(folder, path), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await cp(join(root, packages, name), join(folder, name));
  if (run(folder, 'npm', ['ci', ...NPM_FLAGS]) !== 0) throw new LeftOut('its packages cannot be installed');
  await linkTheRest(folder);
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.base.json'));
  const config = { extends: './tsconfig.base.json', include: ['lib', ...SPECS] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
}

/** Checks the types and runs the specs in a folder. */
async function check(folder, node, results, vitestArgs) {
  const script = (path) => join(root, 'node_modules', path);
  if (run(folder, node, [script('typescript/bin/tsc'), '--noEmit']) !== 0) return { passed: 0, failed: 1, skipped: 0 };
  const isGiven = vitestArgs.some((arg) => arg.startsWith('--reporter'));
  const reporters = [...(isGiven ? [] : ['--reporter=default']), '--reporter=json', `--outputFile.json=${results}`];
  const code = run(folder, node, [script('vitest/vitest.mjs'), 'run', ...reporters, ...SPECS, ...vitestArgs]);
  // A reporter that stops at the first failure leaves no results.
  const found = existsSync(results) ? await readFile(results, 'utf8') : '{}';
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = JSON.parse(found);
  // A run also fails by errors outside its specs.
  const failed = numFailedTests || Number(code !== 0);
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

async function checkVersion(major, vitestArgs) {
  const { node, packages } = VERSIONS.get(major);
  // Outside the repository, so that no lookup finds the repository's files.
  const folder = await mkdtemp(join(await realpath(tmpdir()), `renewal-angular-${major}-`));
  try {
    const binary = await nodeBinary(node);
    if (packages) await prepare(folder, packages);
    return await check(packages ? folder : root, binary, join(folder, 'results.json'), vitestArgs);
  } catch (error) {
    if (!(error instanceof LeftOut)) throw error;
    console.log(`Angular ${major} is left out: ${error.message}`);
    return { passed: 0, failed: 0, skipped: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const vitestArgs = args.filter((arg) => arg.startsWith('-') && arg !== '--');
const asked = args.filter((arg) => !arg.startsWith('-'));
const majors = asked.length > 0 ? asked : ['20', '22'];
// The sum over all versions: a reporter would overwrite the file for each.
const { RENEWAL_COUNTS: counts } = process.env;
delete process.env.RENEWAL_COUNTS;
const unknown = majors.filter((major) => !VERSIONS.has(major));
if (unknown.length > 0) throw new TypeError(`versions: expected some of ${[...VERSIONS.keys()].join(', ')}`);

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const major of majors) {
  console.log(`Angular ${major}`);
  const counted = await checkVersion(major, vitestArgs);
  for (const name of Object.keys(sum)) sum[name] += counted[name];
}
if (counts) await writeFile(counts, JSON.stringify(sum));
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
