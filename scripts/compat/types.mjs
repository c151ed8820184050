// Compiles consumers of the declarations with each version of TypeScript, under every resolution that it supports.
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, versionsOf } from './cache.mjs';
import { tally } from './exercise/results.mjs';
import { run } from './process.mjs';
import { makeConsumer, root } from './tarball.mjs';

const withoutDom = fileURLToPath(new URL('./types/without-dom.ts', import.meta.url));
const withDom = join(root, 'spec/package/consumer/usage.ts');

const strict = {
  target: 'ES2022',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: false,
  skipLibCheck: false,
  noEmit: true,
};

const libraries = {
  'with lib.dom': { source: withDom, options: { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] } },
  'without lib.dom, with the types of Node': { source: withoutDom, options: { lib: ['ES2022'], types: ['node'] } },
};

const resolutions = {
  bundler: { files: ['usage.ts'], options: { module: 'ESNext', moduleResolution: 'bundler' } },
  node16: { files: ['usage.mts', 'usage.cts'], options: { module: 'node16', moduleResolution: 'node16' } },
  nodenext: { files: ['usage.mts', 'usage.cts'], options: { module: 'nodenext', moduleResolution: 'nodenext' } },
};

async function compile(folder, tsc, { source, options }, resolution) {
  for (const file of resolution.files) await cp(source, join(folder, file));
  const compilerOptions = { ...strict, ...options, ...resolution.options };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: resolution.files }));
  const { code, stdout, stderr } = await run(
    process.execPath,
    [tsc, '--project', 'tsconfig.json', '--pretty', 'false'],
    {
      cwd: folder,
      timeoutMs: 180_000,
    },
  );
  return code === 0 ? undefined : `${stdout}${stderr}` || `ended with ${code}`;
}

/** Compiles with one version of TypeScript, by its major and minor version. */
export async function types(minor, say) {
  const tools = join(await install(`types-${minor}`), 'node_modules');
  const { typescript } = await versionsOf(`types-${minor}`);
  const folder = await makeConsumer(`types-${minor}`);
  for (const name of ['@types/node', 'undici-types']) {
    await cp(join(tools, name), join(folder, 'node_modules', name), { recursive: true });
  }
  const results = [];
  for (const [library, kind] of Object.entries(libraries)) {
    for (const [name, resolution] of Object.entries(resolutions)) {
      const error = await compile(folder, join(tools, 'typescript/bin/tsc'), kind, resolution);
      results.push({ title: `${name}, ${library}`, error });
    }
  }
  return { version: typescript, ran: 'declarations, strictly, with and without lib.dom', ...tally(results, say) };
}
