// Runs the specs of the repository with one Node binary: on the tarball if possible, else on the sources.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sum } from '../counts.mjs';
import { root } from '../tarball.mjs';
import { partition } from './partition.mjs';
import { runVitest } from './vitest.mjs';
import { makeWorkspace } from './workspace.mjs';

/**
 * Runs the specs that `accepts` selects. `node` is the path of a binary, `rxjs` a `node_modules` with another rxjs: the
 * specs of the sources do not depend on it and are left out.
 */
export async function runSuites(name, { node = process.execPath, rxjs, accepts = () => true, say }) {
  const { byName, ofSources } = await partition(accepts);
  const folder = await makeWorkspace(name, rxjs);
  await writeFile(join(folder, 'specs.json'), JSON.stringify(byName));
  const onTarball = await runVitest(node, folder, ['--config', 'vitest.tarball.config.ts'], say);
  if (rxjs !== undefined || ofSources.length === 0)
    return { ...onTarball, files: { byName: byName.length, ofSources: 0 } };
  const onSources = await runVitest(node, root, ofSources, say);
  return { ...sum([onTarball, onSources]), files: { byName: byName.length, ofSources: ofSources.length } };
}
