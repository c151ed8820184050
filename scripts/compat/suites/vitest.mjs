import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../process.mjs';
import { makeFolder, root } from '../tarball.mjs';

const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url));

/** Runs the repository's vitest in a folder; resolves with its counts. A run without counts has failed as a whole. */
export async function runVitest(node, folder, args, say, env = {}) {
  const report = join(await makeFolder('report'), 'report.json');
  const { code, stderr, stdout } = await run(
    node,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', `--reporter=${reporter}`, ...args],
    {
      cwd: folder,
      // scripts that specs start by name have to find the same Node
      env: { RENEWAL_COMPAT_REPORT: report, PATH: `${dirname(node)}${delimiter}${process.env.PATH}`, ...env },
      onLine: say,
    },
  );
  const counted = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')) : undefined;
  if (counted === undefined || counted.passed + counted.failed === 0) {
    return { passed: 0, failed: 1, skipped: 0, failures: [`vitest ended with ${code}\n${stdout}${stderr}`] };
  }
  if (code !== 0 && counted.failed === 0)
    return { ...counted, failed: 1, failures: [`vitest ended with ${code}\n${stderr}`] };
  return counted;
}
