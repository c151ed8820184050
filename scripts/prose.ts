// Checks the prose that Biome does not read: comment lines of more than 120 columns, phrases that the style rules out,
// and spec titles of more than 80 characters. `lint/prose-allowance.json` counts what is left of each, by folder, and
// can only shrink: `npm run prose -- --shrink` lowers its counts to what is left.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { type Finding, judge, ROOT } from './allowance';

const MAX_COLUMNS = 120;
const MAX_TITLE_LENGTH = 80;

const FOLDERS = ['lib', 'spec', 'examples', 'bench', 'scripts', 'docs', '.'];
const SKIPPED = /(^|\/)(node_modules|dist|\.angular|package-lock\.json)(\/|$)/;
/** They list what the style rules out. */
const LISTS = ['scripts/prose.ts', 'scripts/structure.ts'];
const CODE = /\.[cm]?[jt]s$/;
const PROSE = /\.([cm]?[jt]s|md|html|css|json)$/;

/** What is wrong in a file. */
type Found = Pick<Finding, 'rule' | 'line' | 'text'>;

/** Words in this order, also where a comment or a paragraph goes on in the next line. */
const phrase = (...words: readonly string[]): RegExp =>
  new RegExp(`\\b${words.join('(?:[ \\t]+|[ \\t]*\\n[ \\t]*(?:(?:\\*|//|>)[ \\t]+)?)')}\\b`, 'gi');

/** What the style rules out. */
const PHRASES: readonly RegExp[] = [
  phrase('can', 'not'),
  phrase('anew'),
  phrase('let(?:s|ting)?', 'go(?:es)?'),
  /\blet(?:s|ting)?-?[gG]o(?:es)?\b/g,
  phrase('let(?:s|ting)?', '(?:it|them|all|each|both|one|this|these|that|those)', 'go'),
  phrase('hear(?:s|d|ing)?', 'of'),
  /errand/gi,
  /waiting[ -]?room/gi,
  phrase('at', 'the', 'least'),
  phrase('in', 'vain'),
  phrase('such', 'as', '(?:it|they)', '(?:is|are)'),
  phrase('meanwhile'),
  phrase('of', "one's", 'own'),
];

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length;

const ruledOut = (text: string): Found[] =>
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

const longComments = (source: ts.SourceFile): Found[] => {
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

const longTitles = (source: ts.SourceFile): Found[] => {
  const found: Found[] = [];
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
export function findingsIn(path: string, text: string): Found[] {
  const phrases = LISTS.includes(path) ? [] : ruledOut(text);
  if (!CODE.test(path)) return phrases;
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const titles = /\.spec(-d)?\.[cm]?ts$/.test(path) ? longTitles(source) : [];
  return [...longComments(source), ...phrases, ...titles];
}

/** The folder that counts for a path: two levels, so that a file may move within a subject. */
const folderOf = (path: string): string => path.split('/').slice(0, -1).slice(0, 2).join('/') || path;

const pathsIn = (root: string): string[] =>
  FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
      .map((name) => (folder === '.' ? name : `${folder}/${name}`))
      .filter((path) => PROSE.test(path) && !SKIPPED.test(path)),
  );

/** What is wrong in a repository. */
export function findings(root: string): Finding[] {
  return pathsIn(root)
    .sort()
    .flatMap((path) =>
      findingsIn(path, readFileSync(join(root, path), 'utf8')).map((found) => ({
        ...found,
        folder: folderOf(path),
        path,
      })),
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) judge(findings(ROOT), 'lint/prose-allowance.json');
