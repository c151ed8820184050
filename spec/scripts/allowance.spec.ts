import { describe, expect, it } from 'vitest';
import { excess, shrink } from '../../scripts/allowance';

const found = (length: number) =>
  Array.from({ length }, () => ({ folder: 'lib', rule: 'columns', path: 'lib/a.ts', line: 1, text: 'is long' }));

describe('an allowance', () => {
  it('fails for more findings than it has, and only then', () => {
    expect(excess(found(2), { lib: { columns: 2 } })).toEqual([]);
    expect(excess(found(1), { lib: { columns: 2 } })).toEqual([]);
    expect(excess(found(1), { lib: { titles: 2 } })).toEqual([
      'lib, columns: 1 found, 0 allowed',
      '  lib/a.ts:1 is long',
    ]);
  });

  it('shows 20 findings and the number of the others', () => {
    const lines = excess(found(23), {});
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  and 3 more, shown by --list');
  });

  it('shrinks to what is left, and never grows', () => {
    const allowance = { lib: { columns: 3, titles: 1 }, spec: { titles: 1 } };
    expect(shrink(found(2), allowance)).toEqual({ lib: { columns: 2 } });
    expect(shrink(found(4), allowance)).toEqual({ lib: { columns: 3 } });
  });
});
