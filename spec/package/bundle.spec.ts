import { runInNewContext } from 'node:vm';
import { type BuildResult, build, type Format } from 'esbuild';
import { beforeAll, describe, expect, inject, it } from 'vitest';

const consumer = inject('consumer');

const bundle = (format: Format) =>
  build({
    stdin: { contents: `export * from 'renewal'; export * from 'renewal/devtools';`, resolveDir: consumer },
    absWorkingDir: consumer,
    bundle: true,
    format,
    globalName: 'renewal',
    metafile: true,
    platform: 'browser',
    write: false,
  });

describe.each(['esm', 'cjs', 'iife'] as const)('the package bundled for a browser as %s', (format) => {
  let result: BuildResult<{ metafile: true; write: false }>;
  let text: string;

  beforeAll(async () => {
    result = await bundle(format);
    text = result.outputFiles.map((file) => file.text).join('\n');
  });

  it('builds without a warning', () => {
    expect(result.warnings).toEqual([]);
  });

  it('holds the file for browsers and nothing of xhr2', () => {
    const inputs = Object.keys(result.metafile.inputs);
    expect(inputs).toContain('node_modules/renewal/dist/xhr.js');
    expect(inputs.filter((input) => /xhr2|xhr\.node/.test(input))).toEqual([]);
    expect(text).not.toMatch(/xhr2/i);
  });

  it('asks for no builtin of Node and no other package', () => {
    expect(Object.values(result.metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
    expect(text).not.toContain('node:');
    expect(text).not.toMatch(/require\(["']/);
  });
});

describe('the package bundled for a browser', () => {
  it('looks for no global of the platform by being loaded', async () => {
    const [file] = (await bundle('iife')).outputFiles;
    const language = new Set(runInNewContext('Object.getOwnPropertyNames(globalThis)'));
    for (const name of ['globalThis', 'console']) language.delete(name);
    const lookedFor: PropertyKey[] = [];
    const scope = new Proxy({}, { has: (_target, name) => !language.has(name) && lookedFor.push(name) > 0 });
    runInNewContext(`with (scope) { ${file?.text} }`, { scope });
    expect(lookedFor).toEqual(['renewal']);
  });
});
