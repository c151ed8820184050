import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { FailureMode } from '../support/failure-mode';

const root = fileURLToPath(new URL('../../', import.meta.url));

const SCENARIOS = 'spec/scenarios';

/** The sections of the catalogue; each has a folder. */
const SECTIONS: readonly (readonly [letter: string, folder: string, title: string, ids: readonly number[]])[] = [
  ['A', 'concurrency', 'Concurrency', [1, 2, 3, 4, 5, 6, 7, 9, 10]],
  [
    'B',
    'failed-refresh',
    'A refresh that fails',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25],
  ],
  ['C', 'loops', 'Loops', [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15]],
  ['D', 'cancellation', 'Cancellation', [1, 2, 3, 4, 5, 8]],
  ['E', 'sign-in-and-out', 'Sign-in, sign-out, another user', [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]],
  [
    'F',
    'tabs',
    'Several tabs',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26],
  ],
  ['G', 'processes', 'Several processes', [1, 2, 3, 4, 5, 6, 7, 8, 10, 12]],
  ['H', 'ahead-and-clocks', 'Refreshing ahead, and clocks', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
  ['I', 'storage', 'Storage', [1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17]],
  ['L', 'servers', 'Servers', [1, 2, 3, 4]],
  ['M', 'angular', 'Angular', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['N', 'rxjs', 'RxJS', [1, 2, 3, 4, 6, 8, 9, 10, 11, 13, 15]],
  ['O', 'observability', 'Observability', [1, 2, 3, 4, 5, 6, 7]],
];

interface Entry extends FailureMode {
  /** The path of the spec that proves it; none for an entry that needs none. */
  readonly spec?: string;
}

/** The value of a literal in a source file. */
const literalOf = (node: ts.Expression): unknown => {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(literalOf);
  if (!ts.isObjectLiteralExpression(node)) throw new Error(`not a literal: ${node.getText()}`);
  return Object.fromEntries(
    node.properties
      .filter(ts.isPropertyAssignment)
      .map(({ name, initializer }) => [name.getText(), literalOf(initializer)]),
  );
};

const entriesOf = (path: string): Entry[] => {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const entries: Entry[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText();
      const [mode] = node.arguments;
      if (mode && (callee === 'failureMode' || callee === 'notOurs')) {
        // The type of the call has checked it.
        entries.push({ ...(literalOf(mode) as FailureMode), ...(callee === 'failureMode' && { spec: path }) });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return entries;
};

const entries = readdirSync(join(root, SCENARIOS), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => entriesOf(`${SCENARIOS}/${name}`));

const linkTo = (thread: string): string => {
  const [repository, number] = thread.split('#');
  return `[${thread}](https://github.com/${repository}/issues/${number})`;
};

const rowOf = ({ id, title, renewal, spec, threads = [] }: Entry): string => {
  const proof = spec ? `[${basename(spec, '.spec.ts')}](../${spec})` : '–';
  return `| ${id} | ${title} | ${renewal} | ${proof} | ${threads.map(linkTo).join(', ') || '–'} |`;
};

const page = (): string =>
  [
    '# What goes wrong elsewhere, and what renewal does',
    '',
    '<!-- Generated from the specs in spec/scenarios: `npm run unit -- spec/docs -u` writes it. -->',
    '',
    'Each entry has its own spec, over real sockets where the network matters and in virtual time where time matters, once for servers that',
    'respond with HTTP 401 and once for servers that respond with `code: 1002`. An entry without a spec says why it needs none. The entries on tabs and storage are',
    'tested again in Chromium, with several tabs of one profile against the shop of the examples: [spec/browser/tabs](../spec/browser/tabs).',
    ...SECTIONS.flatMap(([letter, , title]) => [
      '',
      `## ${title}`,
      '',
      '| | What goes wrong | What renewal does | Spec | Reported in |',
      '| --- | --- | --- | --- | --- |',
      ...entries
        .filter(({ id }) => id.startsWith(letter))
        .sort((one, other) => Number(one.id.slice(1)) - Number(other.id.slice(1)))
        .map(rowOf),
    ]),
    '',
  ].join('\n');

describe('docs/failure-modes.md', () => {
  it('has each entry of the catalogue once', () => {
    const wanted = SECTIONS.flatMap(([letter, , , numbers]) => numbers.map((number) => `${letter}${number}`));
    expect(entries.map(({ id }) => id).sort()).toEqual(wanted.sort());
  });

  it('has each spec in the folder of its section, in a file named after its id', () => {
    const folders = new Map(SECTIONS.map(([letter, folder]) => [letter, folder]));
    const lost = entries.filter(
      ({ id, spec }) => spec && !spec.startsWith(`${SCENARIOS}/${folders.get(id.charAt(0))}/${id.toLowerCase()}-`),
    );
    expect(lost).toEqual([]);
  });

  it('names threads in a form that can be linked', () => {
    const threads = entries.flatMap(({ threads = [] }) => threads);
    expect(threads.filter((thread) => !/^[\w.-]+\/[\w.-]+#\d+$/.test(thread))).toEqual([]);
  });

  it('is generated from the specs', async () => {
    await expect(page()).toMatchFileSnapshot(join(root, 'docs/failure-modes.md'));
  });
});
