// The API report: the public declarations of each entry in `api/`, sorted and without comments, so that a changed
// signature shows in a diff. `npm run api` builds and writes it; `npm run package` compares it with what was built.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each entry of the package: its report, and the declarations that were built. */
export const ENTRIES = [
  { report: 'api/renewal.d.ts', built: 'dist/index.d.ts' },
  { report: 'api/devtools.d.ts', built: 'dist/devtools.d.ts' },
  { report: 'api/stream.d.ts', built: 'dist/stream.d.ts' },
  { report: 'api/redis.d.ts', built: 'dist/redis.d.ts' },
  { report: 'api/testing.d.ts', built: 'dist/testing.d.ts' },
  { report: 'api/node.d.ts', built: 'dist/node.d.ts' },
  { report: 'api/angular.d.ts', built: 'dist/angular.d.ts' },
] as const;

const HEADER = '// The public declarations. `npm run api` writes this file: do not edit it.';

const printer = ts.createPrinter({ removeComments: true });

const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

const nameOf = (statement: ts.Statement): string => {
  if (ts.isVariableStatement(statement)) {
    const [declaration, another] = statement.declarationList.declarations;
    if (declaration && !another) return declaration.name.getText();
  } else if (
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  ) {
    if (statement.name) return statement.name.text;
  }
  throw new Error(`expected one declaration with a name: ${statement.getText()}`);
};

const importOf = (statement: ts.ImportDeclaration): { from: string; text: string } => {
  const from = statement.moduleSpecifier.getText().slice(1, -1);
  // The bundler puts declarations that entries share into a file whose name is a hash.
  if (from.startsWith('.')) throw new Error(`expected declarations in one file: ${statement.getText()}`);
  const bindings = statement.importClause?.namedBindings;
  if (!bindings || !ts.isNamedImports(bindings)) throw new Error(`expected named imports: ${statement.getText()}`);
  const names = bindings.elements.map((element) => element.getText()).sort(byCodeUnits);
  return { from, text: `import type { ${names.join(', ')} } from '${from}';` };
};

/**
 * The report on a bundled file of declarations. Declarations that are not exported stay, as signatures name them.
 * Members keep their order; `#private` stays too, as it makes a class nominal.
 */
export function reportOf(declarations: string): string {
  const source = ts.createSourceFile('index.d.ts', declarations, ts.ScriptTarget.Latest, true);
  const imports: { from: string; text: string }[] = [];
  const exported = new Set<string>();
  const named: { name: string; text: string }[] = [];
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) imports.push(importOf(statement));
    else if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      if (statement.moduleSpecifier || !clause || !ts.isNamedExports(clause))
        throw new Error(`expected a list of exports: ${statement.getText()}`);
      for (const { propertyName, name } of clause.elements) {
        if (propertyName) throw new Error(`expected an export under its own name: ${statement.getText()}`);
        exported.add(name.text);
      }
    } else {
      const text = printer.printNode(ts.EmitHint.Unspecified, statement, source);
      named.push({ name: nameOf(statement), text });
    }
  }
  // Overloads keep their order, as sorting is stable.
  const sorted = named.sort((one, other) => byCodeUnits(one.name, other.name));
  const printed = sorted.map(({ name, text }) => (exported.has(name) ? `export ${text}` : text));
  const imported = imports.sort((one, other) => byCodeUnits(one.from, other.from)).map(({ text }) => text);
  // Without `export {}`, TypeScript takes every declaration of such a file for an exported one.
  return [`${HEADER}\n${imported.join('\n')}`, ...printed, 'export {};\n'].join('\n\n');
}

/** Lays a report out as the rest of the repository, so that a long signature takes a line for each parameter. */
export function format(report: string): string {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'format', '--stdin-file-path=report.d.ts'];
  return execFileSync(process.execPath, args, { cwd: root, input: report, encoding: 'utf8' });
}

/** The report on what was built for an entry. */
export async function builtReport({ built }: { readonly built: string }): Promise<string> {
  return format(reportOf(await readFile(join(root, built), 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const entry of ENTRIES) await writeFile(join(root, entry.report), await builtReport(entry));
}
