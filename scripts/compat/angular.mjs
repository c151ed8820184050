import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './process.mjs';
import { root } from './tarball.mjs';

const CLOSING = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** The exact version of Angular that a folder requires, or the repository itself. */
async function versionOf(major) {
  const manifests = [`spec/package/angular-${major}/package.json`, 'package.json'];
  for (const path of manifests) {
    const text = await readFile(join(root, path), 'utf8').catch(() => '{}');
    const { dependencies = {}, devDependencies = {} } = JSON.parse(text);
    const version = { ...devDependencies, ...dependencies }['@angular/core'];
    if (version?.startsWith(`${major}.`)) return version;
  }
  return `${major}`;
}

/** Runs the specs for Angular with one of its major versions. */
export async function angular(major, say) {
  const script = join(root, 'scripts/angular-versions.mjs');
  const { code, stdout, stderr } = await run(process.execPath, [script, `${major}`], { cwd: root });
  const [passed, failed, skipped] = CLOSING.exec(stdout)?.slice(1).map(Number) ?? [0, 1, 0];
  const isRed = code !== 0 || failed > 0 || passed === 0;
  if (isRed) say(`FAILED angular-${major}\n${`${stdout}${stderr}`.split('\n').slice(-120).join('\n')}`);
  return {
    version: await versionOf(major),
    ran: 'types and specs of `renewal/angular`, on the sources',
    passed,
    failed: isRed ? Math.max(failed, 1) : 0,
    skipped,
    failures: isRed ? [`angular-${major}: ended with ${code}`] : [],
  };
}
