import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { reachable, readDist } from './support/dist';
import { bin, output, root, run } from './support/run';

const tarball = inject('tarball');

describe('the tarball', () => {
  const entriesOf = async (): Promise<string[]> => {
    const entries = (await output('tar', ['-tzf', tarball], root)).trim().split('\n');
    return entries.map((entry) => entry.replace('package/', ''));
  };

  it('contains only dist, docs, README, LICENSE, CHANGELOG and package.json', async () => {
    const tops = new Set((await entriesOf()).map((entry) => entry.split('/')[0]));
    expect([...tops].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json']);
  });

  it('contains each page and picture that its README links to, by an absolute url', async () => {
    const text = await readFile(join(root, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
      ([, link, source]) => link ?? source,
    );
    const own = links.flatMap((link) => link?.match(/^https:\/\/cdn\.jsdelivr\.net\/npm\/renewal\/(.+)$/)?.[1] ?? []);
    expect(links.filter((link) => !link?.startsWith('https://'))).toEqual([]);
    expect(own).toContain('docs/page-light.png');
    expect(await entriesOf()).toEqual(expect.arrayContaining(own));
  });

  it('passes publint without a suggestion', async () => {
    const { code, stdout, stderr } = await run(bin('publint'), ['run', tarball, '--strict'], root);
    expect(stdout + stderr).toContain('All good!');
    expect(code).toBe(0);
  });

  it('has correct types under every resolution', async () => {
    const args = ['--profile', 'strict', '--format', 'ascii', '--exclude-entrypoints', 'angular'];
    const { code, stdout } = await run(bin('attw'), [tarball, ...args], root);
    expect(stdout).toContain('No problems found');
    expect(code).toBe(0);
  });

  it('has correct Angular types for ES modules, like Angular itself', async () => {
    const args = ['--profile', 'esm-only', '--format', 'ascii', '--entrypoints', 'angular'];
    const { code, stdout } = await run(bin('attw'), [tarball, ...args], root);
    expect(stdout).toContain('node16 (from ESM): 🟢 (ESM)');
    expect(stdout).toContain('bundler: 🟢');
    expect(code).toBe(0);
  });
});

describe('dist', () => {
  let manifest: object;
  let dist: Map<string, string>;
  const filesEndingIn = (suffix: string) => [...dist].filter(([name]) => name.endsWith(suffix));

  beforeAll(async () => {
    manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    dist = await readDist();
  });

  it('contains the files that package.json leads to, and no stale file', () => {
    expect([...dist.keys()].sort()).toEqual([...reachable(manifest, dist)].sort());
  });

  it.each(['.js', '.cjs'])('defines each class in one %s file', (suffix) => {
    const classes = filesEndingIn(suffix).flatMap(([, text]) =>
      [...text.matchAll(/^(?:class (\w+)|(?:var|let|const) (\w+) = class\b)/gm)].map(
        ([, name, bound]) => name ?? bound,
      ),
    );
    expect(classes).toContain('ApiError');
    expect(classes.filter((name, index) => classes.indexOf(name) !== index)).toEqual([]);
  });

  it('has source maps with their sources and without absolute paths', () => {
    const maps = filesEndingIn('.map').map(([, text]) => JSON.parse(text));
    expect(maps).not.toEqual([]);
    for (const { sources, sourcesContent, sourceRoot } of maps) {
      const ours = /^\.\.\/(lib\/|node_modules\/xhr2\/lib\/xhr2\.js$)/;
      expect(sources.filter((source: string) => !ours.test(source))).toEqual([]);
      expect(sourcesContent).toHaveLength(sources.length);
      expect(sourceRoot ?? '').toBe('');
    }
  });

  it('names its source map once in each file', () => {
    const files = [...filesEndingIn('.js'), ...filesEndingIn('.cjs')];
    const counts = files.map(([name, text]) => [name, text.match(/^\/\/# sourceMappingURL=.+$/gm)?.length]);
    expect(counts).toEqual(files.map(([name]) => [name, 1]));
  });

  it('imports Node builtins by names that begin with node:, and no xhr2', () => {
    const asked = [...filesEndingIn('.js'), ...filesEndingIn('.cjs')].flatMap(([, text]) =>
      [...text.matchAll(/^(?:import .*?|.*?\brequire\()["']([^.#"'\n][^"'\n]*)["']/gm)].map(([, name = '']) => name),
    );
    expect(asked).toContain('node:http');
    const known =
      /^(node:[\w/]+|rxjs(\/ajax)?|jwt-decode|eventsource-parser|lru-cache|renewal(\/(stream|testing))?|@angular\/.+)$/;
    expect(asked.filter((name) => !known.test(name))).toEqual([]);
  });

  it('contains no path of the build machine', () => {
    const revealing = [...dist].filter(([, text]) => text.includes(root)).map(([name]) => name);
    expect(revealing).toEqual([]);
  });
});
