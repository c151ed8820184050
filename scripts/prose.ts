// Checks the prose that Biome does not read: comment lines of more than 120 columns, phrases that the style rules out,
// and spec titles of more than 80 characters. `lint/prose-allowance.json` counts what is left of each, by folder, and
// can only shrink: `npm run prose -- --shrink` lowers its counts to what is left.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';

const MAX_COLUMNS = 120;
const MAX_TITLE_LENGTH = 80;
/** How many findings of one rule are shown for a folder. */
const MAX_SHOWN = 20;

const ALLOWANCE = 'lint/prose-allowance.json';
const FOLDERS = ['lib', 'spec', 'examples', 'bench', 'scripts', 'docs', '.'];
const SKIPPED = /(^|\/)(node_modules|dist|\.angular|package-lock\.json)(\/|$)/;
const CODE = /\.[cm]?[jt]s$/;
const PROSE = /\.([cm]?[jt]s|md|html|css|json)$/;

export type Rule = 'columns' | 'phrases' | 'titles';

export interface Finding {
  readonly rule: Rule;
  readonly line: number;
  readonly text: string;
}

/** How many findings each folder may have, by rule. */
export type Allowance = Readonly<Record<string, Readonly<Partial<Record<Rule, number>>>>>;

/** Words in this order, also where a comment or a paragraph goes on in the next line. */
const phrase = (...words: readonly string[]): RegExp =>
  new RegExp(`\\b${words.join('(?:[ \\t]+|[ \\t]*\\n[ \\t]*(?:(?:\\*|//|>)[ \\t]+)?)')}\\b`, 'gi');

/** What the style rules out. A character class keeps a pattern from matching itself. */
const PHRASES: readonly RegExp[] = [
  phrase('can', 'not'),
  phrase('ane[w]'),
  phrase('let(?:s|ting)?', 'go(?:es)?'),
  /\blet(?:s|ting)?-?[gG]o(?:es)?\b/g,
  phrase('let(?:s|ting)?', '(?:it|them|all|each|both|one|this|these|that|those)', 'go'),
  phrase('hear(?:s|d|ing)?', 'of'),
  /erran[d]/gi,
  /waiting[ -]?roo[m]/gi,
  phrase('at', 'the', 'least'),
  phrase('in', 'vain'),
  phrase('such', 'as', '(?:it|they)', '(?:is|are)'),
  phrase('meanwhil[e]'),
  phrase('of', "one's", 'own'),
];

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

const ruledOut = (text: string): Finding[] =>
  PHRASES.flatMap((pattern) => [...text.matchAll(pattern)]).map(({ 0: found, index }) => ({
    rule: 'phrases',
    line: lineAt(text, index),
    text: `the style rules out "${found.split(/\s+(?:(?:\*|\/\/|>)\s+)?/).join(' ')}"`,
  }));

/** The numbers of the lines that hold a part of a comment. */
const commentLines = (source: ts.SourceFile): Set<number> => {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    for (const child of node.getChildren(source)) visit(child);
    if (node.getChildCount(source) > 0) return;
    const leading = ts.getLeadingCommentRanges(source.text, node.pos) ?? [];
    const trailing = ts.getTrailingCommentRanges(source.text, node.pos) ?? [];
    for (const { pos, end } of [...leading, ...trailing]) {
      // The text of a token, such as a part of a template, may look like a comment.
      if (end > node.getStart(source)) continue;
      for (let line = lineAt(source.text, pos); line <= lineAt(source.text, end); line++) lines.add(line);
    }
  };
  visit(source);
  return lines;
};

const longComments = (source: ts.SourceFile): Finding[] => {
  const long = source.text.split('\n').flatMap(({ length }, index) => (length > MAX_COLUMNS ? [index + 1] : []));
  if (long.length === 0) return [];
  const commented = commentLines(source);
  return long
    .filter((line) => commented.has(line))
    .map((line) => ({ rule: 'columns', line, text: `a comment goes beyond column ${MAX_COLUMNS}` }));
};

/** Whether an expression such as `it`, `describe.skip` or `it.each(rows)` names a test. */
const isTest = (expression: ts.Expression): boolean => {
  if (ts.isIdentifier(expression)) return ['it', 'test', 'describe'].includes(expression.text);
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
    return isTest(expression.expression);
  return ts.isTaggedTemplateExpression(expression) && isTest(expression.tag);
};

