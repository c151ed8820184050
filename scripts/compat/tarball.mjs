// The package as it is published, and projects that have it installed.
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './process.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const folders = [];

/** Creates an empty folder outside the repository, so that no lookup finds the repository's files. */
export async function makeFolder(name) {
  const folder = await mkdtemp(join(await realpath(tmpdir()), `renewal-compat-${name}-`));
  folders.push(folder);
  return folder;
}

/** Removes every folder that was made. */
export async function removeFolders() {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Builds and packs the package. RENEWAL_COMPAT_TARBALL names an existing tarball. */
async function pack(folder) {
  if (process.env.RENEWAL_COMPAT_TARBALL) return resolve(process.env.RENEWAL_COMPAT_TARBALL);
  await output('npm', ['run', '--silent', 'build'], { cwd: root });
  const packed = await output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed);
  return join(folder, filename);
}

async function unpack() {
  const folder = await makeFolder('tarball');
  await output('tar', ['-xzf', await pack(folder), '-C', folder]);
  return join(folder, 'package');
}

let unpacked;

/** The folder of the unpacked tarball, which is packed once. */
export function tarball() {
  unpacked ??= unpack();
  return unpacked;
}

const dependenciesOf = async (folder) => {
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return Object.keys(dependencies);
};

/**
 * Installs the tarball and its dependencies into a `node_modules`. Dependencies are those of the repository's lock
 * file, possibly with another rxjs.
 */
export async function installInto(modules, { rxjs = join(root, 'node_modules') } = {}) {
  await mkdir(modules, { recursive: true });
  await cp(await tarball(), join(modules, 'renewal'), { recursive: true });
  await cp(join(rxjs, 'rxjs'), join(modules, 'rxjs'), { recursive: true });
  const wanted = [
    ...(await dependenciesOf(join(modules, 'renewal'))),
    ...(await dependenciesOf(join(modules, 'rxjs'))),
  ];
  const done = new Set();
  for (const name of wanted) {
    if (done.has(name)) continue;
    done.add(name);
    await cp(join(root, 'node_modules', name), join(modules, name), { recursive: true });
    wanted.push(...(await dependenciesOf(join(modules, name))));
  }
}

/** Makes a project that has installed the tarball and rxjs, and nothing else. */
export async function makeConsumer(name, options) {
  const folder = await makeFolder(name);
  await installInto(join(folder, 'node_modules'), options);
  return folder;
}
