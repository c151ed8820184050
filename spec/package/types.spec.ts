import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { root } from './support/run';

const consumer = inject('consumer');

const strict: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
};

function complaints(file: string, options: ts.CompilerOptions): string {
  const program = ts.createProgram([join(consumer, file)], { ...strict, ...options });
  const host = { getCanonicalFileName: String, getCurrentDirectory: () => consumer, getNewLine: () => '\n' };
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host);
}

const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
const node16 = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 };

describe('the types of the package', () => {
  beforeAll(async () => {
    const from = (name: string) => join(root, 'spec/package/consumer', name);
    for (const kind of ['ts', 'mts', 'cts']) {
      for (const name of ['usage', 'usage-node']) await cp(from(`${name}.ts`), join(consumer, `${name}.${kind}`));
    }
    await cp(from('usage-dom.ts'), join(consumer, 'usage-dom.ts'));
  });

  it.each([
    ['bundler', 'usage-node.ts', bundler],
    ['node16', 'usage-node.mts', node16],
    ['node16', 'usage-node.cts', node16],
  ])('compile without lib.dom, declarations included (%s, %s)', (_resolution, file, options) => {
    const types = { lib: ['lib.es2022.d.ts'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
    expect(complaints(file, { ...options, ...types, skipLibCheck: false })).toBe('');
  });

  it('use the types of the platform if lib.dom is present', () => {
    const failures = complaints('usage-dom.ts', { ...bundler, skipLibCheck: false });
    expect(failures).toBe('');
  });

  it.each([
    ['a module', 'usage.ts', 'bundler', bundler],
    ['an ES module', 'usage.mts', 'node16', node16],
    ['a CommonJS module', 'usage.cts', 'node16', node16],
  ])('compile in %s (%s) under %s, declarations included', (_kind, file, _resolution, options) => {
    expect(complaints(file, { ...options, skipLibCheck: false })).toBe('');
  });
});
