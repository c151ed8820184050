import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findings, findingsIn } from '../../scripts/prose';
import { writeFiles } from '../package/support/folder';

const found = (path: string, text: string) => findingsIn(path, text).map(({ rule, line }) => `${rule} ${line}`);

const long = 'x'.repeat(118);
/** Keeps a phrase out of this file. */
const words = (...all: readonly string[]) => all.join(' ');

describe('the lint of prose', () => {
  it.each([
    ['a line comment', `const a = 1;\n// ${long}`, ['columns 2']],
    ['a comment after code', `const a = 1; // ${long}`, ['columns 1']],
    [
      'each line of a docstring',
      `/**\n * short\n * ${long}\n * ${long}\n */\nconst a = 1;`,
      ['columns 3', 'columns 4'],
    ],
    ['a comment at the end of a block', `if (a) {\n  b();\n  // ${long}\n}`, ['columns 3']],
    ['a string', `const a = '${long} // no comment';`, []],
    ['a template', `const a = \`\${b} // ${long}\`;`, []],
    ['code', `const a = ${long};`, []],
    ['a comment of 120 columns', `// ${long.slice(1)}`, []],
  ])('reports a line of more than 120 columns in a comment: %s', (_what, text, expected) => {
    expect(found('lib/a.ts', text)).toEqual(expected);
  });

  it.each([
    ['a comment', `// It ${words('can', 'not')} wait.`, ['phrases 1']],
    ['a string', `throw new Error('it ${words('can', 'not')} wait');`, ['phrases 1']],
    ['a phrase over two lines', `/**\n * It ${'can\n * not'} wait.\n */`, ['phrases 2']],
    ['an identifier', `${'let'}${'Go'}();`, ['phrases 1']],
    ['a part of an identifier', `new ${'Err'}${'and'}s();`, ['phrases 1']],
    ['a capital', `// ${'A'}${'new'}.`, ['phrases 1']],
    ['each of several', `// ${words('in', 'vain')}\n// ${words('hears', 'of')}`, ['phrases 1', 'phrases 2']],
    ['another word', '// It cannot wait; let it run; a new one hears.', []],
    ['a longer word', '// outlet prices, renewal', []],
  ])('reports a phrase that the style rules out: %s', (_what, text, expected) => {
    expect(found('lib/a.ts', text).sort()).toEqual(expected);
    expect(found('docs/a.md', text).sort()).toEqual(expected);
  });

  it.each([
    ['it', `it('${long}', () => {});`, ['titles 1']],
    ['describe.each', `describe.each(rows)('${long}', () => {});`, ['titles 1']],
    ['it.each of a template', `it.each\`a\`('${long}', () => {});`, ['titles 1']],
    ['it.skipIf', `it.skipIf(a)(\`${long} \${b}\`, () => {});`, ['titles 1']],
    ['a failure mode', `failureMode({ id: 'A1', title: '${long}' }, () => {});`, ['titles 1']],
    ['80 characters', `it('${long.slice(0, 80)}', () => {});`, []],
    ['another call', `expect('${long}').toBe(1);`, []],
  ])('reports a spec title of more than 80 characters: %s', (_what, text, expected) => {
    expect(found('spec/a.spec.ts', text)).toEqual(expected);
  });

  it('reads the folders of the repository, and counts two levels of them', async () => {
    const root = await mkdtemp(join(tmpdir(), 'renewal-prose-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    await writeFiles(root, {
      'README.md': words('can', 'not'),
      'lib/api.ts': `// ${long}`,
      'lib/session/state/machine.ts': `// ${long}\n// ${long}`,
      'spec/session/machine.spec.ts': `it('${long}', () => {});`,
      'spec/support/titles.ts': `it('${long}', () => {});`,
      'examples/angular/node_modules/other/index.ts': `// ${long}`,
      'dist/index.js': `// ${long}`,
    });
    expect(findings(root).map(({ folder, rule, path }) => [folder, rule, path])).toEqual([
      ['README.md', 'phrases', 'README.md'],
      ['lib', 'columns', 'lib/api.ts'],
      ['lib/session', 'columns', 'lib/session/state/machine.ts'],
      ['lib/session', 'columns', 'lib/session/state/machine.ts'],
      ['spec/session', 'titles', 'spec/session/machine.spec.ts'],
    ]);
  });
});