/** The title of a test, or of a failure mode, which is one. */
const titleOf = ({ expression, arguments: [first] }: ts.CallExpression): ts.Expression | undefined => {
  if (!first || isTest(expression)) return first;
  if (expression.getText() !== 'failureMode' || !ts.isObjectLiteralExpression(first)) return undefined;
  const property = first.properties.find(({ name }) => name?.getText() === 'title');
  return property && ts.isPropertyAssignment(property) ? property.initializer : undefined;
};

const longTitles = (source: ts.SourceFile): Finding[] => {
  const found: Finding[] = [];
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) ? titleOf(node) : undefined;
    if (title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) {
      const length = title.getText().length - 2;
      const text = `a title has ${length} characters, more than ${MAX_TITLE_LENGTH}`;
      if (length > MAX_TITLE_LENGTH) found.push({ rule: 'titles', line: lineAt(source.text, title.getStart()), text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
};

/** What is wrong in a file. */
export function findingsIn(path: string, text: string): Finding[] {
  if (!CODE.test(path)) return ruledOut(text);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const titles = /\.spec(-d)?\.[cm]?ts$/.test(path) ? longTitles(source) : [];
  return [...longComments(source), ...ruledOut(text), ...titles];
}

/** The folder that counts for a path: two levels, so that a file may move within a subject. */
const folderOf = (path: string): string => path.split('/').slice(0, -1).slice(0, 2).join('/') || path;

export interface Located extends Finding {
  readonly path: string;
}

const pathsIn = (root: string): string[] =>
  FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
      .map((name) => (folder === '.' ? name : `${folder}/${name}`))
      .filter((path) => PROSE.test(path) && !SKIPPED.test(path)),
  );

/** What is wrong in a repository, by folder and rule: `spec/session titles`. */
export function findings(root: string): Map<string, Located[]> {
  const found = new Map<string, Located[]>();
  for (const path of pathsIn(root).sort()) {
    for (const finding of findingsIn(path, readFileSync(join(root, path), 'utf8'))) {
      const key = `${folderOf(path)} ${finding.rule}`;
      found.set(key, [...(found.get(key) ?? []), { ...finding, path }]);
    }
  }
  return found;
}

const split = (key: string): [folder: string, rule: Rule] => {
  const [folder = '', rule = ''] = key.split(' ');
  return [folder, rule as Rule];
};

/** What a folder has more of than is allowed, as lines to print. */
export function excess(found: ReadonlyMap<string, readonly Located[]>, allowance: Allowance): string[] {
  return [...found].flatMap(([key, all]) => {
    const [folder, rule] = split(key);
    const allowed = allowance[folder]?.[rule] ?? 0;
    if (all.length <= allowed) return [];
    const shown = all.slice(0, MAX_SHOWN).map(({ path, line, text }) => `  ${path}:${line} ${text}`);
    const more = all.length > MAX_SHOWN ? [`  and ${all.length - MAX_SHOWN} more: npm run prose -- --list`] : [];
    return [`${folder}, ${rule}: ${all.length} found, ${allowed} allowed`, ...shown, ...more];
  });
}

/** An allowance that is never above what it was. */
export function shrink(found: ReadonlyMap<string, readonly Located[]>, allowance: Allowance): Allowance {
  const left = (folder: string, counts: Allowance[string]) =>
    Object.entries(counts)
      .map(([rule, count]) => [rule, Math.min(count, found.get(`${folder} ${rule}`)?.length ?? 0)] as const)
      .filter(([, count]) => count > 0);
  return Object.fromEntries(
    Object.entries(allowance)
      .map(([folder, counts]) => [folder, Object.fromEntries(left(folder, counts))] as const)
      .filter(([, counts]) => Object.keys(counts).length > 0),
  );
}

function main(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { values } = parseArgs({ options: { shrink: { type: 'boolean' }, list: { type: 'boolean' } } });
  const file = join(root, ALLOWANCE);
  const allowance: Allowance = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const found = findings(root);
  if (values.shrink) writeFileSync(file, `${JSON.stringify(shrink(found, allowance), null, 2)}\n`);
  if (values.list) {
    for (const all of found.values())
      for (const { path, line, text } of all) process.stdout.write(`${path}:${line} ${text}\n`);
  }
  const lines = excess(found, allowance);
  if (lines.length === 0) return;
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
