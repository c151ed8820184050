import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { type BuildResult, build, type Format } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { output, root } from './support/run';

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

  it('contains the file for browsers and nothing of xhr2', () => {
    const inputs = Object.keys(result.metafile.inputs);
    expect(inputs).toContain('node_modules/renewal/dist/xhr.js');
    expect(inputs.filter((input) => /xhr2|xhr\.node/.test(input))).toEqual([]);
    expect(text).not.toMatch(/xhr2/i);
  });

  it('imports no Node builtin and no other package', () => {
    expect(Object.values(result.metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
    expect(text).not.toContain('node:');
    expect(text).not.toMatch(/require\(["']/);
  });
});

describe('the package bundled for a browser', () => {
  it('accesses no platform global when it is loaded', async () => {
    const [file] = (await bundle('iife')).outputFiles;
    const language = new Set(runInNewContext('Object.getOwnPropertyNames(globalThis)'));
    for (const name of ['globalThis', 'console']) language.delete(name);
    const lookedFor: PropertyKey[] = [];
    const scope = new Proxy({}, { has: (_target, name) => !language.has(name) && lookedFor.push(name) > 0 });
    runInNewContext(`with (scope) { ${file?.text} }`, { scope });
    expect(lookedFor).toEqual(['renewal']);
  });
});

/** The bytes of a bundle of these names, minified and gzipped, beside rxjs. */
const sizeOf = async (names: string): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from 'renewal';`, resolveDir: consumer },
    absWorkingDir: consumer,
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['rxjs', 'rxjs/ajax'],
    write: false,
  });
  return gzipSync(outputFiles.map(({ text }) => text).join('')).length;
};

describe('toFetch', () => {
  it('adds at most 1.2 kB, and nothing where it is not imported', async () => {
    const client = 'createApi, createSession, fetchTransport';
    const own = (await sizeOf(`${client}, toFetch`)) - (await sizeOf(client));
    expect(own).toBeGreaterThan(500);
    expect(own).toBeLessThanOrEqual(1_200);
  });
});

/** The files in a bundle of these exports, beside rxjs and Angular. */
const inputsOf = async (contents: string): Promise<string[]> => {
  const { metafile } = await build({
    stdin: { contents, resolveDir: consumer },
    absWorkingDir: consumer,
    bundle: true,
    format: 'esm',
    external: ['rxjs', 'rxjs/ajax', '@angular/*', 'node:*'],
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
};

describe('renewal/angular', () => {
  /** Whether a bundle of names contains a file that the pattern matches. */
  const contains = async (names: string, pattern: RegExp): Promise<boolean> =>
    (await inputsOf(`export { ${names} } from 'renewal/angular';`)).some((input) => pattern.test(input));

  it('contains streams only where apiStream is imported', async () => {
    const streams = /eventsource-parser|dist\/stream/;
    expect(await contains('provideApi, apiResource, openOnServer', streams)).toBe(false);
    expect(await contains('apiStream', streams)).toBe(true);
  });

  it('contains renewal/testing only where provideApiTesting is imported', async () => {
    const testing = /dist\/testing/;
    const others = 'provideApi, withSession, sessionInterceptor, apiResource, apiStream, httpClientTransport';
    expect(await contains(others, testing)).toBe(false);
    expect(await contains('provideApiTesting', testing)).toBe(true);
  });

  it('contains no token of tests without provideApiTesting', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export { provideApi, API } from 'renewal/angular';`, resolveDir: consumer },
      absWorkingDir: consumer,
      bundle: true,
      format: 'esm',
      external: ['rxjs', 'rxjs/ajax', '@angular/*'],
      write: false,
    });
    const text = outputFiles.map((file) => file.text).join('');
    expect(text).toContain('API of provideApi()');
    expect(text).not.toMatch(/MOCK_TRANSPORT|provideApiTesting/);
  });
});

