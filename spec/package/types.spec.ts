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
    for (const name of ['usage.ts', 'usage.mts', 'usage.cts']) {
      await cp(join(root, 'spec/package/consumer/usage.ts'), join(consumer, name));
    }
  });

  it.each([
    ['a module', 'usage.ts', 'bundler', bundler],
    ['an ES module', 'usage.mts', 'node16', node16],
    ['a CommonJS module', 'usage.cts', 'node16', node16],
  ])('compile in %s (%s) under %s, declarations included', (_kind, file, _resolution, options) => {
    expect(complaints(file, { ...options, skipLibCheck: false })).toBe('');
  });
});
