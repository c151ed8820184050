import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findings } from '../../scripts/structure';
import { writeFiles } from '../package/support/folder';

/** What is wrong in a file of `lib/session`, or in one of another folder. */
const faultsIn = async (text: string, path = 'lib/session/state/sample.ts') => {
  const root = await mkdtemp(join(tmpdir(), 'renewal-structure-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await writeFiles(root, { [path]: text });
  return findings(root).map((finding) => `${finding.rule} ${finding.line}: ${finding.text}`);
};

const statements = (count: number) => 'globalThis.queueMicrotask(() => {});\n'.repeat(count);

describe('the lint of the structure', { timeout: 30_000 }, () => {
  it('reports a function of more than 50 lines, also an inner one', async () => {
    expect(await faultsIn(`const short = () => {\n${statements(48)}};`)).toEqual([]);
    expect(await faultsIn(`const long = () => {\n${statements(49)}};`)).toEqual([
      'functions 1: long has 51 lines, more than 50',
    ]);
    expect(await faultsIn(`class Run {\n  go() {\n${statements(49)}}\n}`)).toEqual([
      'functions 2: go has 51 lines, more than 50',
    ]);
    expect(await faultsIn(`const createRun = () => {\nreturn () => {\n${statements(49)}};\n};`)).toEqual([
      'functions 2: a function in createRun has 51 lines, more than 50',
    ]);
  });

  it.each([
    ['is called createX', `const createRun = () => {\n${statements(60)}};`],
    [
      'returns an object with methods',
      `interface Run { go(): void }\nfunction run(): Run {\n${statements(60)}return { go: () => {} };\n}`,
    ],
  ])('lets a factory be longer: one that %s', async (_what, text) => {
    expect(await faultsIn(text)).toEqual([]);
  });

  it.each([
    ['a let that an inner function uses', 'let count = 0;\nreturn () => count++;', ['count']],
    ['a let of a pattern', 'let [first, second] = [0, 0];\nreturn () => first + second;', ['first', 'second']],
    ['a let in a block', 'if (Date) {\nlet count = 0;\nreturn () => count++;\n}', ['count']],
    [
      'a let of a function that is called at once',
      'return (() => {\nlet count = 0;\nreturn () => count++;\n})();',
      ['count'],
    ],
    ['a collection', 'const seen = new Map();\nreturn () => seen.size;', ['seen']],
    ['a subject that holds a value', 'const events$ = new ReplaySubject<void>(1);\nreturn () => events$;', ['events$']],
    ['an array that grows', 'const queue: number[] = [];\nreturn () => queue.push(1);', ['queue']],
    ['an array that is written to', 'const queue: number[] = [];\nreturn () => { queue[0] = 1; };', ['queue']],
    [
      'properties',
      'const box = { one: 0, two: 0, three: 0 };\nreturn () => { box.one++; box.two = 1; };',
      ['box.one', 'box.two'],
    ],
    ['a class', 'return new Box();', ['Box.#count', 'Box.seen']],
    [
      'a class that another one creates',
      'return new Shelf();',
      ['Shelf.#list', 'Shelf.#map', 'Box.#count', 'Box.seen'],
    ],
    ['a class that is extended', 'return new Crate();', ['Crate.total', 'Box.#count', 'Box.seen']],
    ['a let that no inner function uses', 'let count = 0;\ncount++;\nreturn count;', []],
    ['another variable of that name', 'let count = 0;\nreturn (count: number) => count;', []],
    ['a let of an inner function', 'return () => {\nlet count = 0;\nreturn () => count++;\n};', []],
    ['an object of an inner function', 'return () => new Box();', []],
    ['an array that stays', 'const names = ["a"];\nreturn () => names[0];', []],
    ['an object that stays', 'const box = { one: 0 };\nreturn () => box.one;', []],
  ])('counts what a session keeps: %s', async (_what, body, expected) => {
    const box =
      'class Box {\n#count = 0;\nreadonly seen = new Set();\nreadonly name = "";\nnext() { this.#count++; }\n}\n';
    const shelf =
      'class Shelf {\n#list: number[] = [];\n#map;\nreadonly #subject = new Subject();\nbox;\n' +
      'constructor() { this.#map = new Map(); this.box = new Box(); }\nmake() { return new Crate(); }\n}\n';
    const crate =
      'class Crate extends Box {\nconstructor(public total: number, readonly fixed: number) { super(); }\n' +
      'grow() { this.total++; }\n}\n';
    const text = `${box}${shelf}${crate}declare const ReplaySubject: new <T>(size: number) => T;\nconst createRun = () => {\n${body}\n};`;
    const faults = await faultsIn(text);
    expect(faults.map((fault) => fault.replace(/^cells \d+: createRun keeps /, ''))).toEqual(expected);
  });

  const four = 'const createRun = () => {\nlet a = 0, b = 0, c = 0, d = 0;\nreturn () => a + b + c + d;\n};';

  it('reports a factory of more than three cells', async () => {
    const faults = await faultsIn(four);
    expect(faults).toContain('factories 1: createRun keeps 4 cells, more than 3: a, b, c, d');
    expect(faults).toHaveLength(5);
    expect(await faultsIn(four.replaceAll(/, d = 0| \+ d/g, ''))).toHaveLength(3);
  });

  it('reports a class of more than three cells, without those of others', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, nth) => `#f${nth} = new Set();`).join('\n');
    const text = (count: number) =>
      `class Inner {\n${fields(3)}\n}\nclass Outer {\n${fields(count)}\ninner = new Inner();\n}\n` +
      'const createRun = () => new Outer();';
    const ofFactory = async (count: number) =>
      (await faultsIn(text(count))).filter((fault) => fault.startsWith('factories'));
    expect(await ofFactory(3)).toEqual([]);
    expect(await ofFactory(4)).toEqual([
      'factories 13: Outer keeps 4 cells, more than 3: Outer.#f0, Outer.#f1, Outer.#f2, Outer.#f3',
    ]);
  });

  it('counts the cells of a class of another file', async () => {
    const root = await mkdtemp(join(tmpdir(), 'renewal-structure-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    await writeFiles(root, {
      'lib/session/box.ts': 'export class Box {\n#seen = new Set();\n}',
      'lib/session/run.ts': "import { Box } from './box';\nexport const createRun = () => new Box();",
    });
    expect(findings(root).map(({ path, text }) => `${path}: ${text}`)).toEqual([
      'lib/session/run.ts: createRun keeps Box.#seen',
    ]);
  });

  it('counts no cells of stores one by one', async () => {
    expect(await faultsIn(four, 'lib/stores/sample.ts')).toEqual([
      'factories 1: createRun keeps 4 cells, more than 3: a, b, c, d',
    ]);
  });

  const word = ['err', 'and'].join('');

  it.each([
    ['a variable', `const ${word} = 1;`, [1]],
    ['a part of a name', `const is${word.replace('e', 'E')}Over = 1;\nconst MAX_${word.toUpperCase()}S = 1;`, [1, 2]],
    ['a parameter and a property', `interface A {\n${word}: number;\nrun(${word}: number): void;\n}`, [2, 3]],
    ['a private field, once', `class A {\n#${word} = 1;\nnext() { return this.#${word}; }\n}`, [2]],
    ['an import under that name', `import { a as ${word} } from 'a';`, [1]],
    ['a name that is declared elsewhere', `import { ${word} } from 'a';\nexport const b = { ${word} };`, []],
    ['a longer word', 'const threshold = 1, online = 2, return$ = 3, unknown$ = 4;', []],
    ['a string', `const a = '${word}';`, []],
  ])('reports a word that names may not have: %s', async (_what, text, lines) => {
    const faults = await faultsIn(text);
    expect(faults.map((fault) => Number(/^words (\d+)/.exec(fault)?.[1]))).toEqual(lines);
  });

  it('reads the names of files', async () => {
    expect(await faultsIn('export {};', `lib/stores/${word}-list.ts`)).toEqual([
      `words 1: ${word}-list has the word "${word}"`,
    ]);
  });
});
