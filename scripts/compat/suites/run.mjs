// Runs the specs of the repository with one binary of Node: on the tarball what can, on the sources what must.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../process.mjs';
import { makeFolder, root } from '../tarball.mjs';
import { partition } from './partition.mjs';
import { makeWorkspace } from './workspace.mjs';

const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url));

/** Runs vitest in a folder; resolves to what it counted. A run that left no count has failed as a whole. */
async function vitest(node, folder, args, say) {
  const report = join(await makeFolder('report'), 'report.json');
  const { code, stderr, stdout } = await run(
    node,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', `--reporter=${reporter}`, ...args],
    {
      cwd: folder,
      // scripts that specs start by name have to find the same Node
      env: { RENEWAL_COMPAT_REPORT: report, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
      onLine: say,
    },
  );
  const counted = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
  if (counted === undefined || counted.passed + counted.failed === 0) {
    return { passed: 0, failed: 1, skipped: 0, failures: [`vitest ended with ${code}\n${stdout}${stderr}`] };
  }
  if (code !== 0 && counted.failed === 0) return { ...counted, failed: 1, failures: [`vitest ended with ${code}\n${stderr}`] };
  return counted;
}

const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
});

/**
 * Runs the specs that `accepts` lets through. `node` is the path of a binary, `rxjs` a `node_modules` with another rxjs:
 * specs of the sources then have nothing to say and are left out.
 */
export async function runSuites(name, { node = process.execPath, rxjs, accepts = () => true, say }) {
  const { byName, ofSources } = await partition(accepts);
  const folder = await makeWorkspace(name, rxjs);
  await writeFile(join(folder, 'specs.json'), JSON.stringify(byName));
  const onTarball = await vitest(node, folder, ['--config', 'vitest.tarball.config.ts'], say);
  if (rxjs !== undefined || ofSources.length === 0) return { ...onTarball, files: { byName: byName.length, ofSources: 0 } };
  const onSources = await vitest(node, root, ofSources, say);
  return { ...add(onTarball, onSources), files: { byName: byName.length, ofSources: ofSources.length } };
}
