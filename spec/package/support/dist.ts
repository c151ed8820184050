import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './run';

/** Reads every built file, by its name. */
export async function readDist(): Promise<Map<string, string>> {
  const names = await readdir(join(root, 'dist'));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(root, 'dist', name), 'utf8')] as const),
  );
  return new Map(files);
}

/** The files of dist that package.json leads to, directly or through imports, and their source maps. */
export function reachable(manifest: object, dist: ReadonlyMap<string, string>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const text = dist.get(name);
    if (text === undefined) throw new Error(`dist/${name} is asked for and was not built`);
    if (found.has(name)) return;
    found.add(name);
    if (name.endsWith('.map')) return;
    for (const [, next = ''] of text.matchAll(/(?:from |import |import\(|require\()['"]\.\/([^'"]+)['"]/g)) visit(next);
    for (const [, next = ''] of text.matchAll(/^\/\/# sourceMappingURL=(.+)$/gm)) visit(next);
  };
  for (const [, name = ''] of JSON.stringify(manifest).matchAll(/"\.\/dist\/([^"]+)"/g)) visit(name);
  return found;
}
