// A copy of the specs without the sources, beside an installed tarball.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from '../process.mjs';
import { makeFolder, root, tarball } from '../tarball.mjs';

/** Files that lead to the sources, or would make the copy itself the package. */
const LEFT_OUT = /^(lib\/|package(-lock)?\.json$|tsconfig\.json$|scripts\/)/;

async function copySpecs(folder) {
  const listed = await output('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of new Set(listed.split('\0'))) {
    if (path !== '' && !LEFT_OUT.test(path) && existsSync(join(root, path))) {
      await cp(join(root, path), join(folder, path));
    }
  }
}

/** Links the packages of the repository that the workspace lacks. */
async function linkTheRest(folder) {
  const modules = join(root, 'node_modules');
  const own = new Set(await readdir(join(folder, 'node_modules')));
  for (const name of await readdir(modules)) {
    if (!own.has(name) && (name === '.bin' || !name.startsWith('.'))) {
      await symlink(join(modules, name), join(folder, 'node_modules', name));
    }
  }
}

/**
 * Creates a folder in which `renewal` is the tarball. `rxjs`: a `node_modules` with another rxjs than the repository's.
 */
export async function makeWorkspace(name, rxjs) {
  const folder = await makeFolder(name);
  await mkdir(join(folder, 'node_modules'));
  await cp(await tarball(), join(folder, 'node_modules/renewal'), { recursive: true });
  if (rxjs !== undefined) await cp(join(rxjs, 'rxjs'), join(folder, 'node_modules/rxjs'), { recursive: true });
  await copySpecs(folder);
  await linkTheRest(folder);
  const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8'));
  const { paths: _, ...options } = compilerOptions;
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['spec'] }));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'workspace', private: true, type: 'module' }));
  await cp(join(root, 'scripts/compat/suites/vitest.tarball.config.ts'), join(folder, 'vitest.tarball.config.ts'));
  return folder;
}
