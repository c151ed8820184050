// Checks how `lib/session` and `lib/stores` are built: how long functions are, how much a session keeps in variables
// and fields (see cells.ts), and the words in names. `lint/structure-allowance.json` counts what is left of each, and
// can only shrink. `npm run structure -- --list` prints all findings, and so every cell of `lib/session`.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { type Finding, judge, ROOT } from './allowance';
import { cellsOf, type FunctionNode, isFunction, visitAll } from './cells';

const SESSION = 'lib/session';
const FOLDERS = [SESSION, 'lib/stores'];

const MAX_LINES = 50;
const MAX_CELLS = 3;

/** Words that names may not have, as the glossary has one other word for each of their meanings. */
const WORDS: ReadonlySet<string> = new Set(
  [
    'again anew resent errand errands room rooms line lines held leaving place places turn turns own renewal renewals',
    'since claim claims claimed old epoch cold thaw patience news told tell tells had known hear hears heard',
    'answer answers answered publish publishes published unpublished most least longest',
  ].flatMap((words) => words.split(' ')),
);

/** What is wrong with a node. */
interface Fault {
  readonly rule: 'functions' | 'factories' | 'cells' | 'words';
  readonly node: ts.Node;
  readonly text: string;
}

const nameOf = (node: FunctionNode): string => {
  const { name, parent } = node;
  if (name) return name.getText();
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  let outer: ts.Node = parent;
  while (!isFunction(outer) && !ts.isSourceFile(outer)) outer = outer.parent;
  return isFunction(outer) ? `a function in ${nameOf(outer)}` : 'a function';
};

/** Whether a function stands in a module itself, not in another function, a class or an object. */
const isOfModule = (node: ts.Node): boolean => {
  for (let outer = node.parent; !ts.isSourceFile(outer); outer = outer.parent)
    if (isFunction(outer) || ts.isClassLike(outer) || ts.isObjectLiteralExpression(outer)) return false;
  return true;
};

/** Whether a function returns an object with methods, of a type that this repository declares. */
const returnsPort = (node: FunctionNode, checker: ts.TypeChecker): boolean => {
  const signature = checker.getSignatureFromDeclaration(node);
  if (!signature) return false;
  const type = checker.getReturnTypeOfSignature(signature);
  const declared = (type.aliasSymbol ?? type.symbol)?.declarations?.[0];
  if (!declared || declared.getSourceFile().isDeclarationFile || type.getCallSignatures().length > 0) return false;
  return type.getProperties().some((property) => checker.getTypeOfSymbol(property).getCallSignatures().length > 0);
};

/** A function of a module that is called `createX`, or that returns an object with methods. */
const isFactory = (node: FunctionNode, checker: ts.TypeChecker): boolean =>
  isOfModule(node) && (/^create[A-Z]/.test(nameOf(node)) || returnsPort(node, checker));

const faultsOfFunction = (node: FunctionNode, checker: ts.TypeChecker): Fault[] => {
  const name = nameOf(node);
  if (!isFactory(node, checker)) {
    const lines = node.getText().split('\n').length;
    const text = `${name} has ${lines} lines, more than ${MAX_LINES}`;
    return lines > MAX_LINES ? [{ rule: 'functions', node, text }] : [];
  }
  const cells = node.body ? cellsOf(node.body, checker) : [];
  const faults = cells.map((cell): Fault => ({ rule: 'cells', node: cell.node, text: `${name} keeps ${cell.name}` }));
  const keepers = new Set(cells.map(({ keeper }) => keeper));
  for (const keeper of keepers) {
    const kept = cells.filter((cell) => cell.keeper === keeper).map((cell) => cell.name);
    if (kept.length <= MAX_CELLS) continue;
    const text = `${keeper ?? name} keeps ${kept.length} cells, more than ${MAX_CELLS}: ${kept.join(', ')}`;
    faults.push({ rule: 'factories', node, text });
  }
  return faults;
};

/** The words in a name: `camelCase`, `SCREAMING_CASE` or `kebab-case`. */
const wordsIn = (name: string): string[] =>
  name
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());

const faultsOfName = (name: string, node: ts.Node): Fault[] =>
  wordsIn(name)
    .filter((word) => WORDS.has(word))
    .map((word) => ({ rule: 'words', node, text: `${name} has the word "${word}"` }));

/** The name that a node gives, unless it only takes one that is declared, and checked, elsewhere. */
const nameGivenBy = (node: ts.Node): string | undefined => {
  if (ts.isShorthandPropertyAssignment(node) || ts.isPropertyAccessExpression(node)) return undefined;
  const isTaken =
    (ts.isImportSpecifier(node) || ts.isExportSpecifier(node) || ts.isBindingElement(node)) && !node.propertyName;
  if (isTaken && !ts.isArrayBindingPattern(node.parent)) return undefined;
  const { name } = node as ts.Node & { readonly name?: ts.Node };
  return name && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name)) ? name.text : undefined;
};

const faultsOfFile = (source: ts.SourceFile, checker: ts.TypeChecker): Fault[] => {
  const faults = faultsOfName(source.fileName.replace(/.*\/|\.ts$/g, ''), source);
  visitAll(source, (node) => {
    if (isFunction(node)) faults.push(...faultsOfFunction(node, checker));
    const name = nameGivenBy(node);
    if (name !== undefined) faults.push(...faultsOfName(name, node));
  });
  return faults;
};

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  // Only what the repository declares counts.
  noLib: true,
  types: [],
};

/** What is wrong, with each cell of `lib/session`: the allowance limits their number. */
export function findings(root: string): Finding[] {
  const paths = FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  const program = ts.createProgram(paths.sort(), OPTIONS);
  const checker = program.getTypeChecker();
  return program
    .getSourceFiles()
    .filter(({ fileName }) => paths.includes(fileName))
    .flatMap((source) => {
      const path = relative(root, source.fileName);
      const folder = FOLDERS.find((each) => path.startsWith(`${each}/`)) ?? '';
      return faultsOfFile(source, checker)
        .filter(({ rule }) => rule !== 'cells' || folder === SESSION)
        .map(({ rule, node, text }) => {
          const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
          return { folder, rule, path, line: line + 1, text };
        });
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = findings(ROOT);
  process.stdout.write(`${SESSION} keeps ${all.filter(({ rule }) => rule === 'cells').length} cells\n`);
  judge(all, 'lint/structure-allowance.json');
}
