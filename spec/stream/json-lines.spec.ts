import { describe, expect, it } from 'vitest';
import { createLineParser } from '../../lib/stream/json-lines';
import { MAX_CHARACTERS } from '../../lib/stream/lines';
import { cutsOf, parseAll, utf8 } from './support';

const toError = () => new RangeError('too long');
const linesOf = (parts: readonly Uint8Array[]) => parseAll(createLineParser(toError), parts).map(({ data }) => data);

describe('lines of JSON', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['LF', '1\n2\n', ['1', '2']],
    ['CR LF', '1\r\n2\r\n', ['1', '2']],
    ['a last line without an end', '1\n2', ['1', '2']],
    ['a last line that ends in CR', '1\n2\r', ['1', '2']],
    ['blank lines', '\n1\n\n \t\r\n\r\n2\n\n  ', ['1', '2']],
    ['a BOM', '\u{feff}1\n2\n', ['1', '2']],
    ['CR in a line, which is white space of JSON', '[1,\r2]\n', ['[1,\r2]']],
    ['separators that JSON allows', '"\u{2028}\u{85}"\n', ['"\u{2028}\u{85}"']],
    [
      'characters of several bytes',
      '"\u{e9}\u{2026}\u{1f600}"\n"\u{1f600}"',
      ['"\u{e9}\u{2026}\u{1f600}"', '"\u{1f600}"'],
    ],
  ])('are, however the bytes are cut: %s', (_what, input, lines) => {
    for (const parts of cutsOf(utf8(input))) expect(linesOf(parts)).toEqual(lines);
  });

  it('show that the last character is cut off', () => {
    expect(linesOf([utf8('"\u{2026}').subarray(0, 3)])).toEqual(['"\u{fffd}']);
  });

  it('have a limit', () => {
    const half = utf8('1'.repeat(MAX_CHARACTERS / 2));
    expect(linesOf([half, half])[0]).toHaveLength(MAX_CHARACTERS);
    expect(() => linesOf([half, half, utf8('1')])).toThrow('too long');
  });
});
