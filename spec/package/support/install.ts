import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeFolder, removeFolder, writeFiles } from './folder';
import { output, root } from './run';

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** A project that has installed the tarball and rxjs, as a user would. */
    consumer: string;
  }
}

/** Packs the build and installs it, once for all specs. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeFolder('consumer');
  const packed = await output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const [{ filename }] = JSON.parse(packed);
  const rxjs = JSON.parse(await readFile(join(root, 'node_modules/rxjs/package.json'), 'utf8'));
  const dependencies = { renewal: `file:./${filename}`, rxjs: rxjs.version };
  await writeFiles(folder, { 'package.json': JSON.stringify({ name: 'consumer', private: true, dependencies }) });
  await output('npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  project.provide('tarball', join(folder, filename));
  project.provide('consumer', folder);
  return () => removeFolder(folder);
}