describe('renewal/testing', () => {
  it('is absent from a bundle of the other entries', async () => {
    const inputs = await inputsOf(`export * from 'renewal'; export * from 'renewal/devtools';
      export * from 'renewal/stream'; export { provideApi } from 'renewal/angular';`);
    expect(inputs).toContain('node_modules/renewal/dist/stream.js');
    expect(inputs.filter((input) => /testing/.test(input))).toEqual([]);
  });

  it('imports no test runner, and no package but renewal and rxjs', async () => {
    const files = (await readdir(join(consumer, 'node_modules/renewal/dist'))).filter((name) =>
      /^testing\.(c?js|d\.c?ts)$/.test(name),
    );
    expect(files.sort()).toEqual(['testing.cjs', 'testing.d.cts', 'testing.d.ts', 'testing.js']);
    const imported = await Promise.all(
      files.map(async (name) => {
        const text = await readFile(join(consumer, 'node_modules/renewal/dist', name), 'utf8');
        // In code only: a sample in a docstring shows a runner.
        const code = text.replace(/\/\*\*.*?\*\//gs, '');
        return [...code.matchAll(/(?:\bfrom |\bimport ?\(|\brequire\(|^import )(["'])(.+?)\1/gm)].map(
          ([, , from]) => from,
        );
      }),
    );
    expect([...new Set(imported.flat())].sort()).toEqual(['renewal', 'rxjs']);
  });
});

/** Sends by both transports, and prints the responses. */
const app = `
import { ajaxTransport, createApi, fetchTransport } from 'renewal';
import { firstValueFrom } from 'rxjs';

const said = {};
for (const [name, transport] of Object.entries({ ajax: ajaxTransport(), fetch: fetchTransport() })) {
  const api = createApi({ baseUrl: process.argv[2], transport, timeoutMs: 10_000 });
  said[name] = firstValueFrom(api.post$('/echo', { name }));
}
Promise.all(Object.values(said)).then((all) => console.log(JSON.stringify(all)));
`;

describe('the package bundled for Node', () => {
  let server: Server;
  let baseUrl: string;

  beforeAll(async () => {
    server = createServer((request, response) => request.pipe(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a listening server has an address
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const bundleApp = async (contents: string, format: 'esm' | 'cjs', name: string): Promise<string> => {
    const outfile = join(consumer, `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
    const stdin = { contents, resolveDir: consumer };
    const { warnings } = await build({
      stdin,
      absWorkingDir: consumer,
      bundle: true,
      format,
      platform: 'node',
      outfile,
    });
    expect(warnings).toEqual([]);
    return outfile;
  };

  it.each(['esm', 'cjs'] as const)('sends by both transports as %s', async (format) => {
    const outfile = await bundleApp(app, format, 'bundled');
    expect(JSON.parse(await output(process.execPath, [outfile, baseUrl], consumer))).toEqual([
      { name: 'ajax' },
      { name: 'fetch' },
    ]);
  });

  it.each(['esm', 'cjs'] as const)('loads as %s if only fetchTransport is used', async (format) => {
    const used = "import { fetchTransport } from 'renewal';\nconsole.log(typeof fetchTransport());";
    const outfile = await bundleApp(used, format, 'fetch-only');
    expect(await output(process.execPath, [outfile], consumer)).toBe('function\n');
  });

  it('contains the licence of xhr2, which is part of the file for Node', async () => {
    const licence = (await readFile(join(root, 'node_modules/xhr2/LICENSE.txt'), 'utf8')).split(/\s+/).join(' ').trim();
    const words = (text: string) => text.split(/\s+/).join(' ');
    for (const name of ['xhr.node.js', 'xhr.node.cjs'])
      expect(words(await readFile(join(consumer, 'node_modules/renewal/dist', name), 'utf8'))).toContain(licence);
    const outfile = await bundleApp(app, 'esm', 'licensed');
    expect(words(await readFile(outfile, 'utf8'))).toContain(licence);
  });

  it('needs no package except rxjs, jwt-decode and, for an entry each, two more', async () => {
    const manifest = JSON.parse(await readFile(join(consumer, 'node_modules/renewal/package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies)).toEqual(['eventsource-parser', 'jwt-decode', 'lru-cache']);
  });
});
