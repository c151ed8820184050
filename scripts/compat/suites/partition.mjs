// Divides the specs: specs that import the package only by its name can run on the tarball; specs that import `lib` run
// on the sources. No spec sees two copies of the package.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { root } from '../tarball.mjs';

const IMPORTS = /(?:from|import|import\()\s*'(\.{1,2}\/[^']+)'/g;
/**
 * References that only the repository can resolve: a source path in a string; `#xhr`, which a package imports from
 * itself; a script of package.json that builds; a second copy of the package, which vitest makes of transformed
 * sources.
 */
const SOURCES = /['"`](?:\.{1,2}\/)*lib\/|'#xhr'|spawn\('npm'|resetModules/;

/** Specs of the repository's own scripts. */
const OF_SCRIPTS = /^spec\/scripts\//;

const candidates = (path) => [path, `${path}.ts`, `${path}.mjs`, join(path, 'index.ts')];

const isFile = (path) => /\.(ts|mjs|js)$/.test(path) && existsSync(path);

const importsOf = (file, text) =>
  [...text.matchAll(IMPORTS)].flatMap(([, specifier]) =>
    candidates(resolve(dirname(file), specifier))
      .filter(isFile)
      .slice(0, 1),
  );

/** True if a file, or one of its imports, refers to the sources. */
function reachesSources(file, visited = new Set()) {
  if (visited.has(file)) return false;
  visited.add(file);
  const text = readFileSync(file, 'utf8');
  return SOURCES.test(text) || importsOf(file, text).some((imported) => reachesSources(imported, visited));
}

/** The specs for Node, by their paths: `byName` import the package by its name, `ofSources` import `lib`. */
export async function partition(accepts) {
  const paths = (await readdir(join(root, 'spec'), { recursive: true }))
    .filter((path) => path.endsWith('.spec.ts') && !/^(package|browser)\//.test(path))
    .map((path) => `spec/${path}`)
    .filter(accepts)
    .sort();
  const ofSources = paths.filter((path) => OF_SCRIPTS.test(path) || reachesSources(join(root, path)));
  return { byName: paths.filter((path) => !ofSources.includes(path)), ofSources };
}
